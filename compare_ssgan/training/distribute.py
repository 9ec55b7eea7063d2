"""One training step on several accelerators: strategies by name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.layers import replicas

Function = TypeVar("Function", bound=Callable[..., Any])

# How many devices to make of a machine's processors, to try strategies without others.
VIRTUAL_DEVICES = "COMPARE_SSGAN_VIRTUAL_DEVICES"


class Team:
    """The accelerators that a run is spread over.

    Attributes:
        name: What --strategy says.
        strategy: The `tf.distribute` strategy; None where there is one accelerator.
    """

    def __init__(
        self, name: str = "none", strategy: tf.distribute.Strategy | None = None
    ) -> None:
        self.name, self.strategy = name, strategy

    @property
    def num_replicas(self) -> int:
        """Number of accelerators."""
        return 1 if self.strategy is None else self.strategy.num_replicas_in_sync

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


ALONE = Team()


def make(name: str) -> Team:
    """Returns the accelerators of a strategy; call it before TensorFlow computes.

    Args:
        name: "none" for TensorFlow's choice of one device; "mirrored" for all GPUs of
            this machine.

    Raises:
        InputError: If this machine has not what the strategy needs.
    """
    if name == "mirrored":
        return Team(name, _mirrored())
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
