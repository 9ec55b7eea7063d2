"""Times the training step.

Timed is the step of `training.step.make_train_step`, built from gin files as by
`compare_ssgan run`, with its batches from the data pipeline and its terms fetched. The
step is one compiled function of all discriminator steps and the generator step. How its
time divides follows from a second one, equal but for a single discriminator step, timed
in turns with it: with n discriminator steps against 1,

    a discriminator step = (time of n - time of 1) / (n - 1),
    the generator step = time of n - n * a discriminator step.

Every number is a median.
"""

import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from compare_ssgan.errors import CommandError
from compare_ssgan.studies import provenance, threads
from tools.benchmarks import machine, operations, rival, workloads
from tools.benchmarks.peak import MatrixProducts

_WARM_UP = 2
_LONGEST_START = 300.0  # Seconds until a run must have taken a step.


class Options(NamedTuple):
    """What the command line asks for.

    Attributes:
        width: A key of `workloads.WIDTHS`.
        precision: "float32" or "mixed_bfloat16".
        rotation: "quarters", "all_angles" or None for the width's own.
        jit_compile: Whether the step is compiled by XLA.
        settings: gin lines on top of the width's.
        threads: Number of threads, None for all.
        iterations: Timed iterations per round.
        rounds: Rounds of iterations, each followed by the rival's if it has a command.
        rival_rows: Times of a rival, measured before.
        rival_command: Measures a rival.
        flatness: Steps over which a step's time must not grow; 0 for none.
        command: Whether to time the start of `compare_ssgan run` (width "narrow").
    """

    width: str
    precision: str
    rotation: str | None
    jit_compile: bool
    settings: tuple[str, ...]
    threads: int | None
    iterations: int
    rounds: int
    rival_rows: Sequence[rival.Times]
    rival_command: str | None
    flatness: int
    command: bool


class Round(NamedTuple):
    """Seconds of alternately timed iterations.

    Attributes:
        full: With all discriminator steps.
        short: With one.
        rival_rows: The rival's lines right after.
    """

    full: list[float]
    short: list[float]
    rival_rows: list[rival.Times]


def measure(options: Options) -> dict[str, Any]:
    """Returns everything measured; the names are explained in results/benchmarks.

    Raises:
        InputError: If a rival's times are no match.
        CommandError: If a training diverges, or a command fails.
    """
    num_threads = threads.limit(options.threads)
    settings = (
        *workloads.step_settings(
            options.precision, options.rotation, options.jit_compile
        ),
        *options.settings,
    )
    full = workloads.Iteration(workloads.build(options.width, settings))
    work = workloads.work(full.built)
    ours = {"batch_size": work.batch_size, "threads": num_threads}
    rival.check(options.rival_rows, ours)
    full()
    first = machine.seconds_since_start()
    for _ in range(_WARM_UP):
        full()
    # Before anything is allocated that training does not need.
    peak_rss = machine.peak_rss_bytes()

    short = workloads.Iteration(
        workloads.build(options.width, (*settings, "DISCRIMINATOR_STEPS = 1"))
    )
    for _ in range(1 + _WARM_UP):
        short()
    products = {dtype: MatrixProducts(dtype) for dtype in _dtypes(options.precision)}
    rounds = [
        _round(options, full, short, list(products.values()), ours)
        for _ in range(options.rounds)
    ]
    times = _times(rounds, work.discriminator_steps)
    result = {
        "width": options.width,
        "precision": options.precision,
        "jit_compile": options.jit_compile,
        "rotation": full.built.game.tasks[0].mode,
        "settings": list(options.settings),
        "discriminator_steps": work.discriminator_steps,
        **ours,
        **times,
        **_speed(work, times["iteration_seconds"], products),
        "peak_rss_bytes": peak_rss,
        "time_to_first_iteration_seconds": first,
        "retraces": full.traces - 1,
        "iterations": options.iterations * options.rounds,
        **_parameters(full),
        "device": provenance.device(num_threads),
        "machine": machine.describe(),
        "versions": provenance.versions(),
        "git_commit": provenance.git_commit(),
    }
    _add_rival(result, options, rounds)
    if options.flatness:
        result["flatness"] = flatness(full, options.flatness)
        result["retraces"] = full.traces - 1
    if options.command:
        result["command_to_first_iteration_seconds"] = command_to_first_iteration(
            options.width, settings, options.threads
        )
    return result


def flatness(iteration: workloads.Iteration, steps: int) -> dict[str, Any]:
    """Returns how time and memory change over a number of steps, at least 20.

    Returns:
        "steps"; "time_ratio", the median time of the last tenth of the steps over that
        of the first; "rss_growth_bytes" from the end of the first tenth to the end.
    """
    tenth = steps // 10
    seconds: list[float] = []
    before = 0
    for step in range(steps):
        seconds.append(_timed(iteration))
        if step + 1 == tenth:
            before = machine.rss_bytes()
    growth = statistics.median(seconds[-tenth:]) / statistics.median(seconds[:tenth])
    return {
        "steps": steps,
        "time_ratio": growth,
        "rss_growth_bytes": machine.rss_bytes() - before,
    }


def command_to_first_iteration(
    width: str, settings: Sequence[str], num_threads: int | None
) -> float:
    """Returns the seconds a run takes until its first iteration is on record.

    `compare_ssgan run` is started as a user starts it, without cached moments of the
    test images, and killed after the step. The seconds include the evaluation and the
    checkpoint of the untrained generator.
    """
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "compare_ssgan", "run", "--out", out]
        command += ["--gin", workloads.method_file(width)]
        found = workloads.WIDTHS[width]
        command += ["--dataset", found.dataset, "--budget", found.budget]
        for line in (*found.settings, *settings, "run.log_every = 1"):
            command += ["--set", line]
        if num_threads is not None:
            command += ["--threads", str(num_threads)]
        variables = {
            "PYTHONPATH": str(workloads.ROOT),
            "COMPARE_SSGAN_CACHE": f"{out}/cache",
        }
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not _has_logged(pathlib.Path(out)):
                if process.poll() is not None:
                    raise CommandError(
                        f"{' '.join(command)} ended with exit code "
                        f"{process.returncode} before its first step."
                    )
                if time.perf_counter() - start > _LONGEST_START:
                    raise CommandError(
                        f"{' '.join(command)} took no step in {_LONGEST_START:.0f} s."
                    )
                time.sleep(0.01)
            return time.perf_counter() - start
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _has_logged(out: pathlib.Path) -> bool:
    return any(path.stat().st_size for path in out.glob("runs/*/train.jsonl"))


def _timed(iteration: workloads.Iteration) -> float:
    start = time.perf_counter()
    iteration()
    return time.perf_counter() - start


def _dtypes(precision: str) -> list[tf.DType]:
    return [tf.float32] if precision == "float32" else [tf.float32, tf.bfloat16]


def _round(
    options: Options,
    full: workloads.Iteration,
    short: workloads.Iteration,
    products: Sequence[MatrixProducts],
    ours: dict[str, Any],
) -> Round:
    """Times both steps and the matrix products in turns, then the rival."""
    done = Round([], [], [])
    for _ in range(options.iterations):
        done.full.append(_timed(full))
        done.short.append(_timed(short))
        for product in products:
            product.measure()
    if options.rival_command is not None:
        done.rival_rows.extend(rival.run(options.rival_command))
        rival.check(done.rival_rows, ours)
    return done


def _times(rounds: Sequence[Round], discriminator_steps: int) -> dict[str, Any]:
    """Returns the medians, and how they divide between the players."""
    assert discriminator_steps > 1
    full = statistics.median(s for done in rounds for s in done.full)
    # Neighbours in time: a machine that slows down does so for both.
    more = [
        b - a for done in rounds for a, b in zip(done.short, done.full, strict=True)
    ]
    step = statistics.median(more) / (discriminator_steps - 1)
    return {
        "discriminator_step_seconds": step,
        "generator_step_seconds": full - discriminator_steps * step,
        "iteration_seconds": full,
        "iteration_seconds_range": [
            min(s for done in rounds for s in done.full),
            max(s for done in rounds for s in done.full),
        ],
    }


def _speed(
    work: operations.Work,
    seconds: float,
    products: dict[tf.DType, MatrixProducts],
) -> dict[str, Any]:
    flops = operations.of_iteration(work)
    peaks = {dtype: each.flops_per_second for dtype, each in products.items()}
    peak = peaks[tf.float32]
    found = {
        "images_per_second": work.discriminator_steps * work.batch_size / seconds,
        "discriminator_images": work.discriminator_images,
        "generator_images": work.generator_images,
        "flops": flops,
        "flops_per_second": flops / seconds,
        "peak_flops_per_second": peak,
        "peak_float32": peak,
        "share_of_peak": flops / seconds / peak,
        "times_at_peak": seconds * peak / flops,
    }
    if tf.bfloat16 in peaks:
        found["peak_bfloat16"] = peaks[tf.bfloat16]
        found["share_of_bfloat16_peak"] = flops / seconds / peaks[tf.bfloat16]
    return found


def _parameters(iteration: workloads.Iteration) -> dict[str, int]:
    networks = provenance.networks(iteration.built.game)
    return {
        f"{player}_parameters": networks[player]["parameters"]
        for player in ("generator", "discriminator")
    }


def _add_rival(
    result: dict[str, Any], options: Options, rounds: Sequence[Round]
) -> None:
    pairs = [
        (statistics.median(done.full), done.rival_rows)
        for done in rounds
        if done.rival_rows
    ]
    steps = result["discriminator_steps"]
    pairs = [(seconds, rival.with_steps(found, steps)) for seconds, found in pairs]
    rows = rival.with_steps(options.rival_rows, steps)
    rows += [row for _, found in pairs for row in found]
    if rows:
        result["rival"] = rival.compare(result, rows, pairs)
