"""One training step on several accelerators: strategies by name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import tensorflow as tf

from compare_ssgan.errors import InputError, PreemptedError
from compare_ssgan.layers import replicas
from compare_ssgan.training import cluster
from compare_ssgan.training.cluster import ONLY_PROCESS, Place

Function = TypeVar("Function", bound=Callable[..., Any])

# How many devices to make of a machine's processors, to try strategies without others.
VIRTUAL_DEVICES = "COMPARE_SSGAN_VIRTUAL_DEVICES"

# What TensorFlow raises where a process that takes part is gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


class Team:
    """The accelerators that a run is spread over, of this process and of others.

    Attributes:
        name: What --strategy says.
        strategy: The `tf.distribute` strategy; None where there is one accelerator.
        place: Of this process among those of the run.
    """

    def __init__(
        self,
        name: str = "none",
        strategy: tf.distribute.Strategy | None = None,
        place: Place = ONLY_PROCESS,
    ) -> None:
        self.name, self.strategy, self.place = name, strategy, place

        @tf.function(autograph=False)
        def total(value: tf.Tensor) -> tf.Tensor:
            assert strategy is not None
            # What is not computed in a replica is on no device.
            sums = strategy.run(lambda: replicas.total(tf.identity(value)))
            return strategy.experimental_local_results(sums)[0]

        self._total = total

    @property
    def num_replicas(self) -> int:
        """Number of accelerators."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

    @property
    def is_chief(self) -> bool:
        """Whether this process keeps the record, saves and evaluates."""
        return self.place.worker == 0

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Returns a context in which variables are made, one copy per replica.

        Copies start equal and every replica changes its own in the same way: all that
        their values depend on, gradients and statistics of a batch, is averaged before.
        """
        if self.strategy is None:
            yield
            return
        with self.strategy.scope(), tf.variable_creator_scope(_copied):
            yield

    def any(self, value: bool) -> bool:
        """Whether it is true in any process; all processes have to ask."""
        return self._sum(int(value)) > 0

    def from_chief(self, value: int = 0) -> int:
        """Returns the chief's value; all processes have to ask, and wait for it."""
        return self._sum(value if self.is_chief else 0)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Returns a context for what cannot go on without the other processes.

        Raises:
            PreemptedError: If one of them is gone.
        """
        try:
            yield
        except _LOST as error:
            if self.place.num_workers == 1:
                raise
            reason = str(error).strip().partition("\n")[0]
            raise PreemptedError(
                f"Worker {self.place.worker} cannot go on: another of the "
                f"{self.place.num_workers} workers has ended or does not answer. Start "
                "all of them again to go on from the last checkpoint. "
                f"({reason})"
            ) from error

    def _sum(self, value: int) -> int:
        if self.place.num_workers == 1:
            return value
        number = self._total(tf.constant(value, tf.int64))
        return int(number) * self.place.num_workers // self.num_replicas


ALONE = Team()


def make(name: str) -> Team:
    """Returns the accelerators of a strategy; call it before TensorFlow computes.

    Args:
        name: "none" for TensorFlow's choice of one device; "mirrored" for all GPUs of
            this machine; "multiworker" for all processes of `cluster.place` with all
            GPUs that they see; "tpu" for the TPU that TensorFlow finds.

    Raises:
        InputError: If there is not what the strategy needs.
    """
    if name == "mirrored":
        return Team(name, _mirrored())
    if name == "multiworker":
        return _multiworker()
    if name == "tpu":
        return Team(name, _tpu())
    assert name == "none", name
    return ALONE


def replicated(function: Function) -> Function:
    """Returns a function that all replicas of the current strategy compute together.

    Args:
        function: Of structures of tensors whose rows are examples: it gets a replica's
            share of them. What it returns is equal on all replicas; effects on
            variables are on a replica's own copies.
    """
    if replicas.count() == 1:
        return function
    strategy = tf.distribute.get_strategy()

    def on_share(*whole: Any) -> Any:
        share = tf.nest.map_structure(
            lambda x: None if x is None else replicas.local_rows(x), whole
        )
        return function(*share)

    def run(*whole: Any) -> Any:
        return tf.nest.map_structure(
            lambda x: strategy.experimental_local_results(x)[0],
            strategy.run(on_share, whole),
        )

    return run  # type: ignore[return-value]


def _copied(make_variable: Callable[..., Any], **options: Any) -> Any:
    """Makes a variable that replicas may assign to without asking the others."""
    # None, the default, means True.
    if options.get("trainable") is False:
        options["synchronization"] = tf.VariableSynchronization.ON_READ
        options["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return make_variable(**options)


def _mirrored() -> tf.distribute.Strategy:
    _make_virtual_devices()
    gpus = tf.config.list_logical_devices("GPU")
    devices = [device.name for device in gpus or tf.config.list_logical_devices("CPU")]
    if len(devices) == 1:
        raise InputError(
            "--strategy mirrored spreads a run over the GPUs of this machine, but "
            f"TensorFlow finds {len(gpus) or 'none'} of them. Remove --strategy."
        )
    return tf.distribute.MirroredStrategy(devices)


def _multiworker() -> Team:
    found = cluster.place()
    # Some of its messages are for TensorFlow's developers.
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    if strategy.num_replicas_in_sync % found.num_workers:
        raise InputError(
            f"The {found.num_workers} workers see {strategy.num_replicas_in_sync} GPUs "
            "together; --strategy multiworker needs the same number for each."
        )
    return Team("multiworker", strategy, found)


def _tpu() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"--strategy tpu finds no TPU: {reason} Remove --strategy, or choose "
            "another."
        ) from error
    return tf.distribute.TPUStrategy(resolver)


def _make_virtual_devices() -> None:
    number = os.environ.get(VIRTUAL_DEVICES)
    if number is None:
        return
    if not number.isascii() or not number.isdigit() or int(number) < 1:
        raise InputError(
            f"The environment variable {VIRTUAL_DEVICES} must be a whole number from 1 "
            f"on, not '{number}'."
        )
    devices = [tf.config.LogicalDeviceConfiguration()] * int(number)
    (processors,) = tf.config.list_physical_devices("CPU")
    tf.config.set_visible_devices(processors)
    tf.config.set_logical_device_configuration(processors, devices)
