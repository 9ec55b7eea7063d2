import errno
import json
import math
import os
import threading

import pytest
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.analysis.figures import curves
from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import (
    CommandError,
    InputError,
    RunHeldError,
)
from compare_ssgan.studies import attempt, experiment, files, lock, run, sweep_report
from compare_ssgan.studies.record import Record


def rows(directory, name):
    return files.read_rows(directory / name)


def test_a_run_leaves_a_complete_record(load, capsys):
    request = load("STEPS = 6", "EVAL_EVERY = 4", seed=2)
    outcome = run.execute(request)
    directory = request.run_directory
    assert outcome.run_dir == directory
    assert (directory / "DONE").exists()

    content = json.loads((directory / "run.json").read_text())
    expected = {
        "schema": 1,
        "run_id": request.run_id,
        "study": "single",
        "dataset": "toy",
        "method": "plain",
        "family": "unconditional",
        "budget": "short",
        "seed": 2,
        "settings": ["STEPS = 6", "EVAL_EVERY = 4"],
        "config_digest": request.run_id[-8:],
        "status": "complete",
        "error": None,
        "diverged": None,
        "image_shape": [8, 8, 1],
        "num_classes": 3,
        "steps": 6,
        "batch_size": 8,
        "discriminator_steps": 2,
    }
    assert {name: content[name] for name in expected} == expected
    assert content["networks"]["generator"]["parameters"] == 2 * 64
    assert content["networks"]["discriminator"]["parameters"] == 64
    assert content["networks"]["tasks"] == {}
    assert content["device"]["kind"] in ("cpu", "gpu")
    assert content["versions"].keys() == {"python", "tensorflow", "keras", "numpy"}
    assert content["wall_seconds"] > 0

    measured = rows(directory, "metrics.jsonl")
    assert [row["step"] for row in measured] == [0, 0, 4, 4, 6, 6]
    assert {row["metric"] for row in measured} == {
        "fid32_test_random",
        "kid32_test_random",
    }
    assert measured[-1].keys() == {
        "step",
        "metric",
        "value",
        "images_seen",
        "eval_seed",
    }
    assert measured[-1]["images_seen"] == 6 * 8 * 2
    terms = rows(directory, "train.jsonl")
    assert [row["step"] for row in terms] == [5, 6]
    assert terms[0].keys() == {
        "step",
        "discriminator/adversarial",
        "discriminator/penalty",
        "generator/adversarial",
    }
    (one,) = rows(directory, "attempts.jsonl")
    assert (one["from_step"], one["to_step"], one["status"]) == (0, 6, "complete")
    assert (directory / "config.gin").read_text().splitlines() == config.canonical()
    assert "log_every" in (directory / "operative_config.gin").read_text()
    assert len(list((directory / "samples").iterdir())) == 3
    assert list(directory.glob("events.*"))

    printed = capsys.readouterr()
    assert "plain (unconditional) on toy, seed 2" in printed.err
    assert "128 parameters" in printed.err
    header, values = printed.out.splitlines()[:2]
    assert header.split()[:5] == [
        "method",
        "dataset",
        "seed",
        "step",
        "fid32_test_random",
    ]
    assert values.split()[:4] == ["plain", "toy", "2", "6"]
    assert f"curve: {directory}/figures/fid32_test_random.png" in printed.out
    assert f"samples: {directory}/samples/step_000006.png" in printed.out
    assert outcome.curve.exists()
    assert outcome.grid.exists()


def test_equal_requests_give_equal_numbers(load, tmp_path):
    first, second = (load("STEPS = 3", out=tmp_path / name) for name in "ab")
    run.execute(first)
    run.execute(second)
    for name in ("metrics.jsonl", "train.jsonl"):
        expected = (first.run_directory / name).read_bytes()
        assert (second.run_directory / name).read_bytes() == expected


def test_a_finished_run_is_not_done_again(load, capsys):
    request = load("STEPS = 2")
    run.execute(request)
    printed = capsys.readouterr().out
    before = (request.run_directory / "attempts.jsonl").read_bytes()
    assert run.execute(request).status == "complete"
    assert capsys.readouterr().out == printed
    assert (request.run_directory / "attempts.jsonl").read_bytes() == before


def test_a_non_finite_term_ends_the_run_as_diverged(load, capsys):
    request = load("toys.Game.diverge_at = 3")
    outcome = run.execute(request)
    assert outcome.status == "diverged"
    record = Record(request.run_directory)
    assert record.done
    content = record.read()
    assert content["status"] == "diverged"
    assert content["diverged"] == {"step": 3, "term": "generator/adversarial"}
    last = record.measurements()[-2:]
    assert [row["step"] for row in last] == [3, 3]
    assert all(math.isnan(row["value"]) for row in last)
    assert '"value": NaN' in (request.run_directory / "metrics.jsonl").read_text()
    printed = capsys.readouterr()
    assert "generator/adversarial is not finite at step 3" in printed.err
    assert "diverged" in printed.out


def test_the_second_process_is_refused_and_changes_nothing(load):
    request = load()
    request.run_directory.mkdir(parents=True)
    with lock.hold(request.run_directory), pytest.raises(RunHeldError, match="held by"):
        run.execute(request)
    assert [path.name for path in request.run_directory.iterdir()] == ["lock"]


def test_a_failure_before_the_first_record_is_on_record(load, monkeypatch, tmp_path):
    request = load("STEPS = 2")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_text('{"study": "mine", "planned": []}')

    def fail(team):
        raise tf.errors.ResourceExhaustedError(None, None, "CUDA_OUT_OF_MEMORY")

    monkeypatch.setattr(experiment, "build", fail)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        run.execute(request)
    (found,) = run_records.read(tmp_path / "out")
    assert (found.status, found.error) == (
        "failed",
        "ResourceExhaustedError: CUDA_OUT_OF_MEMORY",
    )
    assert (found.study, found.dataset, found.method) == ("mine", "toy", "plain")
    assert sweep_report.state(request) == "failed"
    monkeypatch.undo()
    assert run.execute(request).status == "complete"
    content = Record(request.run_directory).read()
    assert (content["error"], content["batch_size"]) == (None, 8)
    assert content["data"].keys() == {"train", "test"}


@pytest.mark.parametrize("error", [OSError("no font"), InputError("no such curve")])
def test_a_run_whose_curve_cannot_be_drawn_is_done(load, monkeypatch, capsys, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(curves, "run_curve", fail)
    request = load("STEPS = 1")
    outcome = run.execute(request)
    assert (outcome.status, outcome.curve) == ("complete", None)
    assert (request.run_directory / "DONE").exists()
    assert f"not drawn: {type(error).__name__}: {error}" in capsys.readouterr().err


def test_a_run_that_diverges_at_once_has_read_its_settings(load, tmp_path):
    request = load("toys.Game.diverge_at = 1", out=tmp_path / "a")
    run.execute(request)
    assert "evaluate:" in (request.run_directory / "operative_config.gin").read_text()
    unread = ("toys.Game.diverge_at = 1", "metrics.inception_score.num_splits = 2")
    with pytest.raises(InputError, match="no effect"):
        run.execute(load(*unread, out=tmp_path / "b"))


def test_an_exception_is_on_record_and_the_run_can_go_on(load, monkeypatch):
    request = load("STEPS = 20")

    def fail(self, step):
        raise RuntimeError("broken")

    monkeypatch.setattr(attempt.Attempt, "checkpoint", fail)
    with pytest.raises(RuntimeError, match="broken"):
        run.execute(request)
    record = Record(request.run_directory)
    assert record.read()["status"] == "failed"
    assert record.read()["error"] == "RuntimeError: broken"
    monkeypatch.undo()
    assert run.execute(request).status == "complete"
    assert record.read()["error"] is None


def test_a_setting_that_nothing_reads_is_refused_and_leaves_nothing(load, tmp_path):
    request = load("metrics.inception_score.num_splits = 2")
    expected = r"no effect.*metrics.inception_score.num_splits \(--set 'metr"
    with pytest.raises(InputError, match=expected):
        run.execute(request)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("run.steps = 0", "run.steps must be a whole number from 1 on, not 0"),
        ("run.steps = 1e3", "run.steps must be a whole number, not 1000.0"),
        ("run.log_every = -1", "run.log_every must be"),
        ("run.batch_size = True", "run.batch_size must be"),
        ("run.discriminator_steps = '2'", "run.discriminator_steps must be"),
        ("run.batch_size = 51", "only 50 images. Change BATCH_SIZE"),
        ("run.seed = -1", "run.seed"),
        ("run.ema_decay = 1.0", r"run.ema_decay must be in \(0, 1\)"),
        ("run.ema_decay = 'a'", "run.ema_decay must be a number or None, not 'a'"),
        ("run.gan = 3", "run.gan must be a component, @name, not 3"),
        ("run.dataset = @toys.data", "with its parentheses"),
        ("evaluate.num_samples = 51", "EVAL_SAMPLES"),
        ("optimizers.adam.learning_rate = 'a'", "learning_rate must be a number"),
        ("optimizers.adam.learning_rate = -1.0", "learning_rate must be positive"),
    ],
)
def test_a_wrong_setting_is_named_and_leaves_nothing(load, tmp_path, setting, message):
    with pytest.raises(InputError, match=message) as caught:
        run.execute(load(setting))
    assert "In call to configurable" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_start_step_without_an_average_is_refused(load):
    request = load("run.ema_decay = None", "run.ema_start_step = 5")
    with pytest.raises(InputError, match="there is no moving average"):
        run.execute(request)


def test_a_run_without_moving_average_works(load):
    assert run.execute(load("STEPS = 1", "run.ema_decay = None")).status == "complete"


def test_an_out_directory_that_cannot_be_written_to_is_refused(load, tmp_path):
    (tmp_path / "file").touch()
    request = load(out=tmp_path / "file")
    with pytest.raises(InputError, match=r"Cannot write to .*--out"):
        run.execute(request)


@pytest.mark.parametrize("name", ["file/x", "x" * 300])
def test_an_out_directory_that_cannot_be_is_refused(load, tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"Cannot .*--out"):
        run.execute(load(out=tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_edited_config_is_refused_with_the_first_line_that_differs(load):
    request = load("STEPS = 2")
    run.execute(request)
    (request.run_directory / "DONE").unlink()
    path = request.run_directory / "config.gin"
    path.write_text(path.read_text().replace("run.steps = 2", "run.steps = 3"))
    number = path.read_text().splitlines().index("roots.run.steps = 3") + 1
    expected = f"another config.*line {number}, has 'roots.run.steps = 3', this run has"
    with pytest.raises(InputError, match=expected):
        run.execute(request)
    assert (request.run_directory / "metrics.jsonl").exists()


@pytest.mark.parametrize("place", ["checkpoint", "jsonl"])
def test_a_full_disk_ends_with_one_message_and_the_run_can_go_on(
    load, monkeypatch, place
):
    request = load("STEPS = 20")

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_in_tensorflow(*arguments, **options):
        raise tf.errors.ResourceExhaustedError(None, None, "x; No space left on device")

    if place == "jsonl":
        monkeypatch.setattr(files, "append_rows", full)
    else:
        manager = "compare_ssgan.training.checkpoints.Checkpoints.save"
        monkeypatch.setattr(manager, full_in_tensorflow)
    with pytest.raises(CommandError, match="No space left on device while") as caught:
        run.execute(request)
    assert caught.value.exit_code == 1
    # There was room for the record: it says the same.
    text = (request.run_directory / "run.json").read_text()
    assert json.loads(text)["error"] == str(caught.value)
    monkeypatch.undo()
    assert run.execute(request).status == "complete"


def test_if_no_checkpoint_is_readable_the_run_does_not_begin_again(load):
    request = load("STEPS = 2")
    run.execute(request)
    (request.run_directory / "DONE").unlink()
    for path in (request.run_directory / "checkpoints").glob("*.index"):
        path.write_bytes(b"")
    with pytest.raises(CommandError, match="None of the 2 checkpoints"):
        run.execute(request)
    assert len(rows(request.run_directory, "metrics.jsonl")) == 4


def test_another_number_of_threads_is_warned_of(load, caplog):
    request = load("STEPS = 2")
    run.execute(request)
    (request.run_directory / "DONE").unlink()
    path = request.run_directory / "attempts.jsonl"
    row = rows(request.run_directory, "attempts.jsonl")[0]
    path.write_text(files.to_lines([row | {"threads": 77}]))
    run.execute(request)
    assert "begun with 77 threads" in caplog.text


def test_outside_the_main_thread_a_run_works_too(load):
    request, outcomes = load("STEPS = 1"), []
    thread = threading.Thread(target=lambda: outcomes.append(run.execute(request)))
    thread.start()
    thread.join()
    assert outcomes[0].status == "complete"
