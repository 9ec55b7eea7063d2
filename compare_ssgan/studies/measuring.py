"""Measuring the checkpoints of a run, which may be over or still in training."""

import functools
import pathlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.evaluation import sampling
from compare_ssgan.evaluation.evaluate import Measurement, evaluate
from compare_ssgan.evaluation.metric import Metric
from compare_ssgan.studies import experiment
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training import checkpoints
from compare_ssgan.training.loop import Schedule

# What may be changed of a run without its being another run.
SETTABLE = ("roots.evaluate", "metrics", "features")

_PAUSE_SECONDS = 0.5

# Step, full name of the metric, evaluation seed.
Key = tuple[int, str, int]


class Options(NamedTuple):
    """How to measure.

    Attributes:
        metrics: Names of components of the group metrics; None for those of the
            run's configuration.
        settings: Lines of gin that override the run's configuration; of `SETTABLE`.
        seeds: Evaluation seeds; None for that of the configuration.
    """

    metrics: tuple[str, ...] | None = None
    settings: tuple[str, ...] = ()
    seeds: tuple[int, ...] | None = None


class Values(NamedTuple):
    """What was measured of a checkpoint with one evaluation seed.

    Attributes:
        step: Generator step.
        eval_seed: Evaluation seed.
        values: By full name of the metric.
        num_known: Number of those that were on record.
    """

    step: int
    eval_seed: int
    values: dict[str, float]
    num_known: int


class UnreadError(InputError):
    """A setting without effect, in whichever run."""


class MissedError(CommandError):
    """A checkpoint that its training removed before it could be read."""


class Measuring:
    """One run, built once; its sampler stays the same from checkpoint to checkpoint.

    Attributes:
        components: Names of the metrics that are measured.
        seeds: Evaluation seeds.
    """

    def __init__(
        self,
        record: Record,
        options: Options,
        impossible: Callable[[str, InputError], None],
    ) -> None:
        """Builds the run and finds out what the metrics are called.

        Args:
            record: Of the run, whose config.gin becomes the current configuration.
            options: How to measure.
            impossible: Called with the name of a metric that the run cannot have,
                and the reason; may raise it.

        Raises:
            InputError: If the run's data are not those found now, or something is
                wrong with the configuration.
            UnreadError: If a setting has no effect.
            CommandError: If a checkpoint does not fit.
        """
        self._record = record
        _load(record, options)
        with config.construction():
            built = experiment.run()
        splits = ("train", "test")
        record.check_data({s: built.dataset.split(s).content_hash for s in splits})
        self._built = built
        self._sampler = Sampler(built.game, built.averaged_generator)
        self._sampler.check(sampling.configured())
        self._checkpoint = tf.train.Checkpoint(**built.parts)
        self.seeds = options.seeds or (config.query("evaluate.eval_seed", 0),)
        # A seed of the configuration is read, so that it is known to have an effect.
        seed = self.seeds[0] if options.seeds else None
        self._metrics: list[tuple[Metric, list[str]]] = []
        self.components: list[str] = []
        for reference in _references(options):
            metric: Metric = config.make(reference)
            try:
                found = self._evaluate([metric], seed, diverged=True)
                self._metrics.append((metric, [each.metric for each in found]))
                self.components.append(_name(reference))
            except InputError as error:
                impossible(_name(reference), error)
        if self._metrics:
            _check_settings_are_read(options)

    @property
    def schedule(self) -> Schedule:
        """When the training saves checkpoints."""
        return self._built.schedule

    def measure(self, step: int) -> Iterator[Values]:
        """Measures what is missing of a checkpoint, and records it.

        Yields:
            All values asked for, with each evaluation seed.

        Raises:
            MissedError: If the checkpoint was removed.
            CommandError: If it cannot be read.
        """
        known = self._known()
        missing = {
            seed: [
                metric
                for metric, names in self._metrics
                if any((step, name, seed) not in known for name in names)
            ]
            for seed in self.seeds
        }
        if any(missing.values()):
            self._restore(step)
        for seed, metrics in missing.items():
            yield self._values(step, seed, known, self._measured(metrics, seed))

    def diverged(self, step: int) -> Iterator[Values]:
        """Records that there is nothing to measure at the step of a divergence.

        Yields:
            As `measure` does.
        """
        known, nan = self._known(), float("nan")
        for seed in self.seeds:
            missing = [n for n in self._names() if (step, n, seed) not in known]
            found = [Measurement(name, nan, seed) for name in missing]
            yield self._values(step, seed, known, found)

    def _names(self) -> list[str]:
        return [name for _, names in self._metrics for name in names]

    def _known(self) -> dict[Key, float]:
        rows = [*self._record.evaluations(), *self._record.measurements()]
        # Rows of a version without evaluation seeds are of the only one there was.
        return {
            (row["step"], row["metric"], row.get("eval_seed", 0)): row["value"]
            for row in rows
        }

    def _values(
        self, step: int, seed: int, known: dict[Key, float], found: list[Measurement]
    ) -> Values:
        """Records what was found, and adds what is known."""
        built = self._built
        per_step = built.batch_size * built.discriminator_steps
        new = {
            each.metric: float(each.value)
            for each in found
            if (step, each.metric, seed) not in known
        }
        if new:
            self._record.add_evaluations(
                {
                    "step": step,
                    "metric": name,
                    "value": value,
                    "images_seen": step * per_step,
                    "eval_seed": seed,
                }
                for name, value in new.items()
            )
        values = {
            name: new[name] if name in new else known[step, name, seed]
            for name in self._names()
        }
        return Values(step, seed, values, len(values) - len(new))

    def _measured(self, metrics: Sequence[Metric], seed: int) -> list[Measurement]:
        return self._evaluate(metrics, seed) if metrics else []

    def _evaluate(
        self, metrics: Sequence[Metric], seed: int | None, diverged: bool = False
    ) -> list[Measurement]:
        call = functools.partial(evaluate, self._sampler, self._built.dataset)
        if seed is not None:
            call = functools.partial(call, eval_seed=seed)
        try:
            return call(metrics=metrics, diverged=diverged)
        except InputError:
            # Takes away what gin adds to the message.
            with config.construction():
                raise

    def _restore(self, step: int) -> None:
        path = checkpoints.checkpoint_path(self._record.checkpoints, step)
        folder = self._record.evaluating / "checkpoint"
        try:
            with checkpoints.linked(path, folder) as held:
                if not _is_readable(held):
                    raise CommandError(f"The checkpoint {path} is damaged.")
                checkpoints.restore_all(self._checkpoint, held)
        except FileNotFoundError as error:
            raise MissedError(
                f"The checkpoint of step {step:,} was removed by the training before "
                "it could be read. Let the run keep more of them, or measure less."
            ) from error


def _is_readable(path: pathlib.Path) -> bool:
    if checkpoints.is_readable(path):
        return True
    # It may just be in the making.
    time.sleep(_PAUSE_SECONDS)
    return checkpoints.is_readable(path)


@contextmanager
def temporaries(record: Record) -> Iterator[None]:
    """Returns a context after which nothing temporary is left in a run's directory."""
    try:
        yield
    finally:
        shutil.rmtree(record.evaluating, ignore_errors=True)


def _load(record: Record, options: Options) -> None:
    """Makes the run's configuration, with what overrides it, the current one."""
    path = record.read_config()
    lines = path.read_text(encoding="utf-8").splitlines()
    begun = record.read().get("config_digest")
    if begun is not None and config.digest(lines) != begun:
        raise InputError(
            f"{path} was edited after the run was begun. Undo that: evaluations with "
            "other settings are asked for by --set."
        )
    config.load([str(path.resolve())], options.settings, SETTABLE)
    config.check_values()


def _references(options: Options) -> list[str]:
    """Returns the metrics as gin refers to them; each is evaluated by itself."""
    configured = config.take("evaluate.metrics")
    if options.metrics is None:
        return list(configured)
    return [f"@metrics.{name}()" for name in options.metrics]


def _name(reference: str) -> str:
    return reference.removeprefix("@").removesuffix("()").removeprefix("metrics.")


def _check_settings_are_read(options: Options) -> None:
    # It was taken from the configuration.
    read = () if options.metrics is not None else ("evaluate.metrics ",)
    unread = [each for each in config.unread_bindings() if not each.startswith(read)]
    if unread:
        raise UnreadError(
            "These settings have no effect, since nothing that is measured reads "
            f"them: {', '.join(unread)}. Remove them."
        )
