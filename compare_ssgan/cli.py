"""The command line: what is typed goes to one of `commands`.

Nothing here imports TensorFlow before a command needs it, so that help and
everything that only reads records answer at once.
"""

import argparse
import io
import os
import sys

from absl import app, flags, logging
from absl.flags import argparse_flags

from compare_ssgan import __version__
from compare_ssgan.commands import (
    data,
    describe,
    evaluate,
    export,
    listing,
    readers,
    report,
    run,
    sample,
    score,
    sweep,
    weights,
)
from compare_ssgan.errors import CommandError
from compare_ssgan.studies import stop

# In the order in which --help shows them.
_COMMANDS = (
    run,
    sweep,
    evaluate,
    readers,
    report,
    sample,
    export,
    score,
    describe,
    listing,
    data,
    weights,
)


def main() -> None:
    """Runs the command `compare_ssgan`."""
    # The messages of TensorFlow's start are of no use to a user of ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    _print_whatever_is_printed()
    try:
        app.run(_dispatch, flags_parser=lambda argv: _parser().parse_args(argv[1:]))
    finally:
        # Asked to stop twice, as by Slurm and by who looks after the run, it ends with
        # the exit code of what it did, and is not killed while the interpreter ends.
        stop.ignore()


def _print_whatever_is_printed() -> None:
    """Has characters that the terminal does not know printed as their numbers."""
    # Names of classes are those of a user's folders, which may be any bytes.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _dispatch(arguments: argparse.Namespace) -> int:
    """Calls the chosen command; what goes wrong becomes a message and a code."""
    if not flags.FLAGS["verbosity"].present:
        # TensorFlow tells of its inner workings at the level of information.
        logging.set_verbosity(logging.WARNING)
    try:
        return int(arguments.command(arguments))
    except CommandError as error:
        print(f"compare_ssgan: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("compare_ssgan: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output, e.g. `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    # The last resort: whatever went wrong, a user is told in one message.
    except Exception as error:
        if logging.level_debug():
            raise
        reason = str(error).strip().partition("\n")[0]
        print(
            f"compare_ssgan: unexpected {type(error).__name__}: {reason}\n"
            "(--verbosity 1 shows where it happened)",
            file=sys.stderr,
        )
        return CommandError.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse_flags.ArgumentParser(
        prog="compare_ssgan",
        description="Trains conditional, unconditional and self-supervised GANs with "
        "equal networks, budget and evaluation, and compares them.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in _COMMANDS:
        module.add(commands)
    return parser
