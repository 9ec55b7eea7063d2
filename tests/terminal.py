"""Commands in processes of their own, on networks that take no time."""

import os
import pathlib
import subprocess
import sys

NARROW = [
    "--set", "resnet_cifar.Generator.channels = 4",
    "--set", "resnet_cifar.Backbone.channels = 4",
    "--set", "BATCH_SIZE = 8",
]  # fmt: skip
SMALL = ["--budget", "smoke", *NARROW]
# Quicker to trace, for what has nothing to do with networks.
QUICK = [
    "--budget", "smoke",
    "--set", "GENERATOR = @dcgan.Generator",
    "--set", "BACKBONE = @dcgan.Backbone",
    "--set", "dcgan.Generator.channels = 4",
    "--set", "dcgan.Backbone.channels = 4",
    "--set", "BATCH_SIZE = 8",
]  # fmt: skip
METHOD = ["--gin", "gin_configs/sbn_ssgan.gin"]
ROOT = pathlib.Path(__file__).parent.parent


def start(*arguments, **options):
    """Starts a command in a process of its own."""
    program = [sys.executable, "-m", "compare_ssgan", *map(str, arguments)]
    return subprocess.Popen(
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        **options,
    )


def run_dir(out):
    (directory,) = (out / "runs").iterdir()
    return directory
