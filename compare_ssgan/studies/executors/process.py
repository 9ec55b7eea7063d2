"""Processes of runs, as those start them who look after them."""

import contextlib
import os
import pathlib
import subprocess
from collections.abc import Mapping, Sequence

# Of exit codes, as a shell has them: this and the number of the signal.
SIGNALLED = 128


def start(
    command: Sequence[str],
    log: pathlib.Path | None,
    environment: Mapping[str, str | None],
) -> subprocess.Popen[bytes]:
    """Starts a command in a process group of its own, so that only we interrupt it.

    Args:
        command: A program and its arguments.
        log: What it prints is appended to this file; None for where we print.
        environment: Changes of the environment; None removes a variable.

    Raises:
        FileNotFoundError: If there is no such program.
    """
    changed = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            command,
            env={name: value for name, value in changed.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT if file else None,
            process_group=0,
        )


def exit_code(ended: subprocess.Popen[bytes]) -> int:
    """Returns the code of a process that is over; 128 + n if signal n killed it."""
    code = ended.returncode
    return code if code >= 0 else SIGNALLED - code
