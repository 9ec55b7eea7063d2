"""The record of a run: the files that analysis reads and a resumed run continues."""

import datetime
import itertools
import os
import pathlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare_ssgan.analysis.records import schema
from compare_ssgan.errors import InputError
from compare_ssgan.studies import engine, files

SCHEMA = 1

# What the program itself reads of run.json, and of a row of metrics.jsonl.
_FIELDS: dict[str, schema.Types] = {
    "dataset": str,
    "method": str,
    "seed": int,
    "status": str,
    "image_shape": list,
    "num_classes": int,
    "batch_size": int,
    "wall_seconds": schema.NUMBER,
}
_MEASUREMENT: dict[str, schema.Types] = {
    "step": int,
    "metric": str,
    "value": schema.NUMBER,
}


class Record:
    """The files in a run's directory.

    What ends up in metrics.jsonl and train.jsonl is a function of the configuration
    alone; time and place go to timing.jsonl, attempts.jsonl and run.json. What is
    measured later, by a process that does not train, goes to evaluations.jsonl.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self.checkpoints = directory / "checkpoints"
        self.samples = directory / "samples"
        self.figures = directory / "figures"
        self.evaluating = directory / ".evaluating"
        self._run = directory / "run.json"
        self._config = directory / "config.gin"
        self._done = directory / "DONE"
        self._train = directory / "train.jsonl"
        self._metrics = directory / "metrics.jsonl"
        self._evaluations = directory / "evaluations.jsonl"
        self._timing = directory / "timing.jsonl"
        self._attempts = directory / "attempts.jsonl"

    @property
    def exists(self) -> bool:
        """Whether a run has been begun here."""
        return self._has(self._run)

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self._has(self._done)

    def read(self) -> dict[str, Any]:
        """Returns the contents of run.json.

        Raises:
            InputError: If it lacks something or has something wrong.
        """
        content = files.read_json(self._run)
        return schema.check(content, str(self._run), _FIELDS, {"data": dict})

    def begin(self, description: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Writes config.gin and run.json, with status "running".

        What earlier attempts found out is kept: the seconds they spent, and the
        floating-point operations of an iteration, a multiply-add being two.
        """
        before = self.read() if self.exists else {}
        found = {"wall_seconds": before.get("wall_seconds", 0.0)}
        if before.get("operations_per_step") is not None:
            found["operations_per_step"] = before["operations_per_step"]
        self.samples.mkdir(exist_ok=True)
        self.figures.mkdir(exist_ok=True)
        files.remove_temporaries(self.directory)
        files.write_atomically(self._config, "".join(f"{line}\n" for line in lines))
        content = {"schema": SCHEMA, **description, **found}
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

    def check_data(self, hashes: Mapping[str, str]) -> None:
        """Refuses to go on with other data than the run was begun on.

        A record that does not say which those were is accepted.

        Args:
            hashes: Content hash by name of the split.

        Raises:
            InputError: Naming the splits that differ.
        """
        begun = (self.read().get("data") if self.exists else None) or hashes
        changed = [name for name in hashes if begun.get(name) != hashes[name]]
        if changed:
            raise InputError(
                f"The run in {self.directory} was begun on other data: its "
                f"{' and '.join(changed)} examples are not those found now. Give "
                "--data_dir the directory it was begun with, or remove the run's "
                "directory to begin again."
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
        """Returns the rows of metrics.jsonl.

        Raises:
            InputError: If one of them is no measurement.
        """
        return self._measurements(self._metrics)

    def add_evaluations(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Adds measurements of a process that does not train: all of them or none."""
        path = self._evaluations
        # A copy may have been cut short: what follows half a row could not be read.
        text = files.whole_rows(path) + files.to_lines(rows).encode()
        # The one that trains removes temporary files from its directory.
        self.evaluating.mkdir(exist_ok=True)
        files.write_atomically(path, text, self.evaluating)

    def evaluations(self) -> list[dict[str, Any]]:
        """Returns the rows of evaluations.jsonl.

        Raises:
            InputError: If one of them is no measurement.
        """
        return self._measurements(self._evaluations)

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

    def begin_attempt(
        self, threads: int, step: int, strategy: str = "none", replicas: int = 1
    ) -> None:
        """Adds an attempt; one that is still "running" was killed.

        It has the commit and the device of run.json, which are those of this process.
        """
        rows = [
            row | {"status": "killed"} if row["status"] == "running" else row
            for row in self.attempts()
        ]
        run, started_by = self.read(), engine.engine()
        attempt = {
            "attempt": len(rows) + 1,
            "started": now(),
            "ended": None,
            "host": platform.node(),
            "pid": os.getpid(),
            "executor": started_by.name,
            "job": started_by.job,
            "git_commit": run.get("git_commit"),
            "device": run.get("device"),
            "threads": threads,
            "strategy": strategy,
            "replicas": replicas,
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

    def _measurements(self, path: pathlib.Path) -> list[dict[str, Any]]:
        return [
            schema.check(row, f"{path}, line {number}", _MEASUREMENT)
            for number, row in enumerate(files.read_rows(path), start=1)
        ]

    def _has(self, path: pathlib.Path) -> bool:
        try:
            return path.exists()
        except OSError as error:
            raise InputError(
                f"Cannot look into {self.directory}: {error.strerror}. Name another "
                "directory (--out, or the argument of sample)."
            ) from error


def now() -> str:
    """Returns the local time with its offset, to the second."""
    return datetime.datetime.now().astimezone().isoformat("T", "seconds")
