"""Does commands of compare_ssgan, two at a time, undisturbed.

    python -m tests.cluster.undisturbed < LIST_OF_LISTS_OF_WORDS.json

They are forked from one process that has imported TensorFlow, but computed nothing
with it: importing takes longer than such a run.
"""

import json
import os
import sys

import tensorflow  # noqa: F401

from compare_ssgan import cli
from compare_ssgan.studies import run, spec  # noqa: F401

AT_A_TIME = 2


def start(words):
    if os.fork():
        return
    code = 1
    try:
        code = cli._dispatch(cli._parser().parse_args(words))
    finally:
        os._exit(code)


def main(commands):
    running, worst = 0, 0
    for words in commands:
        start(words)
        running += 1
        if running == AT_A_TIME:
            worst, running = max(worst, os.wait()[1]), running - 1
    for _ in range(running):
        worst = max(worst, os.wait()[1])
    return int(worst != 0)


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
