"""Measures how fast this machine trains and evaluates.

    python tools/benchmark.py step [--precision mixed_bfloat16] [--width narrow]
    python tools/benchmark.py step --json --rival_command 'COMMAND OF THE RIVAL'
    python tools/benchmark.py distance [--size 2048] [--examples 10000,1000] [--json]
    python tools/benchmark.py metrics [--metrics fid,kid] [--examples 50000] [--json]
    python tools/benchmark.py data [--images 512] [--iterations 3] [--json]

`step` times the training step: seconds of a discriminator step, of a generator step and
of an iteration (all discriminator steps and one generator step), beside the operations
it needs, the speed at which the same process multiplies matrices, and its memory. It
prints a table or one line of JSON. `distance` times the distance of two Gaussians
beside the square root of scipy, `metrics` takes time and memory of each metric of
features in a process of its own. `data` times batches of arrays and of JPEG files, with
one thread and with all, and how long a training waits for them.
results/benchmarks/README.md explains the numbers.
"""

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from compare_ssgan.commands import arguments as flags  # noqa: E402
from compare_ssgan.commands import machine  # noqa: E402
from compare_ssgan.errors import CommandError, InputError  # noqa: E402
from compare_ssgan.studies import threads  # noqa: E402
from tools.benchmarks import data, feature_metrics, rival  # noqa: E402

# An iteration of the wide networks takes seconds.
ITERATIONS = {"paper": 5, "narrow": 30}
ROUNDS = 3
FEWEST_STEPS = 20


def main() -> int:
    """Parses the command line and returns the exit code."""
    arguments = _parser().parse_args()
    try:
        print(arguments.command(arguments))
    except CommandError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("benchmark: interrupted.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_step(commands)
    _add_distance(commands)
    _add_metrics(commands)
    _add_data(commands)
    return parser


def _add_step(commands: Any) -> None:
    parser = commands.add_parser("step", help="time the training step")
    parser.set_defaults(command=_step)
    parser.add_argument(
        "--precision", choices=["float32", "mixed_bfloat16"], default="float32"
    )
    parser.add_argument(
        "--width", choices=list(ITERATIONS), default="paper",
        help="paper: the networks of SNGAN and torch-mimicry; narrow: those of the "
        "default run",
    )  # fmt: skip
    parser.add_argument(
        "--rotation", choices=["quarters", "all_angles"],
        help="default: quarters for paper, that of the default run for narrow",
    )  # fmt: skip
    parser.add_argument("--jit_compile", action="store_true", help="compile by XLA")
    parser.add_argument(
        "--set", action="append", default=[], metavar="LINE", dest="settings",
        help="gin line on top of the width's; may be repeated",
    )  # fmt: skip
    parser.add_argument("--threads", type=flags.positive, metavar="N")
    parser.add_argument(
        "--iterations", type=flags.positive, metavar="N",
        help=f"timed iterations per round (default: {ITERATIONS['paper']}, narrow "
        f"{ITERATIONS['narrow']})",
    )  # fmt: skip
    parser.add_argument(
        "--rounds", type=flags.positive, metavar="N",
        help=f"rounds of iterations, each followed by the rival's (default: {ROUNDS})",
    )  # fmt: skip
    rivals = parser.add_mutually_exclusive_group()
    rivals.add_argument(
        "--rival", type=pathlib.Path, metavar="FILE", help="JSON lines of its times"
    )
    rivals.add_argument(
        "--rival_command", metavar="CMD", help="prints such lines; run in every round"
    )
    parser.add_argument(
        "--flatness", type=flags.positive, default=0, metavar="N",
        help="also do N steps of the narrow networks and compare the first with the "
        "last",
    )  # fmt: skip
    parser.add_argument(
        "--no_command", action="store_true",
        help="narrow: do not time the start of `compare_ssgan run`",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def _add_distance(commands: Any) -> None:
    parser = commands.add_parser(
        "distance", help="time the distance of two Gaussians beside scipy's root"
    )
    parser.set_defaults(command=_distance)
    parser.add_argument("--size", type=flags.positive, default=2048, metavar="N")
    parser.add_argument(
        "--examples", type=_numbers, default=[10_000, 1000], metavar="N,N",
        help="numbers that Gaussians are fitted to (default: 10000,1000)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=flags.positive, default=3, metavar="N")
    parser.add_argument("--threads", type=flags.positive, metavar="N")
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def _add_metrics(commands: Any) -> None:
    parser = commands.add_parser(
        "metrics", help="time and memory of each metric of features"
    )
    parser.set_defaults(command=_metrics)
    parser.add_argument(
        "--metrics", type=lambda text: text.split(","), metavar="NAME,NAME",
        help="default: all of them",
    )  # fmt: skip
    parser.add_argument("--examples", type=flags.positive, default=50_000, metavar="N")
    parser.add_argument("--size", type=flags.positive, default=2048, metavar="N")
    parser.add_argument("--threads", type=flags.positive, metavar="N")
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def _add_data(commands: Any) -> None:
    parser = commands.add_parser("data", help="time the data pipeline")
    parser.set_defaults(command=_data)
    parser.add_argument(
        "--images", type=flags.positive, default=512, metavar="N",
        help="JPEG files of each size, and how many a round takes (default: 512)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=flags.positive, default=3, metavar="N")
    parser.add_argument(
        "--iterations", type=flags.positive, default=3, metavar="N",
        help="timed iterations of each training (default: 3)",
    )  # fmt: skip
    parser.add_argument(
        "--no_training", action="store_true", help="time the data pipeline alone"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def _numbers(text: str) -> list[int]:
    return [flags.positive(part) for part in text.split(",")]


def _distance(arguments: argparse.Namespace) -> str:
    if min(arguments.examples) < 2:
        raise InputError("--examples: a Gaussian is fitted to two or more.")
    threads.limit_libraries(arguments.threads)
    from tools.benchmarks import distance

    measured = distance.measure(arguments.size, arguments.examples, arguments.rounds)
    return json.dumps(measured) if arguments.json else table(measured)


def _metrics(arguments: argparse.Namespace) -> str:
    names = arguments.metrics or list(feature_metrics.NAMES)
    unknown = sorted(set(names) - set(feature_metrics.NAMES))
    if unknown:
        raise InputError(
            f"--metrics knows no {', '.join(unknown)}, only "
            f"{', '.join(feature_metrics.NAMES)}."
        )
    threads.limit_libraries(arguments.threads)
    measured = feature_metrics.measure(names, arguments.examples, arguments.size)
    return json.dumps(measured) if arguments.json else table(measured)


def _data(arguments: argparse.Namespace) -> str:
    if arguments.images < data.FEWEST_IMAGES:
        raise InputError(
            f"--images: a batch has {data.FEWEST_IMAGES} of them, more than "
            f"{arguments.images}."
        )
    iterations = 0 if arguments.no_training else arguments.iterations
    measured = data.measure(arguments.images, arguments.rounds, iterations)
    return json.dumps(measured) if arguments.json else table(measured)


def _step(arguments: argparse.Namespace) -> str:
    _check_step(arguments)
    # All that can be refused is, before TensorFlow takes its seconds.
    rows = rival.read(arguments.rival) if arguments.rival else []
    if arguments.rival_command is not None:
        rival.split(arguments.rival_command)
    threads.limit_libraries(arguments.threads)
    machine.load_tensorflow()
    from tools.benchmarks import step

    measured = step.measure(
        step.Options(
            width=arguments.width,
            precision=arguments.precision,
            rotation=arguments.rotation,
            jit_compile=arguments.jit_compile,
            settings=tuple(arguments.settings),
            threads=arguments.threads,
            iterations=arguments.iterations or ITERATIONS[arguments.width],
            rounds=arguments.rounds or ROUNDS,
            rival_rows=rows,
            rival_command=arguments.rival_command,
            flatness=arguments.flatness,
            command=arguments.width == "narrow" and not arguments.no_command,
        )
    )
    return json.dumps(measured) if arguments.json else table(measured)


def _check_step(arguments: argparse.Namespace) -> None:
    if arguments.flatness and arguments.width != "narrow":
        raise InputError(
            "--flatness is of the narrow networks; the wide ones would take hours. Add "
            "--width narrow."
        )
    if 0 < arguments.flatness < FEWEST_STEPS:
        raise InputError(
            "--flatness compares tenths of the steps: it needs at least "
            f"{FEWEST_STEPS} of them, not {arguments.flatness}."
        )
    if arguments.no_command and arguments.width != "narrow":
        raise InputError(
            "--no_command has no effect without --width narrow: only there is the "
            "start of `compare_ssgan run` timed. Remove it."
        )


def table(measured: Mapping[str, Any]) -> str:
    """Returns two columns, names and values."""
    rows = list(_rows(measured))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _rows(measured: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in measured.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:.4g}" if value < 1e6 else f"{value / 1e9:.1f}e9"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
