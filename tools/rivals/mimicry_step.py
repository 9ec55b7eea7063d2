"""Times the training step of torch-mimicry's SSGAN for 32x32 images on the processor.

Needs an environment of its own; results/benchmarks/README.md says how to make it.

    RIVAL_PYTHON tools/rivals/mimicry_step.py [--iterations 3]

An iteration is what the library's own loop does: `--discriminator_steps` calls of
the discriminator's `train_step` and one of the generator's, with the library's default
networks, on one batch of random images that is there already. Prints one JSON line of
medians, as `tools/benchmark.py step --rival_command` reads it.
"""

import argparse
import importlib.util
import itertools
import json
import statistics
import sys
import time
import types
from typing import Any

import torch

PACKAGE = "torch_mimicry"


def ssgan() -> tuple[Any, Any, Any]:
    """Returns the library's generator, discriminator and class of logs.

    Its packages import all their modules, and with them libraries for data sets and
    metrics that a training step does not use and the environment need not have. Empty
    packages with the right path let Python find single modules instead.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        sys.exit(f"{PACKAGE} is not installed for {sys.executable}.")
    (root,) = spec.submodule_search_locations
    for part in ("", "nets", "nets/ssgan", "nets/gan", "nets/basemodel", "training"):
        name = ".".join([PACKAGE, *part.split("/")]).rstrip(".")
        shell = types.ModuleType(name)
        shell.__path__ = [f"{root}/{part}"]
        sys.modules[name] = shell
    networks = importlib.import_module(f"{PACKAGE}.nets.ssgan.ssgan_32")
    log = importlib.import_module(f"{PACKAGE}.training.metric_log").MetricLog
    return networks.SSGANGenerator32(), networks.SSGANDiscriminator32(), log


def measure(arguments: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Returns the seconds of discriminator and generator steps after a warm-up."""
    generator, discriminator, log = ssgan()
    optimizers = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.0, 0.9))
        for network in (discriminator, generator)
    ]
    images = 2 * torch.rand(arguments.batch_size, 3, 32, 32) - 1
    common = {"real_batch": (images, None), "log_data": log(), "device": "cpu"}
    of_discriminator: list[float] = []
    of_generator: list[float] = []
    for step in range(-1, arguments.iterations):
        # One step of each player warms up.
        num = arguments.discriminator_steps if step >= 0 else 1
        stamps = [time.perf_counter()]
        for _ in range(num):
            discriminator.train_step(
                netG=generator, optD=optimizers[0], global_step=step, **common
            )
            stamps.append(time.perf_counter())
        generator.train_step(
            netD=discriminator, optG=optimizers[1], global_step=step, **common
        )
        stamps.append(time.perf_counter())
        if step >= 0:
            seconds = [b - a for a, b in itertools.pairwise(stamps)]
            of_discriminator += seconds[:-1]
            of_generator += seconds[-1:]
    return of_discriminator, of_generator


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--discriminator_steps", type=int, default=5)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--threads", type=int, help="default: all cores")
    arguments = parser.parse_args()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    of_discriminator, of_generator = measure(arguments)
    num = arguments.discriminator_steps
    iterations = [
        sum(of_discriminator[i * num : (i + 1) * num]) + seconds
        for i, seconds in enumerate(of_generator)
    ]
    row = {
        "library": "torch-mimicry 0.1.16",
        "torch": torch.__version__,
        "model": "ssgan",
        "threads": torch.get_num_threads(),
        "batch_size": arguments.batch_size,
        "discriminator_steps": num,
        "discriminator_step_seconds": statistics.median(of_discriminator),
        "generator_step_seconds": statistics.median(of_generator),
        "iteration_seconds": statistics.median(iterations),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
