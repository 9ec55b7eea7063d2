"""Checkpoints from which a training goes on bit for bit."""

import os
import pathlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from absl import logging

from compare_ssgan.errors import CommandError

KEEP_CHECKPOINTS = 3
_INDEX = re.compile(r"ckpt-(\d+)\.index")
# What TensorFlow raises on a truncated or damaged file; IndexError is its
# translation of "out of range".
_UNREADABLE = (tf.errors.OpError, IndexError)


class Checkpoints:
    """The checkpoints of a run, named by generator step."""

    def __init__(
        self,
        directory: pathlib.Path,
        parts: dict[str, Any],
        max_to_keep: int | None = KEEP_CHECKPOINTS,
    ) -> None:
        """Prepares saving and restoring.

        Args:
            directory: Where the checkpoints are.
            parts: What a training consists of, by name; all variables must exist.
            max_to_keep: Older checkpoints are removed; None to keep all.
        """
        self._directory, self._max_to_keep = directory, max_to_keep
        self._checkpoint = tf.train.Checkpoint(**parts)
        self._manager: Any = None

    def save(self, step: int) -> None:
        """Saves the state after generator step `step`."""
        if self._manager is None:
            self._manager = tf.train.CheckpointManager(
                self._checkpoint, str(self._directory), self._max_to_keep
            )
        self._manager.save(checkpoint_number=step)

    def restore(self) -> int | None:
        """Restores the newest readable checkpoint and forgets those after it.

        Returns:
            Its generator step, or None if there are no checkpoints.

        Raises:
            CommandError: If there are checkpoints but none can be used.
        """
        steps = saved_steps(self._directory)
        for step in reversed(steps):
            path = checkpoint_path(self._directory, step)
            if is_readable(path):
                restore_all(self._checkpoint, path)
                self._forget_after(step)
                return step
            logging.warning(
                f"The checkpoint {path} is damaged; going back to the one before it."
            )
        if steps:
            raise CommandError(
                f"None of the {len(steps)} checkpoints in {self._directory} can be "
                "read. Remove the run's directory to begin again."
            )
        return None

    def read(self, step: int) -> None:
        """Restores the checkpoint of a generator step; removes nothing.

        Raises:
            CommandError: If it does not fit.
        """
        restore_all(self._checkpoint, checkpoint_path(self._directory, step))

    def _forget_after(self, step: int) -> None:
        """Makes `step` the newest checkpoint for TensorFlow's manager too."""
        for path in self._directory.iterdir():
            match = re.match(r"ckpt-(\d+)", path.name)
            if path.is_dir():
                # What a killed process left of a save.
                shutil.rmtree(path)
            elif match and int(match[1]) > step:
                path.unlink()
        # The list that TensorFlow's manager reads when it is made.
        kept = [f"ckpt-{number}" for number in saved_steps(self._directory)]
        lines = [f'model_checkpoint_path: "{kept[-1]}"']
        for name in kept:
            saved = (self._directory / f"{name}.index").stat().st_mtime
            lines.append(f'all_model_checkpoint_paths: "{name}"')
            lines.append(f"all_model_checkpoint_timestamps: {saved}")
        temporary = self._directory / ".checkpoint.tmp"
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        os.replace(temporary, self._directory / "checkpoint")


def saved_steps(directory: pathlib.Path) -> list[int]:
    """Returns the generator steps of the checkpoints in a directory, ascending.

    It looks at the files rather than at TensorFlow's list of them: a process may be
    killed between writing the one and the other.
    """
    if not directory.is_dir():
        return []
    matches = (_INDEX.fullmatch(path.name) for path in directory.iterdir())
    return sorted(int(match[1]) for match in matches if match)


def checkpoint_path(directory: pathlib.Path, step: int) -> pathlib.Path:
    """Returns the prefix of the files of the checkpoint of a generator step."""
    return directory / f"ckpt-{step}"


def is_readable(path: pathlib.Path) -> bool:
    """Whether every tensor of a checkpoint can be read and has the right checksum."""
    try:
        reader = tf.train.load_checkpoint(str(path))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except _UNREADABLE:
        return False
    return True


@contextmanager
def linked(path: pathlib.Path, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Returns a context with a checkpoint that its training cannot remove.

    Its value stands for `path` within the context.

    Args:
        path: As `checkpoint_path` returns it.
        folder: For links to its files: on the same file system, and of nobody else.

    Raises:
        FileNotFoundError: If it was removed before.
    """
    # A killed process may have left it.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        # The index comes last, and is what is removed first.
        names = sorted(each.name for each in path.parent.glob(f"{path.name}.*"))
        for name in names:
            _link(path.parent / name, folder / name)
        if f"{path.name}.index" not in names:
            raise FileNotFoundError(f"There is no checkpoint {path}.")
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restore_all(checkpoint: tf.train.Checkpoint, path: pathlib.Path) -> None:
    """Restores every variable of `checkpoint`.

    Raises:
        CommandError: If the file lacks one of them or has it in another shape.
    """
    try:
        checkpoint.restore(str(path)).assert_existing_objects_matched()
    except (AssertionError, ValueError) as error:
        # The values of the variables would follow.
        reason = str(error).splitlines()[0].partition(" Showing ")[0]
        raise CommandError(
            f"The checkpoint {path} does not fit this version's networks: {reason}"
        ) from error


def _link(source: pathlib.Path, target: pathlib.Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        # Not every file system has links.
        shutil.copyfile(source, target)
