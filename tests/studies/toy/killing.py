"""Does a run twice: undisturbed, and killed over and over at random moments.

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


def wait(child, seconds):
    """Returns the exit code of a child, or None if it still runs after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return None


def main(out, kills, *settings):
    from compare_ssgan.studies import run, spec  # noqa: F401

    random.seed(20181127)
    base = ["run", "--gin", "gin_configs/plain.gin"]
    base += [word for setting in settings for word in ("--set", setting)]
    begin = time.monotonic()
    code = wait(start([*base, "--out", str(out / "whole")]), LONGEST_SECONDS)
    assert code == 0, code
    seconds = time.monotonic() - begin

    done = 0
    while done < kills:
        child = start([*base, "--out", str(out / "killed")])
        # Mostly in the middle of training, some while it starts.
        code = wait(child, random.uniform(0.1, 0.9) * seconds)
        if code is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            done += 1
        else:
            assert code == 0, code
            print(f"Done after {done} kills only.", file=sys.stderr)
            return 1
    return wait(start([*base, "--out", str(out / "killed")]), LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
