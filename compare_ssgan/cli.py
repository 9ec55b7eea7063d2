"""The command line: flags to one call each.

Nothing here imports TensorFlow before a command needs it, so that help and
everything that only reads records answer at once.
"""

import argparse
import importlib
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from absl import app, flags, logging
from absl.flags import argparse_flags

from compare_ssgan import __version__
from compare_ssgan.errors import CommandError, PreemptedError

Command = Callable[[argparse.Namespace], int]


def main() -> None:
    """Runs the command `compare_ssgan`."""
    # The messages of TensorFlow's start are of no use to a user of ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    app.run(_dispatch, flags_parser=lambda argv: _parser().parse_args(argv[1:]))


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
    _add_run(commands)
    _add_sweep(commands)
    _add_readers(commands)
    _add_sample(commands)
    _add_describe(commands)
    _add_list(commands)
    return parser


def _add(commands: Any, name: str, command: Command, text: str) -> Any:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _add_config_flags(parser: Any, gin_required: bool) -> None:
    if gin_required:
        parser.add_argument(
            "--gin", action="append", required=True, metavar="FILE",
            help="a method's gin file; may be repeated, the last one names the method",
        )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
        help="a gin line that overrides the files; may be repeated",
    )  # fmt: skip
    parser.add_argument("--dataset", help="a file of gin_configs/datasets")
    parser.add_argument("--budget", help="a file of gin_configs/budgets")


def _add_machine_flags(parser: Any) -> None:
    parser.add_argument("--data_dir", metavar="DIR", help="where prepared datasets lie")
    parser.add_argument(
        "--threads", type=_positive, metavar="N",
        help="threads to compute with (default: all cores); equal numbers give "
        "bit-equal results",
    )  # fmt: skip
    parser.add_argument(
        "--strategy", choices=["none"], default="none",
        help="how one run is spread over devices",
    )  # fmt: skip


def _add_run(commands: Any) -> None:
    parser = _add(commands, "run", _run, "train one configuration and evaluate it")
    _add_config_flags(parser, gin_required=True)
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=_seed, metavar="N", help="default: 0")
    seeds.add_argument(
        "--seeds", type=_seeds, metavar="0,1,2", help="one run after the other"
    )
    parser.add_argument("--out", metavar="DIR", help="default: results/single")
    _add_machine_flags(parser)


def _add_sweep(commands: Any) -> None:
    parser = _add(commands, "sweep", _sweep, "run what a study still misses")
    parser.add_argument("study", metavar="STUDY.gin")
    _add_config_flags(parser, gin_required=False)
    parser.add_argument("--executor", choices=["inline"], default="inline")
    parser.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="runs at a time"
    )
    parser.add_argument(
        "--dry_run", action="store_true", help="check and list the runs, train none"
    )
    parser.add_argument("--out", metavar="DIR", help="default: results/<study>")
    _add_machine_flags(parser)


def _add_readers(commands: Any) -> None:
    status = _add(commands, "status", _status, "what is done, running or missing")
    table = _add(commands, "table", _table, "compare methods over seeds")
    plot = _add(commands, "plot", _plot, "curves with the spread over seeds")
    for parser in (status, table, plot):
        parser.add_argument("directory", metavar="DIR", help="e.g. results/digits")
    status.add_argument("--json", action="store_true")
    for parser in (table, plot):
        parser.add_argument("--metric", default="fid", help="kind or full name")
    table.add_argument("--select", default="last", metavar="last|best|step:N")
    table.add_argument("--format", default="md", choices=["md", "csv", "latex", "json"])
    plot.add_argument("--out", metavar="FILE", help="default: DIR/figures/<metric>.png")


def _add_sample(commands: Any) -> None:
    parser = _add(commands, "sample", _sample, "images of a trained generator")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("--num", type=_positive, default=64, metavar="N")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--out", metavar="FILE.png", help="a grid; default: grid.png")
    target.add_argument(
        "--to", metavar="DIR|FILE.npz", help="each image for itself, with its label"
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N",
        help="image k of a seed is the same in every file",
    )  # fmt: skip
    parser.add_argument(
        "--truncation", type=_truncation, default="run", metavar="T|none|run",
        help="draw latents beyond T standard deviations again (default: run, as its "
        "evaluations do)",
    )  # fmt: skip


def _add_describe(commands: Any) -> None:
    parser = _add(
        commands, "describe", _describe, "resolved configuration, networks, operations"
    )
    _add_config_flags(parser, gin_required=True)
    parser.add_argument("--data_dir", metavar="DIR", help="where datasets lie")
    parser.add_argument("--json", action="store_true")


def _add_list(commands: Any) -> None:
    parser = _add(commands, "list", _list, "components that gin files can name")
    parser.add_argument("kind", nargs="?", metavar="KIND", help="e.g. losses")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 on, not '{text}'"
        )
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(
            f"a seed is a whole number from 0 on, not '{text}'"
        )
    return int(text)


def _truncation(text: str) -> Any:
    if text in ("none", "run"):
        return None if text == "none" else text
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"must be a positive number, 'none' or 'run', not '{text}'"
        )
    return value


def _seeds(text: str) -> list[int]:
    seeds = [_seed(part.strip()) for part in text.split(",")]
    if len(set(seeds)) < len(seeds):
        raise argparse.ArgumentTypeError(f"'{text}' names a seed twice")
    return seeds


def _run(arguments: argparse.Namespace) -> int:
    if arguments.seeds is not None:
        return _run_seeds(arguments)
    spec = _studies(arguments)
    from compare_ssgan.studies.run import execute

    execute(spec.load(_request(arguments, arguments.seed)))
    return 0


def _run_seeds(arguments: argparse.Namespace) -> int:
    """Does one run per seed, each in a process of its own, as a sweep does."""
    spec = _studies(arguments)
    from compare_ssgan.studies.executors import inline

    requests = [spec.load(_request(arguments, seed)) for seed in arguments.seeds]
    codes: list[int] = []
    complete = inline.execute(
        requests,
        jobs=1,
        started=lambda request: print(f"seed {request.seed}", file=sys.stderr),
        finished=lambda request, code, log: codes.append(code),
    )
    return max(codes, default=0) if complete else PreemptedError.exit_code


def _sweep(arguments: argparse.Namespace) -> int:
    _studies(arguments)
    from compare_ssgan.studies.plan import Overrides
    from compare_ssgan.studies.sweep import sweep

    summary = sweep(
        arguments.study,
        _path(arguments.out),
        jobs=arguments.jobs,
        dry_run=arguments.dry_run,
        overrides=Overrides(
            dataset=arguments.dataset,
            budget=arguments.budget,
            settings=tuple(arguments.settings),
            threads=arguments.threads,
            strategy=arguments.strategy,
            data_dir=arguments.data_dir,
        ),
    )
    if not arguments.dry_run:
        print(summary)
    return summary.exit_code


def _status(arguments: argparse.Namespace) -> int:
    from compare_ssgan.analysis import status

    print(status.render(_path(arguments.directory), as_json=arguments.json))
    return 0


def _table(arguments: argparse.Namespace) -> int:
    from compare_ssgan.analysis import tables

    print(
        tables.render(
            [_path(arguments.directory)],
            metric=arguments.metric,
            select=arguments.select,
            format=arguments.format,
        )
    )
    return 0


def _plot(arguments: argparse.Namespace) -> int:
    from compare_ssgan.analysis import figures

    directory = _path(arguments.directory)
    out = _path(arguments.out) or directory / "figures" / f"{arguments.metric}.png"
    print(figures.curves([directory], arguments.metric, out))
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    _load_tensorflow()
    from compare_ssgan.studies import images

    run, num = _path(arguments.run), arguments.num
    options = {"seed": arguments.seed, "truncation": arguments.truncation}
    if arguments.to is not None:
        print(images.save_images(run, num, _path(arguments.to), **options))
    else:
        out = _path(arguments.out) or pathlib.Path("grid.png")
        print(images.save_grid(run, num, out, **options))
    return 0


def _describe(arguments: argparse.Namespace) -> int:
    _studies(arguments)
    from compare_ssgan.studies import describe

    found = describe.describe(_request(arguments, seed=None))
    print(describe.render(found, arguments.json))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    _load_tensorflow()
    from compare_ssgan.studies import catalogue

    print(catalogue.render(arguments.kind))
    return 0


def _studies(arguments: argparse.Namespace) -> Any:
    """Imports what trains, with the machine's settings in place."""
    from compare_ssgan.studies import threads

    threads.limit_libraries(getattr(arguments, "threads", None))
    _load_tensorflow()
    from compare_ssgan.datasets import base
    from compare_ssgan.studies import spec

    if arguments.data_dir is not None:
        base.set_data_directory(pathlib.Path(arguments.data_dir))
    return spec


def _request(arguments: argparse.Namespace, seed: int | None) -> Any:
    from compare_ssgan.studies.spec import RunRequest

    return RunRequest(
        gin_files=tuple(arguments.gin),
        dataset=arguments.dataset or "digits",
        budget=arguments.budget or "short",
        seed=seed,
        settings=tuple(arguments.settings),
        out=_path(getattr(arguments, "out", None)),
        threads=getattr(arguments, "threads", None),
        strategy=getattr(arguments, "strategy", "none"),
        data_dir=arguments.data_dir,
    )


def _path(text: str | None) -> Any:
    return None if text is None else pathlib.Path(text)


def _load_tensorflow() -> None:
    """Imports TensorFlow without the lines it prints about its own start.

    They come from C++ before any log level can be set. If the import fails, they
    are shown.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    # The remapper stumbles over a pooled shortcut that is added to another branch,
    # complains, and leaves the graph alone: no speed is lost without it.
    tensorflow.config.optimizer.set_experimental_options({"remapping": False})
