"""Another library's times for the same work, and the ratios to ours."""

import json
import math
import pathlib
import shlex
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from compare_ssgan.errors import CommandError, InputError

SECONDS = (
    "discriminator_step_seconds",
    "generator_step_seconds",
    "iteration_seconds",
)
_LABELS = ("library", "torch", "model")

Times = Mapping[str, Any]


def read(path: pathlib.Path) -> list[Times]:
    """Returns the lines of a file of JSON lines.

    Raises:
        InputError: If the file cannot be read or a line lacks a time.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--rival {path} cannot be read: {error}.") from error
    return parse(text.splitlines(), f"--rival {path}")


def run(command: str) -> list[Times]:
    """Runs a command and returns the JSON lines it prints; others are passed over.

    Raises:
        InputError: If the command is not there, or prints no times.
        CommandError: If it fails.
    """
    try:
        done = subprocess.run(split(command), capture_output=True, text=True)
    except OSError as error:
        raise InputError(f"--rival_command {command!r} cannot run: {error}.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CommandError(
            f"--rival_command {command!r} failed with exit code {done.returncode}: "
            f"{last}"
        )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return parse(lines, f"--rival_command {command!r}")


def split(command: str) -> list[str]:
    """Returns the words of a command, as a shell would split them.

    Raises:
        InputError: If there are none, or a quotation is left open.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(
            f"--rival_command {command!r} is no command: {error}."
        ) from error
    if not words:
        raise InputError("--rival_command is empty.")
    return words


def parse(lines: Sequence[str], source: str) -> list[Times]:
    """Returns the times of JSON lines; empty lines are passed over.

    Args:
        lines: The lines.
        source: Where they are from, for messages.

    Raises:
        InputError: If there is none, or a line lacks a time.
    """
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{source}, line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{place} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise InputError(f"{place} is not a JSON object.")
        for name in (*SECONDS, "discriminator_steps"):
            if not _is_positive(row.get(name)):
                raise InputError(
                    f"{place} needs a positive number {name}, not {row.get(name)!r}."
                )
        found.append(row)
    if not found:
        raise InputError(f"{source} holds no line of times.")
    return found


def check(rows: Sequence[Times], ours: Mapping[str, Any]) -> None:
    """Refuses to compare different amounts of work.

    Args:
        rows: The rival's lines.
        ours: Our settings: batch_size, threads.

    Raises:
        InputError: If a line says that one of them differs.
    """
    for row in rows:
        for name, value in ours.items():
            if row.get(name, value) != value:
                raise InputError(
                    f"The rival was timed with {name} = {row[name]}, this step with "
                    f"{value}: their ratio would mean nothing. Time the rival again."
                )


def with_steps(rows: Sequence[Times], discriminator_steps: int) -> list[Times]:
    """Returns lines for iterations of a number of discriminator steps.

    Args:
        rows: The rival's lines. Where an iteration of theirs has another number of
            discriminator steps, its time is put together from those of the steps.
        discriminator_steps: That number.
    """
    return [
        row
        if row["discriminator_steps"] == discriminator_steps
        else {
            **row,
            "discriminator_steps": discriminator_steps,
            "iteration_seconds": discriminator_steps * row[SECONDS[0]]
            + row[SECONDS[1]],
        }
        for row in rows
    ]


def compare(
    ours: Times, rows: Sequence[Times], rounds: Sequence[tuple[float, Sequence[Times]]]
) -> dict[str, Any]:
    """Returns by how much the rival takes longer.

    Args:
        ours: Our times, medians.
        rows: The rival's lines.
        rounds: Seconds of our iteration and the rival's lines, measured right after
            one another; may be empty.

    Returns:
        "labels" of the rival; its median "seconds"; "ratio" of the medians of
        iterations, "discriminator_step_ratio" and "generator_step_ratio"; and
        "round_ratios" of the iterations of every round.
    """
    medians = {name: _median(rows, name) for name in SECONDS}
    last = "iteration_seconds"
    return {
        "labels": {name: rows[0][name] for name in _LABELS if name in rows[0]},
        "seconds": medians,
        "ratio": medians[last] / ours[last],
        **{
            f"{player}_step_ratio": medians[name] / ours[name]
            for player, name in zip(
                ("discriminator", "generator"), SECONDS[:2], strict=True
            )
        },
        "round_ratios": [_median(theirs, last) / seconds for seconds, theirs in rounds],
    }


def _median(rows: Sequence[Times], name: str) -> float:
    return statistics.median(row[name] for row in rows)


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and value > 0 and math.isfinite(value)
