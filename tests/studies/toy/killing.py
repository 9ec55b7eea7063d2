"""Does a run twice: undisturbed, and killed over and over at random moments.

The last time it is not killed but asked to stop.

    python -m tests.studies.toy.killing OUT KILLS

Children are forked from one process that has imported TensorFlow, but computed
nothing with it: importing takes longer than the run.
"""

import os
import pathlib
import random
import signal
import sys
import time

from tests.studies.toy import program

LONGEST_SECONDS = 60.0


def start(arguments):
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), sys.stdout.fileno())
        code = program.main(arguments)
    finally:
        os._exit(code)


def ended(child):
    """Returns the exit code of a child, or None if it still runs."""
    done, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def wait(child, until=lambda: False, seconds=LONGEST_SECONDS):
    """Waits for a child's end, or for a moment; returns as `ended`."""
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        code = ended(child)
        if code is not None or until():
            return code
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    raise TimeoutError("A run takes too long.")


def count_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def moments(directory, rng):
    """Yields, without end, functions that say whether it is time to kill."""
    while True:
        # While it starts: before, while or after the record is put in order.
        latest = time.monotonic() + rng.uniform(0.0, 1.0)
        yield lambda latest=latest: time.monotonic() > latest
        # While it trains, evaluates and saves.
        for _ in range(4):
            yield Moment(directory, rng).has_come


class Moment:
    """Some steps, and some milliseconds, after training has gone on."""

    def __init__(self, directory, rng):
        self.train = directory / "train.jsonl"
        self.attempts = directory / "attempts.jsonl"
        self.before = count_lines(self.attempts)
        self.lines, self.seconds = rng.randrange(8), rng.uniform(0.0, 0.05)
        self.target = self.time = None

    def has_come(self):
        # An attempt begins after the rows of lost steps were dropped.
        if self.target is None:
            if count_lines(self.attempts) > self.before:
                self.target = count_lines(self.train) + self.lines
        elif self.time is None:
            if count_lines(self.train) >= self.target:
                self.time = time.monotonic() + self.seconds
        else:
            return time.monotonic() > self.time
        return False


def main(out, kills, *settings):
    from compare_ssgan.studies import run, spec  # noqa: F401

    base = ["run", "--gin", "gin_configs/plain.gin", "--threads", "2"]
    base += [word for setting in settings for word in ("--set", setting)]
    whole = [*base, "--out", str(out / "whole")]
    killed = [*base, "--out", str(out / "killed")]
    code = wait(start(whole))
    assert code == 0, code
    (name,) = os.listdir(out / "whole" / "runs")
    directory, rng = out / "killed" / "runs" / name, random.Random(20181127)
    times = moments(directory, rng)
    for number in range(kills):
        child = start(killed)
        code = wait(child, next(times))
        assert code is None, f"It ended with {code} after {number} kills."
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    child = start(killed)
    assert wait(child, Moment(directory, rng).has_come) is None
    os.kill(child, signal.SIGTERM)
    code = wait(child)
    assert code == 75, code
    return wait(start(killed))


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
