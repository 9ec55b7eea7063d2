"""Images of a trained generator."""

import argparse
import pathlib
from typing import Any

from compare_ssgan.commands import arguments, machine


def add(commands: Any) -> None:
    """Adds the command."""
    parser = arguments.add(commands, "sample", _sample, "images of a trained generator")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("--num", type=arguments.positive, default=64, metavar="N")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--out", metavar="FILE.png", help="a grid; default: grid.png")
    target.add_argument(
        "--to", metavar="DIR|FILE.npz", help="each image for itself, with its label"
    )
    parser.add_argument(
        "--seed", type=arguments.seed, default=0, metavar="N",
        help="image k of a seed is the same in every file",
    )  # fmt: skip
    parser.add_argument(
        "--truncation", type=arguments.truncation, default="run", metavar="T|none|run",
        help="draw latents beyond T standard deviations again (default: run, as its "
        "evaluations do)",
    )  # fmt: skip


def _sample(flags: argparse.Namespace) -> int:
    machine.load_tensorflow()
    from compare_ssgan.studies import images

    run, num = pathlib.Path(flags.run), flags.num
    options = {"seed": flags.seed, "truncation": flags.truncation}
    if flags.to is not None:
        print(images.save_images(run, num, pathlib.Path(flags.to), **options))
    else:
        out = arguments.optional_path(flags.out) or pathlib.Path("grid.png")
        print(images.save_grid(run, num, out, **options))
    return 0
