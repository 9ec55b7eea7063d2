import json
import math
import subprocess
import sys
import time

import pytest

from compare_ssgan import analysis
from compare_ssgan.errors import InputError
from tests.analysis import fabricate

COLUMNS = [
    "study", "run_id", "dataset", "method", "family", "budget", "bindings", "seed",
    "status", "step", "images_seen", "metric", "value", "eval_seed", "wall_seconds",
    "operations",
]  # fmt: skip


def test_measurements_come_with_the_run_they_belong_to(tmp_path):
    lines = fabricate.measurements([300.0, 20.0], (0, 100), [fabricate.FID])
    fabricate.run(tmp_path, "ssgan", 1, lines, settings=["b.y = 2", "a.x = 1"])
    frame = analysis.load(tmp_path)
    assert list(frame.columns) == COLUMNS
    assert frame["value"].tolist() == [300.0, 20.0]
    assert frame["step"].tolist() == [0, 100]
    assert frame["images_seen"].tolist() == [0, 12800]
    row = frame.iloc[1]
    assert row["study"] == tmp_path.name
    assert row["run_id"] == "digits-ssgan-seed1-00000000"
    assert (row["method"], row["family"]) == ("ssgan", "self-supervised")
    assert (row["seed"], row["status"]) == (1, "done")
    assert row["metric"] == fabricate.FID
    assert row["bindings"] == "a.x = 1; b.y = 2"
    numbers = ["seed", "step", "value", "wall_seconds", "operations"]
    assert [str(frame[name].dtype) for name in numbers] == [
        "int64", "int64", "float64", "float64", "float64",
    ]  # fmt: skip
    # Neither is on record.
    assert math.isnan(row["wall_seconds"])
    assert math.isnan(row["operations"])


def test_runs_of_several_metrics_and_lengths_stay_apart(tmp_path):
    fabricate.run(tmp_path, "gan", 0, fabricate.measurements([1.0, 2.0], (0, 5)))
    fabricate.run(tmp_path, "gan", 1, False)
    lines = fabricate.measurements([3.0], (7,), [fabricate.FID])
    fabricate.run(tmp_path, "ssgan", 2, lines)
    frame = analysis.load(tmp_path)
    assert frame["method"].tolist() == ["gan"] * 6 + ["ssgan"]
    assert frame["seed"].tolist() == [0] * 6 + [2]
    assert frame["metric"].tolist()[:3] == [
        fabricate.FID, fabricate.KID, fabricate.INCEPTION,
    ]  # fmt: skip
    fids = frame[frame["metric"] == fabricate.FID]
    assert fids["value"].tolist() == [1.0, 2.0, 3.0]
    assert frame.index.tolist() == list(range(7))


def test_a_nan_stays_a_nan(tmp_path):
    lines = fabricate.measurements([math.nan], (0,), [fabricate.FID])
    directory = fabricate.run(tmp_path, "gan", 0, lines)
    assert '"value": NaN' in (directory / "metrics.jsonl").read_text()
    assert analysis.load(tmp_path)["value"].isna().tolist() == [True]


def test_seconds_are_those_of_training_up_to_a_measurement(tmp_path):
    lines = fabricate.measurements([3.0, 2.0, 1.0], (0, 10, 30), [fabricate.FID])
    directory = fabricate.run(tmp_path, "gan", 0, lines)
    # Step 20 was logged only; evaluations took a second each.
    fabricate.timings(directory, {10: 8.0, 20: 4.0, 30: 5.0})
    seconds = analysis.load(tmp_path)["wall_seconds"]
    assert seconds.tolist() == [0.0, 8.0, 17.0]


def test_operations_grow_with_steps(tmp_path):
    lines = fabricate.measurements([3.0, 2.0], (0, 10), [fabricate.FID])
    directory = fabricate.run(tmp_path, "gan", 0, lines)
    fabricate.change(directory, operations_per_step=3 * 10**12)
    assert analysis.load(tmp_path)["operations"].tolist() == [0.0, 3e13]


def test_operations_of_large_trainings_do_not_overflow(tmp_path):
    lines = fabricate.measurements([2.0], (250_000,), [fabricate.FID])
    directory = fabricate.run(tmp_path, "gan", 0, lines)
    fabricate.change(directory, operations_per_step=2 * 10**14)
    assert analysis.load(tmp_path)["operations"].tolist() == [5e19]


def test_runs_without_measurements_are_rows(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("gan", 1), ("gan", 2)])
    directory = fabricate.run(tmp_path, "gan", 0)
    networks = {"generator": {"parameters": 7}, "discriminator": {"parameters": 5}}
    device = {"kind": "gpu", "name": "H", "threads": 2}
    fabricate.change(directory, networks=networks, device=device, operations_per_step=6)
    fabricate.run(tmp_path, "gan", 1, False)
    frame = analysis.runs(tmp_path).set_index("seed")
    assert frame["status"].to_dict() == {0: "done", 1: "done", 2: "missing"}
    assert frame["num_measurements"].to_dict() == {0: 39, 1: 0, 2: 0}
    assert frame["steps"].tolist() == [6000, 6000, 0]
    assert frame.loc[0, "last_step"] == 6000
    assert math.isnan(frame.loc[1, "last_step"])
    assert frame.loc[0, "device"] == "gpu (H), 2 threads"
    assert frame.loc[0, "generator_parameters"] == 7
    assert frame.loc[0, "discriminator_parameters"] == 5
    assert frame["operations_per_step"].tolist()[:1] == [6.0]
    assert frame["operations_per_step"].isna().tolist() == [False, True, True]
    # What is planned has no family; it is that of the method's other runs.
    assert frame["family"].tolist() == ["unconditional"] * 3
    assert set(analysis.load(tmp_path)["seed"]) == {0}


def test_configurations_join_measurements(tmp_path):
    lines = ["a.x = 1", "# a comment", "", "a.text = 'b = c'"]
    fabricate.run(tmp_path, "gan", 0, config=lines)
    fabricate.run(tmp_path, "ssgan", 0, config=["a.x = 2"])
    found = analysis.configurations(tmp_path)
    assert found["a.x"].tolist() == ["1", "2"]
    assert found["a.text"].tolist() == ["'b = c'", None]
    frame = analysis.load(tmp_path).join(found, on="run_id")
    assert frame.groupby("method")["a.x"].unique().map(list).to_dict() == {
        "gan": ["1"],
        "ssgan": ["2"],
    }


def test_a_configuration_that_is_none_is_an_error(tmp_path):
    fabricate.run(tmp_path, "gan", 0, config=["zzz"])
    with pytest.raises(InputError, match=r"config.gin, line 2 is no binding: 'zzz'"):
        analysis.configurations(tmp_path)


def test_a_notebook_needs_no_tensorflow(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0])
    code = (
        "import sys; from compare_ssgan import analysis; assert 'load' in dir(analysis)"
        "; assert 'pandas' not in sys.modules; print(len(analysis.load(sys.argv[1])));"
        "assert not {'tensorflow', 'keras', 'gin'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
    with pytest.raises(AttributeError, match="has no attribute 'tables_of'"):
        _ = analysis.tables_of


def test_loading_takes_a_few_times_as_long_as_decoding(tmp_path):
    import pandas  # noqa: F401

    fabricate.store(tmp_path, 40)
    texts = [path.read_text() for path in tmp_path.rglob("*.jsonl")]

    def seconds(function):
        taken = []
        for _ in range(3):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
        return min(taken)

    decoding = seconds(lambda: [[*map(json.loads, t.splitlines())] for t in texts])
    assert seconds(lambda: analysis.load(tmp_path)) < 5 * decoding


@pytest.mark.slow
@pytest.mark.parametrize("num_runs,limit", [(1000, 3.0), (10_000, 30.0)])
def test_large_stores_load_in_time_and_memory(tmp_path, num_runs, limit):
    fabricate.store(tmp_path, num_runs)
    code = (
        "import resource, sys, time; import pandas; from compare_ssgan import analysis;"
        "start = time.process_time(); frame = analysis.load(sys.argv[1]);"
        "print(len(frame), time.process_time() - start,"
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, seconds, kilobytes = map(float, done.stdout.split())
    assert rows == 99 * num_runs
    assert seconds < limit
    assert kilobytes < 2e6
