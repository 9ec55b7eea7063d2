"""Adding measurements to runs of the toy."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

from compare_ssgan import config
from compare_ssgan.errors import InputError, PreemptedError, RunHeldError
from compare_ssgan.evaluation.metric import Metric
from compare_ssgan.studies import evaluation, lock, run, spec
from compare_ssgan.studies.measuring import Measuring, MissedError, Options
from compare_ssgan.studies.record import Record
from tests.studies.toy import components, program

ROOT = pathlib.Path(__file__).parents[2]
FID, KID = "fid32_test_random", "kid32_test_random"


@config.register("metrics")
def kernel_width(scale: float = 1.0) -> Metric:
    """Something that only wide toys have (no reference)."""

    def check(model, dataset):
        if model is not None and model.game.width < 4:
            raise InputError("the kernel is too narrow")

    return Metric(
        kinds=("gilbo",),
        compute=lambda evidence: (scale * evidence.model.game.width,),
        needs_model=True,
        check=check,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study of two runs with checkpoints of steps 20, 30 and 40."""
    out = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(components.CONFIGS.parent)
        program.use_toy_configs(patch.setattr)
        for width in (3, 4):
            settings = (f"toys.Game.width = {width}",)
            files = ("gin_configs/plain.gin",)
            request = spec.RunRequest(files, "toy", settings=settings, out=out)
            run.execute(spec.load(request))
    return out


@pytest.fixture
def study(toy_configs, trained, tmp_path):
    """A copy of the study, the narrow run first."""
    shutil.copytree(trained, tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture
def finished(study):
    return run_directories(study)[0]


def run_directories(study):
    def width(directory):
        return re.findall(r"width = \d", (directory / "config.gin").read_text())

    return sorted((study / "runs").iterdir(), key=width)


def evaluate(directory, steps="last", follow=False, **options):
    options = Options(**options)
    return evaluation.evaluate_runs(
        evaluation.Request(directory, options, steps, follow)
    )


def rows(directory, name="evaluations"):
    path = directory / f"{name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def test_it_measures_what_the_training_did_bit_for_bit(finished):
    measured = rows(finished, "metrics")
    last = [row for row in measured if row["step"] == 40]
    kept = [row for row in measured if row not in last[1:]]
    text = "".join(json.dumps(row) + "\n" for row in kept)
    (finished / "metrics.jsonl").write_text(text)
    assert evaluate(finished) == 0
    # FID was still there.
    assert rows(finished) == last[1:]
    assert rows(finished, "metrics") == kept


def test_nothing_is_measured_twice(finished, capsys, monkeypatch):
    before = (finished / "metrics.jsonl").read_bytes()
    assert evaluate(finished) == 0
    out, err = capsys.readouterr()
    assert "2 of 2 measurements were there already" in err
    assert re.search(rf"step +{FID} +{KID}\n.* 40 +[\d.]+ +[\d.]+\n", out)
    assert not (finished / "evaluations.jsonl").exists()
    assert evaluate(finished, metrics=("fid",), seeds=(0, 5)) == 0
    assert "1 of 2 measurements were there already" in capsys.readouterr().err

    asked = []
    measure = Measuring._measured

    def counted(self, metrics, seed):
        asked.append((seed, len(metrics)))
        return measure(self, metrics, seed)

    monkeypatch.setattr(Measuring, "_measured", counted)
    assert evaluate(finished, seeds=(5,)) == 0
    assert asked == [(5, 1)]
    keys = [(row["step"], row["metric"], row["eval_seed"]) for row in rows(finished)]
    assert keys == [(40, FID, 5), (40, KID, 5)]
    assert (finished / "metrics.jsonl").read_bytes() == before


def test_all_kept_checkpoints_in_place_and_traced_once(finished, capsys):
    record = Record(finished)
    found = Measuring(record, Options(seeds=(1, 2)), pytest.fail)
    values = [v for step in (20, 30, 40) for v in found.measure(step)]
    assert [(v.step, v.eval_seed) for v in values] == [
        (20, 1), (20, 2), (30, 1), (30, 2), (40, 1), (40, 2),
    ]  # fmt: skip
    assert found._sampler._sample.experimental_get_tracing_count() == 1
    assert len({v.values[FID] for v in values}) == 6
    assert {row["images_seen"] for row in rows(finished)} == {320, 480, 640}
    assert evaluate(finished, "all", seeds=(1, 2)) == 0
    assert "12 of 12 measurements" in capsys.readouterr().err
    assert evaluate(finished, (20, 40), seeds=(1,)) == 0
    assert "4 of 4 measurements" in capsys.readouterr().err


def test_settings_change_how_is_measured(finished):
    settings = ("evaluate.truncation = 0.5", "evaluate.num_samples = 16")
    assert evaluate(finished, metrics=("fid",), settings=settings) == 0
    assert [r["metric"] for r in rows(finished)] == ["fid16_test_random_truncation0.5"]
    more = ("features.random_convolutions.seed = 3", "evaluate.metrics = [@kid()]")
    assert evaluate(finished, settings=more) == 0
    assert rows(finished)[1]["metric"] == "kid32_test_random64seed3"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": ("fdi",)}, "no metric 'fdi'. Did you mean 'fid'. There are: "),
        ({"metrics": ("is",)}, "'is' is measured by 'inception_score'"),
        ({"metrics": ("fid", "fid")}, "names one twice"),
        ({"settings": ("STEPS = 7",)}, "STEPS cannot be changed. Only parameters of e"),
        ({"settings": ("run.steps = 7",)}, "of what is settled, run.steps|run cannot"),
        ({"settings": ("toys.Game.width = 5",)}, "toys.Game cannot be changed"),
        ({"settings": ("evaluate.truncaton = 1",)}, "Did you mean 'truncation'"),
        ({"settings": ("evaluate.truncation = 'x'",)}, "must be a number or None"),
        (
            {"settings": ("metrics.kid.subset_size = 9",), "metrics": ("fid",)},
            "no effect, .*metrics.kid.subset_size",
        ),
        (
            {"settings": ("evaluate.metrics = [@fid()]",), "metrics": ("fid",)},
            "no effect, .*evaluate.metrics",
        ),
        ({"settings": ("evaluate.eval_seed = 1",), "seeds": (2,)}, "no effect.*seed"),
        ({"seeds": (2**31,)}, "--seeds must be below"),
        ({"steps": (20, 25)}, "no checkpoint of step 25, only of 20, 30, 40. Change"),
        ({"metrics": ("inception_score",)}, "cannot have .*needs a classifier"),
    ],
)
def test_wrong_input_is_refused(finished, options, message):
    with pytest.raises(InputError, match=message):
        evaluate(finished, **options)
    assert rows(finished) == []
    assert not (finished / ".evaluating").exists()


def test_another_configuration_or_other_data_are_refused(finished):
    text = (finished / "config.gin").read_text()
    (finished / "config.gin").write_text(f"{text}evaluate.split = 'train'\n")
    with pytest.raises(InputError, match=r"config.gin was edited after"):
        evaluate(finished)
    (finished / "config.gin").write_text(text)
    described = json.loads((finished / "run.json").read_text())
    described["data"]["test"] = "0" * 64
    (finished / "run.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="was begun on other data: its test examples"):
        evaluate(finished)


def test_a_diverged_run_has_nan_where_it_is_asked_for(load, capsys):
    directory = run.execute(load("toys.Game.diverge_at = 25")).run_dir
    assert evaluate(directory, seeds=(1,)) == 0
    assert {row["step"] for row in rows(directory)} == {20}
    assert evaluate(directory, (25, 30), metrics=("fid",), seeds=(1,)) == 0
    (row,) = rows(directory)[2:]
    assert (row["step"], row["metric"]) == (25, FID)
    assert row["value"] != row["value"]
    assert "It diverged at step 25: there is no step 30" in capsys.readouterr().err


def test_a_stopped_evaluation_goes_on_with_what_is_missing(finished, monkeypatch):
    expected = finished.parent / "expected"
    shutil.copytree(finished, expected)
    assert evaluate(expected, "all", seeds=(1, 2)) == 0
    measure, calls = Measuring._measured, []

    def stopped(self, metrics, seed):
        calls.append(seed)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return measure(self, metrics, seed)

    # What a killed process leaves.
    (finished / ".evaluating" / "checkpoint").mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(Measuring, "_measured", stopped)
        with pytest.raises(PreemptedError, match=r"stopped by SIGINT. What was measu"):
            evaluate(finished, "all", seeds=(1, 2))
    assert len(rows(finished)) == 6
    assert not (finished / ".evaluating").exists()
    assert evaluate(finished, "all", seeds=(1, 2)) == 0
    assert rows(finished) == rows(expected)


def test_two_evaluations_of_a_run_exclude_each_other(finished):
    with lock.hold(finished, lock.EVALUATION), pytest.raises(RunHeldError):
        evaluate(finished)
    # One who trains is not in the way.
    with lock.hold(finished):
        assert evaluate(finished) == 0


def test_a_checkpoint_that_is_gone_is_told(finished, capsys, monkeypatch):
    found = Measuring(Record(finished), Options(seeds=(1,)), pytest.fail)
    for path in (finished / "checkpoints").glob("ckpt-20.*"):
        path.unlink()
    with pytest.raises(MissedError, match="step 20 was removed by the training"):
        list(found.measure(20))
    real = evaluation.choose
    chosen = real(Record(finished), "all")._replace(checkpoints=[20, 40])
    monkeypatch.setattr(evaluation, "choose", lambda *_: chosen)
    assert evaluate(finished, "all", seeds=(1,)) == 0
    assert "step 20 was removed" in capsys.readouterr().err
    assert {row["step"] for row in rows(finished)} == {40}


def test_a_study_leaves_out_what_a_run_cannot_have(study, capsys):
    narrow, wide = run_directories(study)
    options = {"metrics": ("fid", "kernel_width"), "seeds": (3,)}
    assert evaluate(study, **options) == 0
    err = capsys.readouterr().err
    assert f"{narrow.name}\n  kernel_width is left out: the kernel is" in err
    assert [row["metric"] for row in rows(narrow)] == [FID]
    assert [row["metric"] for row in rows(wide)] == [FID, "gilbo32"]
    assert rows(wide)[1]["value"] == 4
    with pytest.raises(InputError, match=r"The run cannot have .* kernel_width: the k"):
        evaluate(narrow, **options)
    shutil.rmtree(wide)
    with pytest.raises(InputError, match="No run can have the metric kernel_width"):
        evaluate(study, **options)
    with pytest.raises(InputError, match="no effect"):
        evaluate(study, settings=("metrics.kernel_width.scale = 2.0",))


def test_a_study_goes_on_after_a_run_that_fails(study, capsys):
    first, second = run_directories(study)
    shutil.rmtree(first / "checkpoints")
    assert evaluate(study, seeds=(3,)) == 1
    assert "has no checkpoint to evaluate" in capsys.readouterr().err
    assert len(rows(second)) == 2
    with lock.hold(second, lock.EVALUATION):
        assert evaluate(study, seeds=(4,)) == 1
        shutil.rmtree(first)
        assert evaluate(study, seeds=(4,)) == 3
    with pytest.raises(InputError, match="--follow follows one run"):
        evaluate(study, follow=True)


def test_a_training_is_followed_from_another_process(
    toy_configs, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(evaluation, "_POLL_SECONDS", 0.1)
    command = [
        sys.executable, "-m", "tests.studies.toy.program", "run",
        "--gin", "gin_configs/plain.gin", "--out", str(tmp_path),
        "--set", "STEPS = 60", "--set", "CHECKPOINT_EVERY = 5",
        "--set", "EVAL_EVERY = 60",
    ]  # fmt: skip
    training = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not [*tmp_path.glob("runs/*/run.json")]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (directory,) = (tmp_path / "runs").iterdir()
    assert evaluate(directory, "all", follow=True, metrics=("fid",), seeds=(7,)) == 0
    _, stderr = training.communicate(timeout=60)
    assert training.returncode == 0, stderr
    steps = [row["step"] for row in rows(directory)]
    assert steps[-1] == 60
    assert steps == sorted({*steps})
    told = capsys.readouterr().err
    for step in range(steps[0], 60, 5):
        assert (step in steps) != (re.search(rf"\b{step}\b", told) is not None)
