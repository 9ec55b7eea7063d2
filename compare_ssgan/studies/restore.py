"""A trained run as something that samples."""

import pathlib
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.evaluation.sampling import Sampling, configured
from compare_ssgan.studies import experiment, spec
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training import checkpoints

# Of latents; "run" for that of the run's evaluations.
Truncation = float | None | Literal["run"]

_PLAIN = Sampling()


class Restored(NamedTuple):
    """What a run's directory holds.

    Attributes:
        game: The players, as trained.
        sampler: Generates with the moving average, where the run keeps one.
        step: Generator step of the checkpoint.
        sampling: How the run's evaluations draw images.
    """

    game: Any
    sampler: Sampler
    step: int
    sampling: Sampling = _PLAIN

    def truncated(self, truncation: Truncation) -> Sampling:
        """Returns how evaluations draw images, but for the truncation of latents.

        Raises:
            InputError: If the latents cannot be truncated.
        """
        sampling = self.sampling
        if truncation != "run":
            sampling = sampling._replace(truncation=truncation)
        self.sampler.check(sampling)
        return sampling


class _Size(NamedTuple):
    """Stands for a split of which only the size is asked."""

    num_examples: int


class _Shape(NamedTuple):
    """Stands for the dataset, which sampling does not need."""

    name: str
    image_shape: tuple[int, ...]
    num_classes: int
    train: _Size


def load_game(run_dir: pathlib.Path, step: int | None = None) -> Restored:
    """Returns the game of a run with the weights of a checkpoint.

    The run's own config.gin becomes the current configuration. The dataset is not
    loaded.

    Args:
        run_dir: The run's directory.
        step: Generator step of the checkpoint; None for the newest readable one.

    Raises:
        InputError: If the directory holds no run, a run without checkpoints, or none of
            that step.
        CommandError: If no checkpoint can be read.
    """
    record = Record(run_dir)
    if not record.exists:
        raise InputError(
            f"{run_dir} is not the directory of a run: it has no run.json. The runs of "
            "a study are in its folder runs."
        )
    steps = checkpoints.saved_steps(record.checkpoints)
    if not steps:
        raise InputError(
            f"{run_dir} has no checkpoint to sample from (records are kept without "
            "them in version control). Do the run again."
        )
    if step is not None and step not in steps:
        raise InputError(
            f"{run_dir} has no checkpoint of step {step}. There are: "
            f"{', '.join(map(str, steps))}."
        )
    run = record.read()
    spec.import_roots()
    config.load([str(record.read_config().resolve())])
    shape, classes = tuple(run["image_shape"]), run["num_classes"]
    stand_in = _Shape(run["dataset"], shape, classes, _Size(run["batch_size"]))
    with config.construction():
        # Its numbers are those that the run had after its transforms.
        built = experiment.run(stand_in, transforms=())
    candidates = steps if step is None else [step]
    step = _newest_readable(record.checkpoints, candidates)
    path = checkpoints.checkpoint_path(record.checkpoints, step)
    checkpoints.restore_all(tf.train.Checkpoint(**built.parts), path)
    sampler = Sampler(built.game, built.averaged_generator)
    return Restored(built.game, sampler, step, configured())


def _newest_readable(directory: pathlib.Path, steps: list[int]) -> int:
    for step in reversed(steps):
        if checkpoints.is_readable(checkpoints.checkpoint_path(directory, step)):
            return step
    raise CommandError(f"None of the checkpoints in {directory} can be read.")
