import fcntl
import json
import math
import os
import socket

import numpy as np
import pytest

from compare_ssgan.analysis.records import frames, run_records
from compare_ssgan.errors import InputError
from tests.analysis import fabricate


def statuses(study):
    return {run.run_id: run.status for run in run_records.read(study)}


def test_what_was_measured_later_is_added_and_the_training_wins(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, fabricate.measurements([9.0], (50,)))
    later = fabricate.measurements([7.0, 5.0], (50, 20), [fabricate.FID])
    fabricate.evaluations(
        directory,
        [*later, *fabricate.measurements([8.0], (50,), [fabricate.FID], eval_seed=3)],
    )
    (run,) = run_records.read(tmp_path)
    assert [m.value for m in run.measurements if m.metric == fabricate.FID] == [
        9.0, 5.0, 8.0,
    ]  # fmt: skip
    curve = run.curve(fabricate.FID)
    assert curve.steps.tolist() == [20, 50]
    assert curve.values.tolist() == [5.0, 8.5]
    assert curve.evaluations == [{0: 5.0}, {0: 9.0, 3: 8.0}]
    # A run may have no other measurements.
    (directory / "metrics.jsonl").unlink()
    assert len(frames.load(tmp_path)) == 3


def test_who_evaluates_a_run_does_not_train_it(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, status="running")
    with (directory / "evaluate.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [*statuses(tmp_path).values()] == ["partial"]


def test_only_done_means_finished(tmp_path):
    fabricate.run(tmp_path, "gan", 0, status="complete", done=False)
    fabricate.run(tmp_path, "gan", 1, status="complete")
    fabricate.run(tmp_path, "gan", 2, status="running")
    where = {"step": 7, "term": "generator/adversarial"}
    fabricate.run(tmp_path, "gan", 3, status="diverged", diverged=where)
    fabricate.run(tmp_path, "gan", 4, status="failed", error="Traceback\nOSError: full")
    found = [run.status for run in run_records.read(tmp_path)]
    assert found == ["partial", "done", "partial", "diverged", "failed"]


def test_a_held_lock_means_running(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, status="running")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "started": 0}
    with (directory / "lock").open("w") as lock:
        lock.write(json.dumps(holder))
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert statuses(tmp_path) == {directory.name: "running"}
    assert statuses(tmp_path) == {directory.name: "partial"}


def test_the_lock_of_a_dead_process_is_not_touched(tmp_path, monkeypatch):
    directory = fabricate.run(tmp_path, "gan", 0, status="running")
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    holder = {"pid": process, "host": socket.gethostname(), "started": 0}
    (directory / "lock").write_text(json.dumps(holder))

    def refuse(*_):
        raise AssertionError("taking the lock could turn a starting run away")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert statuses(tmp_path) == {directory.name: "partial"}


def test_a_run_killed_before_its_first_record_is_partial(tmp_path):
    (tmp_path / "runs" / "digits-sn_gan-seed3-0123abcd").mkdir(parents=True)
    (run,) = run_records.read(tmp_path)
    assert (run.dataset, run.method, run.seed) == ("digits", "sn_gan", 3)
    assert run.status == "partial"


def test_a_foreign_directory_among_the_runs_is_an_error(tmp_path):
    fabricate.run(tmp_path, "gan", 0)
    (tmp_path / "runs" / "notes").mkdir()
    with pytest.raises(InputError, match=r"notes is not a run: it has no run.json"):
        run_records.read(tmp_path)


@pytest.mark.parametrize("tail", ['{"step": 600, "met', "\x00\x00\x00", '"x"'])
def test_a_truncated_last_line_is_skipped_with_a_warning(tmp_path, caplog, tail):
    directory = fabricate.run(tmp_path, "gan", 0)
    with (directory / "metrics.jsonl").open("a") as file:
        file.write(tail)
    assert len(frames.load(tmp_path)) == 39
    (message,) = caplog.messages
    assert f"{directory}/metrics.jsonl: the last line is truncated" in message


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 600, "met',
        "",
        "[]",
        '{"step": 1}',
        '{"step": "1", "metric": "fid", "value": 1.0}',
        '{"step": 1, "metric": 1, "value": 1.0}',
    ],
)
def test_any_other_malformed_line_is_an_error(tmp_path, line):
    directory = fabricate.run(tmp_path, "gan", 0)
    path = directory / "metrics.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], line, *lines[4:]]) + "\n")
    with pytest.raises(InputError, match=r"metrics.jsonl, line 5 is not a valid"):
        frames.load(tmp_path)


@pytest.mark.parametrize("tail", ['{"step": 600, "met\n', '"x"\n', "null\n", "\n"])
def test_a_malformed_last_line_that_was_ended_is_an_error(tmp_path, tail):
    directory = fabricate.run(tmp_path, "gan", 0)
    with (directory / "metrics.jsonl").open("a") as file:
        file.write(tail)
    with pytest.raises(InputError, match=r"metrics.jsonl, line 40 is not a valid"):
        frames.load(tmp_path)


def test_two_malformed_lines_that_are_valid_together_are_an_error(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    halves = ['{"step": 0, "metric": "fid"', '"value": 1}', '{"x": 1}, {"y": 2}', ""]
    (directory / "metrics.jsonl").write_text("\n".join(halves))
    with pytest.raises(InputError, match="line 1 is not"):
        frames.load(tmp_path)


def test_an_unreadable_run_json_is_an_error_that_names_it(tmp_path):
    path = fabricate.run(tmp_path, "gan", 0) / "run.json"
    whole = path.read_text()
    path.write_text(whole[:30])
    with pytest.raises(InputError, match=r"run.json is not valid JSON"):
        run_records.read(tmp_path)
    path.write_text('{"run_id": "x", "seed": 0}')
    with pytest.raises(InputError, match="no dataset and no method and no status"):
        run_records.read(tmp_path)
    path.write_text(json.dumps({**json.loads(whole), "schema": 2}))
    with pytest.raises(InputError, match=r"newer version \(schema 2, this one"):
        run_records.read(tmp_path)


@pytest.mark.parametrize(
    "content,message",
    [
        ("3", "run.json does not hold a JSON object, but 3"),
        ("[]", "run.json does not hold a JSON object"),
        ("{}", "run.json has no run_id and no dataset and no method and no seed"),
        ({"seed": "0"}, "run.json: seed must be a whole number, not '0'"),
        ({"seed": True}, "seed must be a whole number, not True"),
        ({"method": None}, "method must be a text, not None"),
        ({"settings": "a = 1"}, "settings must be a list, not 'a = 1'"),
        ({"settings": ["a = 1", 2]}, "settings must hold texts, not 2"),
        ({"wall_seconds": "long"}, "wall_seconds must be a number, not 'long'"),
        ({"diverged": {"step": "7"}}, "diverged: step must be a whole number"),
        ({"diverged": 7}, "diverged must be an object, not 7"),
        ({"schema": "2"}, "schema must be a whole number"),
        ({"device": "cpu"}, "device must be an object, not 'cpu'"),
        ({"device": {"threads": "2"}}, "device: threads must be a whole number"),
        ({"networks": {"generator": 3}}, "networks: generator must be an object"),
        ({"networks": {"generator": {}}}, "networks: generator has no parameters"),
        ({"operations_per_step": 1.5}, "operations_per_step must be a whole number"),
    ],
)
def test_a_damaged_run_json_is_an_error_that_names_what_is_wrong(
    tmp_path, content, message
):
    path = fabricate.run(tmp_path, "gan", 0) / "run.json"
    if isinstance(content, dict):
        content = json.dumps(json.loads(path.read_text()) | content)
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        run_records.read(tmp_path)


@pytest.mark.parametrize(
    "content,message",
    [
        ("3", "study.json does not hold a JSON object, but 3"),
        ('{"planned": []}', "study.json has no study"),
        ('{"study": "x", "planned": 3}', "planned must be a list, not 3"),
        ('{"study": "x", "planned": [{}]}', "planned run 1 has no run_id and no"),
        ('{"study": "x", "planned": [7]}', "planned run 1 does not hold a JSON"),
        ('{"study": 1, "planned": []}', "study must be a text, not 1"),
    ],
)
def test_a_damaged_plan_is_an_error_that_names_what_is_wrong(
    tmp_path, content, message
):
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(InputError, match=message):
        run_records.read(tmp_path)


def test_a_run_says_what_it_was_trained_with(tmp_path):
    path = fabricate.run(tmp_path, "gan", 0)
    networks = {"generator": {"name": "x.Generator", "parameters": 12}, "tasks": {}}
    device = {"kind": "cpu", "name": "EPYC", "threads": 1}
    fabricate.change(path, networks=networks, device=device, git_commit="abc")
    fabricate.change(path, operations_per_step=7)
    (run,) = run_records.read(tmp_path)
    assert run.parameters == {"generator": 12}
    assert run.device == "cpu (EPYC), 1 thread"
    assert (run.git_commit, run.operations_per_step) == ("abc", 7)


@pytest.mark.parametrize("planned", [{}, {"steps": 100, "family": "unconditional"}])
def test_what_is_planned_has_the_name_of_the_data_that_others_found(planned, tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1)])
    study = json.loads((tmp_path / "study.json").read_text())
    study["planned"] = [row | planned for row in study["planned"]]
    (tmp_path / "study.json").write_text(json.dumps(study))
    directory = fabricate.run(tmp_path, "gan", 0)
    fabricate.change(directory, dataset="digits_subset")
    assert [run.dataset for run in run_records.read(tmp_path)] == ["digits_subset"] * 2
    # Where they found different data, it is not known what it would be.
    (directory.parent / fabricate.run_id("gan", 1)).mkdir()
    assert [run.status for run in run_records.read(tmp_path)] == ["done", "partial"]
    assert [run.dataset for run in run_records.read(tmp_path)] == ["digits_subset"] * 2
    fabricate.run(tmp_path, "gan", 2)
    assert [run.dataset for run in run_records.read(tmp_path)] == [
        "digits_subset", "digits", "digits",
    ]  # fmt: skip


def test_what_failed_before_it_was_built_has_the_name_that_others_found(tmp_path):
    fabricate.change(fabricate.run(tmp_path, "gan", 0), dataset="digits_subset")
    failed = fabricate.run(tmp_path, "gan", 1, False, status="failed")
    content = json.loads((failed / "run.json").read_text())
    (failed / "run.json").write_text(json.dumps(content | {"steps": None}))
    assert [run.dataset for run in run_records.read(tmp_path)] == ["digits_subset"] * 2


def test_what_a_run_may_leave_open_is_not_missed(tmp_path):
    path = fabricate.run(tmp_path, "gan", 0) / "run.json"
    content = json.loads(path.read_text())
    names = ("schema", "study", "settings", "wall_seconds", "steps", "diverged")
    path.write_text(json.dumps(content | dict.fromkeys(names)))
    (run,) = run_records.read(tmp_path)
    assert (run.study, run.settings, run.steps) == (tmp_path.name, (), 0)
    assert math.isnan(run.wall_seconds)


def test_what_the_system_refuses_to_read_is_an_error_that_names_it(tmp_path):
    with pytest.raises(
        InputError, match=r"Cannot read the records of .*too long|no di"
    ):
        run_records.read(tmp_path / ("x" * 300))


def test_a_directory_may_be_a_run_a_study_or_several(tmp_path):
    first = fabricate.run(tmp_path / "one", "gan", 0)
    fabricate.run(tmp_path / "one", "gan", 1)
    fabricate.run(tmp_path / "two", "gan", 2)
    assert [run.seed for run in run_records.read(first)] == [0]
    assert [run.seed for run in run_records.read(str(tmp_path / "one"))] == [0, 1]
    assert [run.seed for run in run_records.read(tmp_path)] == [0, 1, 2]
    both = [tmp_path / "two", tmp_path / "one", tmp_path]
    assert [run.seed for run in run_records.read(both)] == [2, 0, 1]


def test_a_directory_without_records_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"There is no directory .*absent"):
        run_records.read(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no run records"):
        run_records.read(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(InputError, match="There are no runs in"):
        run_records.read(tmp_path)


def test_a_curve_is_ordered_and_averages_evaluation_seeds(tmp_path):
    lines = [
        *fabricate.measurements([9.0, 3.0], (200, 100), [fabricate.FID], eval_seed=0),
        *fabricate.measurements([11.0, 5.0], (200, 100), [fabricate.FID], eval_seed=1),
    ]
    fabricate.run(tmp_path, "gan", 0, lines)
    (run,) = run_records.read(tmp_path)
    curve = run.curve(fabricate.FID)
    np.testing.assert_array_equal(curve.steps, [100, 200])
    np.testing.assert_array_equal(curve.values, [4.0, 10.0])
    assert curve.evaluations == [{0: 3.0, 1: 5.0}, {0: 9.0, 1: 11.0}]
    assert len(run.curve("fid10k_test_inception").steps) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("images_seen", "many"),
        ("images_seen", None),
        ("eval_seed", None),
        ("eval_seed", "a"),
        ("step", -5),
        ("step", 10**24),
        ("value", True),
        ("value", 10**400),
    ],
)
def test_a_measurement_that_cannot_be_is_an_error(field, value, tmp_path):
    one, two = fabricate.measurements([9.0, 7.0], (0, 50), [fabricate.FID])
    fabricate.run(tmp_path, "gan", 0, [{**one, field: value}, two])
    with pytest.raises(InputError, match=r"metrics\.jsonl, line 1 is not a valid"):
        run_records.read(tmp_path)


def test_two_values_of_one_measurement_are_an_error(tmp_path):
    lines = fabricate.measurements([9.0, 7.0], (0, 50), [fabricate.FID])
    directory = fabricate.run(tmp_path, "gan", 0, [*lines, lines[1]])
    (run,) = run_records.read(tmp_path)
    assert [m.value for m in run.measurements] == [9.0, 7.0]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    edited = json.dumps({**lines[1], "value": 3.0}) + "\n"
    (directory / "metrics.jsonl").write_text(text + edited)
    message = rf"two values of {fabricate.FID} at step 50: 7 and 3\. Remove a line"
    with pytest.raises(InputError, match=message):
        run_records.read(tmp_path)


def test_two_later_values_of_one_measurement_are_an_error(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    later = fabricate.measurements([7.0, 5.0], (70, 80), [fabricate.FID])
    fabricate.evaluations(directory, [*later, later[0]])
    (run,) = run_records.read(tmp_path)
    assert [m.value for m in run.measurements[-2:]] == [7.0, 5.0]
    fabricate.evaluations(directory, [*later, {**later[0], "value": 3.0}])
    message = rf"evaluations\.jsonl has two values of {fabricate.FID} at step 70: 7 and"
    with pytest.raises(InputError, match=message):
        run_records.read(tmp_path)


def test_a_number_that_no_array_holds_is_an_error(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    fabricate.change(directory, operations_per_step=10**19)
    with pytest.raises(InputError, match="operations_per_step is too large: 10000"):
        run_records.read(tmp_path)
