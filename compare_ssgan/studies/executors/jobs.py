"""Which runs were handed over to the queue of an engine: jobs.jsonl of a study.

The file says where to ask for a run, not how it goes: that is in its directory.
"""

import pathlib
from collections.abc import Iterable
from typing import NamedTuple

from compare_ssgan.studies import files

FILE = "jobs.jsonl"


class Job(NamedTuple):
    """A run that was handed over.

    Attributes:
        run_id: The run.
        executor: The engine, one of `base.EXECUTORS`.
        job: What the engine calls the job; "123_4" is a task of one of Slurm's arrays.
            Runs that share a job have the same.
        submitted: ISO 8601 time.
    """

    run_id: str
    executor: str
    job: str
    submitted: str


def note(directory: pathlib.Path, rows: Iterable[Job]) -> None:
    """Adds to a study's record: all rows, or none if writing fails.

    One process does so at a time.

    Args:
        directory: Of the study.
        rows: What was handed over.
    """
    path = directory / FILE
    # A copy may have been cut short: what follows half a row could not be read.
    text = files.whole_rows(path) + files.to_lines(r._asdict() for r in rows).encode()
    files.write_atomically(path, text)


def read(directory: pathlib.Path, executor: str) -> dict[str, str]:
    """Returns the last job of every run that was handed over, by the run's id.

    Args:
        directory: Of the study; nothing need have been handed over.
        executor: The engine whose jobs are asked for.
    """
    rows = files.read_rows(directory / FILE)
    return {
        str(row["run_id"]): str(row["job"])
        for row in rows
        if row.get("executor") == executor and {"run_id", "job"} <= row.keys()
    }
