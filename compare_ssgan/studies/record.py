"""The record of a run: the files that analysis reads and a resumed run continues."""

import datetime
import itertools
import os
import pathlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare_ssgan.errors import InputError
from compare_ssgan.studies import files

SCHEMA = 1


class Record:
    """The files in a run's directory.

    What ends up in metrics.jsonl and train.jsonl is a function of the configuration
    alone; time and place go to timing.jsonl, attempts.jsonl and run.json.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.checkpoints = directory / "checkpoints"
        self.samples = directory / "samples"
        self.figures = directory / "figures"
        self._run = directory / "run.json"
        self._config = directory / "config.gin"
        self._done = directory / "DONE"
        self._train = directory / "train.jsonl"
        self._metrics = directory / "metrics.jsonl"
        self._timing = directory / "timing.jsonl"
        self._attempts = directory / "attempts.jsonl"

    @property
    def exists(self) -> bool:
        """Whether a run has been begun here."""
        return self._run.exists()

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self._done.exists()

    def read(self) -> dict[str, Any]:
        """Returns the contents of run.json."""
        return files.read_json(self._run)

    def begin(self, description: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Writes config.gin and run.json, with status "running".

        The seconds spent by earlier attempts are kept.
        """
        spent = self.read()["wall_seconds"] if self.exists else 0.0
        self.samples.mkdir(exist_ok=True)
        self.figures.mkdir(exist_ok=True)
        files.remove_temporaries(self.directory)
        files.write_atomically(self._config, "".join(f"{line}\n" for line in lines))
        content = {"schema": SCHEMA, **description, "wall_seconds": spent}
        files.write_json(self._run, content)

    def check_config(self, lines: Sequence[str]) -> None:
        """Refuses to go on if config.gin does not hold `lines`.

        Raises:
            InputError: Naming the first line that differs.
        """
        try:
            text = self._config.read_text(encoding="utf-8")
        except FileNotFoundError:
            if not self.exists:
                return
            text = ""
        pairs = itertools.zip_longest(text.splitlines(), lines, fillvalue="(nothing)")
        for number, (found, expected) in enumerate(pairs, start=1):
            if found != expected:
                raise InputError(
                    f"Resuming under another config is refused: {self._config}, line "
                    f"{number}, has '{found}', this run has '{expected}'. Undo the "
                    "edit, or remove the directory to begin again."
                )

    def read_config(self) -> pathlib.Path:
        """Returns the path of config.gin.

        Raises:
            InputError: If it is missing.
        """
        if not self._config.exists():
            raise InputError(f"{self.directory} has no config.gin.")
        return self._config

    def update(self, **changes: Any) -> None:
        """Changes fields of run.json."""
        files.write_json(self._run, self.read() | changes)

    def add_operative_config(self, text: str) -> None:
        """Writes what the run has used, defaults included."""
        files.write_atomically(self.directory / "operative_config.gin", text)

    def add_terms(self, step: int, terms: Mapping[str, float]) -> None:
        """Adds the terms of the objectives at a generator step."""
        files.append_rows(self._train, [{"step": step, **terms}])

    def add_measurements(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds the measurements of one evaluation: all of them or none."""
        previous = self._metrics.read_bytes() if self._metrics.exists() else b""
        text = previous + files.to_lines(rows).encode()
        files.write_atomically(self._metrics, text)

    def measurements(self) -> list[dict[str, Any]]:
        """Returns the rows of metrics.jsonl."""
        return files.read_rows(self._metrics)

    def add_timing(self, step: int, event: str, seconds: float) -> None:
        """Adds how long something took."""
        row = {"step": step, "event": event, "seconds": round(seconds, 4)}
        files.append_rows(self._timing, [row])

    def forget_after(self, step: int) -> None:
        """Drops everything recorded after a generator step; -1 drops all."""
        for path in (self._train, self._metrics, self._timing):
            files.truncate_rows(path, step)

    def attempts(self) -> list[dict[str, Any]]:
        """Returns the rows of attempts.jsonl."""
        return files.read_rows(self._attempts)

    def begin_attempt(self, threads: int, step: int) -> None:
        """Adds an attempt; one that is still "running" was killed."""
        rows = [
            row | {"status": "killed"} if row["status"] == "running" else row
            for row in self.attempts()
        ]
        attempt = {
            "attempt": len(rows) + 1,
            "started": now(),
            "ended": None,
            "host": platform.node(),
            "pid": os.getpid(),
            "threads": threads,
            "from_step": step,
            "to_step": step,
            "status": "running",
        }
        files.write_atomically(self._attempts, files.to_lines([*rows, attempt]))

    def end_attempt(self, step: int, status: str) -> None:
        """Completes the row of the last attempt."""
        *rows, last = self.attempts()
        last = last | {"ended": now(), "to_step": step, "status": status}
        files.write_atomically(self._attempts, files.to_lines([*rows, last]))

    def finish(self, **changes: Any) -> None:
        """Writes the last changes of run.json, then DONE."""
        self.update(**changes)
        files.write_atomically(self._done, f"{changes['status']}\n")


def now() -> str:
    """Returns the local time with its offset, to the second."""
    return datetime.datetime.now().astimezone().isoformat("T", "seconds")
