"""The weights of the Inception network."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "weights",
        help="the weights of the Inception network",
        description="The weights of the Inception network, kept in "
        "$COMPARE_SSGAN_CACHE/weights (default: ~/.cache/compare_ssgan/weights).",
    )
    actions = parser.add_subparsers(metavar="{show,add,get}", required=True)
    arguments.add(actions, "show", _show, "say which are present, preferred ones first")
    store = arguments.add(actions, "add", _add, "store a copy of weights")
    store.add_argument(
        "path", metavar="PATH",
        help="the PyTorch port's file (.pth), the frozen graph of 2015 (.pb) or the "
        "directory of TF-GAN's SavedModel",
    )  # fmt: skip
    store.add_argument(
        "--unverified", action="store_true",
        help="also a .pth file that is not the published one; its metrics have a name "
        "of their own",
    )  # fmt: skip
    fetch = arguments.add(actions, "get", _get, "download the published weights")
    fetch.add_argument(
        "--source", choices=["torch", "tfhub"], default="torch",
        help="the PyTorch port's file (default), or TF-GAN's module by TensorFlow Hub",
    )  # fmt: skip


def _show(flags: argparse.Namespace) -> int:
    del flags
    from compare_ssgan.evaluation import weights_store

    found = weights_store.present()
    print(f"in {weights_store.directory()}:")
    kinds = {"torch", "tfhub", "frozen_graph", "saved_model"}
    for source in found:
        print(_line(source))
    for kind in sorted(kinds - {source.kind for source in found}):
        print(f"{kind:12}  absent")
    if found:
        print(f"features.inception() takes {found[0].path.name}")
    else:
        print("`compare_ssgan weights get` downloads them")
    return 0


def _add(flags: argparse.Namespace) -> int:
    machine.load_tensorflow()
    from compare_ssgan.evaluation import weights_store
    from compare_ssgan.evaluation.features import inception

    source = weights_store.add(
        pathlib.Path(flags.path),
        inception.check,
        unverified=flags.unverified,
    )
    print(_line(source))
    return 0


def _get(flags: argparse.Namespace) -> int:
    if flags.source == "tfhub":
        machine.load_tensorflow()
    from compare_ssgan.evaluation import weights_store

    print(_line(weights_store.get(flags.source)))
    return 0


def _line(source: Any) -> str:
    if source.published:
        state = "published"
    else:
        state = f"unverified: metrics are named ..._{source.label}"
    return f"{source.kind:12}  {source.path.name}  sha256 {source.sha256}  {state}"
