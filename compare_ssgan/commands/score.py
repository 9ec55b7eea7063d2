"""Metrics of images of other people's models."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(
        commands, "score", _score, "metrics of any images: folders, .npz, .npy"
    )
    parser.add_argument("real", metavar="REAL", help="folder, .npz or .npy of images")
    parser.add_argument("fake", metavar="FAKE", help="the same, of generated images")
    parser.add_argument(
        "--metrics", metavar="fid,kid,...",
        help="default: fid, kid, precision_recall, density_coverage, and is where "
        "there are logits",
    )  # fmt: skip
    parser.add_argument(
        "--features", default="inception", metavar="NAME|none",
        help="feature network (default: inception); none: the files hold features",
    )  # fmt: skip
    parser.add_argument(
        "--logits", metavar="FILE", help="with --features none: logits of FAKE"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="'a.b = 1'", dest="settings",
        help="a gin line, e.g. 'metrics.kid.num_subsets = 50'; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=arguments.positive, metavar="N",
        help="threads to compute with (default: all cores)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true")


def _score(flags: argparse.Namespace) -> int:
    from compare_ssgan.studies import threads

    threads.limit_libraries(flags.threads)
    machine.load_tensorflow()
    threads.limit(flags.threads)
    from compare_ssgan.studies import scoring

    scores = scoring.score_paths(
        pathlib.Path(flags.real),
        pathlib.Path(flags.fake),
        metrics=flags.metrics,
        features=flags.features,
        logits=arguments.optional_path(flags.logits),
        settings=flags.settings,
    )
    print(scoring.render(scores, flags.json))
    return 0
