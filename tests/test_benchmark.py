"""tools/benchmark.py: what it counts, what it compares, and that it runs."""

import itertools
import json
import pathlib
import shlex
import subprocess
import sys

import pytest
import tensorflow as tf

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import experiment, provenance
from tools.benchmarks import (
    feature_metrics,
    machine,
    operations,
    rival,
    step,
    workloads,
)

ROOT = pathlib.Path(__file__).parent.parent
TOOL = ROOT / "tools" / "benchmark.py"
SECONDS = {
    "discriminator_step_seconds": 2.0,
    "generator_step_seconds": 4.0,
    "iteration_seconds": 8.0,
}
ROW = SECONDS | {"discriminator_steps": 2, "library": "slow"}


def benchmark(*arguments, timeout=900):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def needed_products(graph):
    """Operations of the products that a traced step cannot do without.

    The tape also asks for the gradients of the discriminator's kernels in the
    generator's step; as nothing uses them, they are not computed.
    """
    needed = [output.op for output in graph.outputs] + list(graph.control_outputs)
    seen = set()
    while needed:
        op = needed.pop()
        if op not in seen:
            seen.add(op)
            needed += [x.op for x in op.inputs] + list(op.control_inputs)
    return sum(products(op) for op in seen)


def products(op):
    if op.type == "MatMul":
        left, right = op.inputs[0].shape, op.outputs[0].shape
        inner = left[0] if op.get_attr("transpose_a") else left[1]
        return 2 * inner * right.num_elements()
    if op.type == "Conv2D":
        kernel, image = op.inputs[1].shape, op.outputs[0].shape
    elif op.type == "Conv2DBackpropInput":
        kernel, image = op.inputs[1].shape, op.inputs[2].shape
    elif op.type == "Conv2DBackpropFilter":
        kernel, image = op.outputs[0].shape, op.inputs[2].shape
    else:
        return 0
    return 2 * kernel.num_elements() * image.num_elements() // image[-1]


@pytest.mark.parametrize(
    "width, settings",
    [
        (
            "paper",
            # Of more channels, some convolutions are done with fewer products.
            (
                "resnet_cifar.Generator.channels = 96",
                "resnet_cifar.Backbone.channels = 64",
            ),
        ),
        ("narrow", ()),
    ],
)
def test_operations_are_those_of_the_traced_step(width, settings):
    # With more discriminator steps there is a loop, whose body counts once.
    built = workloads.build(width, (*settings, "DISCRIMINATOR_STEPS = 1"))
    expected = needed_products(experiment.trace(built))
    counted = operations.of_iteration(workloads.work(built))
    # Power iterations, heads and the merging of kernels are not counted.
    assert counted == pytest.approx(expected, rel=0.01)
    assert counted <= expected


def test_networks_whose_operations_are_not_known_are_refused():
    built = workloads.build(
        "narrow", ("resnet_cifar.Generator.shortcut_kernel_size = 3",)
    )
    with pytest.raises(InputError, match=r"1x1 shortcuts are counted.*--set"):
        workloads.work(built)


def test_the_paper_width_is_the_rivals():
    built = workloads.build("paper", ())
    networks = provenance.networks(built.game)
    assert networks["generator"]["parameters"] == 4_276_739
    assert networks["discriminator"]["parameters"] == 1_053_825
    assert built.discriminator_steps == 5
    # SNGAN's networks need 2.35 and 0.33 GFLOP per image.
    work = workloads.work(built)
    assert 2.34e9 < sum(p.operations for p in work.generator) < 2.36e9
    assert 0.32e9 < sum(p.operations for p in work.discriminator) < 0.33e9
    # 64 real, 64 generated, and the three rotated quarters of 64.
    assert (work.discriminator_images, work.generator_images) == (176, 112)


def test_operations_of_a_toy_follow_from_counting_passes():
    data = operations.Product(1, 1, 5, 1, reads_data=True)
    inner = operations.Product(2, 9, 1, 3)
    assert (data.operations, inner.operations) == (10, 108)
    work = operations.Work([data, inner], [data], 4, 8, 6, 3)
    of_discriminator = 4 * (10 + 108) + 8 * 2 * 10
    of_generator = 4 * (2 * 10 + 3 * 108) + 6 * 2 * 10
    assert operations.of_discriminator_step(work) == of_discriminator
    assert operations.of_generator_step(work) == of_generator
    assert operations.of_iteration(work) == 3 * of_discriminator + of_generator


def test_the_time_of_an_iteration_divides_between_the_players():
    rounds = [
        step.Round([11.0, 13.0], [4.0, 5.0], []),
        step.Round([12.0], [4.0], []),
    ]
    times = step._times(rounds, 5)
    assert times["iteration_seconds"] == 12.0
    assert times["discriminator_step_seconds"] == (12.0 - 4.0) / 4
    assert times["generator_step_seconds"] == 12.0 - 5 * 2.0
    assert times["iteration_seconds_range"] == [11.0, 13.0]


def test_flatness_compares_the_first_steps_with_the_last(monkeypatch):
    seconds = itertools.chain([1.0, 3.0], [9.0] * 16, [4.0, 8.0])
    memory = iter([100, 130])
    monkeypatch.setattr(step, "_timed", lambda iteration: next(seconds))
    monkeypatch.setattr(machine, "rss_bytes", lambda: next(memory))
    assert step.flatness(None, 20) == {
        "steps": 20,
        "time_ratio": 3.0,
        "rss_growth_bytes": 30,
    }


def test_a_diverged_training_is_not_timed():
    built = workloads.build("narrow", ())
    terms = {"generator/adversarial": tf.constant(float("nan"))}
    iteration = workloads.Iteration(built._replace(train_step=lambda batches: terms))
    with pytest.raises(CommandError, match="diverged: generator/adversarial is nan"):
        iteration()


def test_memory_and_age_are_of_this_process():
    block = bytearray(50_000_000)
    assert machine.peak_rss_bytes() >= machine.rss_bytes() > len(block)
    before = machine.seconds_since_start()
    assert 0 < before <= machine.seconds_since_start()
    program = "from tools.benchmarks import machine; print(machine.{})"
    command = [sys.executable, "-c"]
    # A child does not inherit what its parent has used.
    for what, most in (("peak_rss_bytes()", 50e6), ("seconds_since_start()", 30)):
        done = subprocess.run(
            [*command, program.format(what)], cwd=ROOT, capture_output=True, text=True
        )
        assert 0 <= float(done.stdout) < most, done.stderr


def test_a_rivals_ratio_is_of_medians_and_of_rounds():
    ours = {"discriminator_step_seconds": 1.0, "generator_step_seconds": 1.0}
    ours["iteration_seconds"] = 3.0
    rows = [ROW | {"iteration_seconds": seconds} for seconds in (6.0, 9.0, 30.0)]
    rounds = [(3.0, rows[:1]), (2.0, rows[1:])]
    assert rival.compare(ours, rows, rounds) == {
        "labels": {"library": "slow"},
        "seconds": SECONDS | {"iteration_seconds": 9.0},
        "ratio": 3.0,
        "discriminator_step_ratio": 2.0,
        "generator_step_ratio": 4.0,
        "round_ratios": [2.0, 9.75],
    }


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "FILE holds no line of times"),
        ("\nseconds", "FILE, line 2 is not JSON"),
        ("[1]", "FILE, line 1 is not a JSON object"),
        (json.dumps(SECONDS), "a positive number discriminator_steps, not None"),
        (
            json.dumps(ROW | {"iteration_seconds": "1"}),
            "a positive number iteration_seconds, not '1'",
        ),
        (
            json.dumps(ROW | {"iteration_seconds": float("nan")}),
            "a positive number iteration_seconds, not nan",
        ),
    ],
)
def test_a_rivals_line_without_times_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        rival.parse(text.splitlines(), "FILE")


def test_other_work_than_the_rivals_is_refused():
    ours = {"batch_size": 64, "threads": 2}
    rival.check([ROW, ROW | {"batch_size": 64}], ours)
    with pytest.raises(InputError, match="batch_size = 32, this step with 64"):
        rival.check([ROW, ROW | {"batch_size": 32}], ours)
    with pytest.raises(InputError, match="threads = 4, this step with 2"):
        rival.check([ROW | {"threads": 4}], ours)


def test_an_iteration_of_other_steps_is_put_together_from_those_of_the_players():
    same, other = rival.with_steps([ROW | {"iteration_seconds": 8.5}, ROW], 2)
    assert same["iteration_seconds"] == 8.5
    (five,) = rival.with_steps([ROW], 5)
    assert other == ROW
    assert (five["discriminator_steps"], five["iteration_seconds"]) == (5, 5 * 2.0 + 4)


def test_a_rivals_command_that_fails_is_told():
    with pytest.raises(CommandError, match="failed with exit code 3: no library"):
        rival.run(_python("import sys; print('no library', file=sys.stderr); exit(3)"))
    with pytest.raises(InputError, match="cannot run"):
        rival.run("there-is-no-such-program")
    with pytest.raises(InputError, match="holds no line of times"):
        rival.run(_python("print('hello')"))
    assert rival.run(_python(f"print('hello'); print({json.dumps(ROW)!r})")) == [ROW]


def _python(program):
    return shlex.join([sys.executable, "-c", program])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--precision", "float64"], "invalid choice: 'float64'"),
        (["--iterations", "0"], "must be a whole number from 1 on, not '0'"),
        (["--rival", "nowhere.json"], "--rival nowhere.json cannot be read"),
        (["--rival", TOOL], "line 1 is not JSON"),
        (["--rival_command", "'"], "is no command: No closing quotation"),
        (["--flatness", 100], "Add --width narrow"),
        (["--width", "narrow", "--flatness", 10], "at least 20 of them, not 10"),
        (["--no_command"], "no effect without --width narrow"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_built(arguments, message):
    done = benchmark("step", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.slow
@pytest.mark.alone
def test_it_measures_the_step_of_the_default_run():
    command = _python(f"print({json.dumps(ROW)!r})")
    done = benchmark(
        *("step", "--width", "narrow", "--iterations", 1, "--rounds", 2),
        *("--no_command", "--json", "--rival_command", command),
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    steps = found["discriminator_steps"]
    assert (found["width"], found["precision"], steps) == ("narrow", "float32", 2)
    assert found["batch_size"] == 64
    assert found["iterations"] == 2
    assert found["retraces"] == 0
    seconds = found["iteration_seconds"]
    assert 0 < seconds < 60
    parts = (
        steps * found["discriminator_step_seconds"] + found["generator_step_seconds"]
    )
    assert parts == pytest.approx(seconds)
    assert found["images_per_second"] == pytest.approx(2 * 64 / seconds)
    share = found["flops"] / seconds / found["peak_flops_per_second"]
    assert found["share_of_peak"] == pytest.approx(share)
    assert found["flops"] > 1e9
    assert 100e6 < found["peak_rss_bytes"] < found["machine"]["memory_bytes"]
    assert 0 < found["time_to_first_iteration_seconds"] < 300
    assert found["rival"]["ratio"] == pytest.approx(8.0 / seconds)
    assert len(found["rival"]["round_ratios"]) == 2
    assert found["generator_parameters"] > found["discriminator_parameters"] > 0


def test_it_times_the_distance_of_gaussians_beside_scipys_root():
    done = benchmark("distance", "--size", 40, "--examples", "100,20", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    full, singular = found["cases"]["examples100"], found["cases"]["examples20"]
    assert full["relative_difference"] < 1e-6
    assert singular["distance"] > full["distance"] > 0
    assert full["ratio"] == pytest.approx(full["sqrtm_seconds"] / full["seconds"])
    assert len(full["round_ratios"]) == 3


def test_it_takes_time_and_memory_of_a_metric():
    done = benchmark(
        *("metrics", "--metrics", "intra_fid", "--examples", 100, "--size", 4, "--json")
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["metrics"]["intra_fid"]
    assert found["seconds"] > 0
    assert 100e6 < found["rss_before_bytes"] <= found["peak_rss_bytes"] < 4e9
    assert found["values"]["intra_fid"] > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["distance", "--examples", "5,1"], "fitted to two or more"),
        (["distance", "--examples", "x"], "must be a whole number from 1 on"),
        (["metrics", "--metrics", "fid,did"], "knows no did, only fid"),
    ],
)
def test_wrong_input_of_the_other_commands_is_refused(arguments, message):
    done = benchmark(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", feature_metrics.NAMES)
def test_metrics_of_50000_long_features_stay_below_two_gigabytes(name):
    num = 50_000
    if name in ("precision_recall", "density_coverage", "fid_standard_error"):
        # They would take minutes; blocks are of the same size for fewer examples, and
        # only the features themselves are smaller.
        num = 15_000
    done = benchmark("metrics", "--metrics", name, "--examples", num, "--json")
    assert done.returncode == 0, done.stderr
    smaller = 2 * (50_000 - num) * 2048 * 4
    assert json.loads(done.stdout)["peak_rss_bytes"] + smaller < 2e9


@pytest.mark.slow
@pytest.mark.alone
def test_the_default_run_starts_at_once_and_stays_as_fast():
    # What else it measures is of no interest here.
    few = ("--iterations", 1, "--rounds", 1)
    done = benchmark("step", "--width", "narrow", "--json", "--flatness", 300, *few)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["command_to_first_iteration_seconds"] <= 15
    assert found["retraces"] == 0
    assert found["flatness"]["time_ratio"] < 1.2
    assert found["flatness"]["rss_growth_bytes"] < 50e6
