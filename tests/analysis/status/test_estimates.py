from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.status import estimates
from compare_ssgan.analysis.status.estimates import Estimate, Work
from tests.analysis import fabricate


def finished(study, method, seconds, *, steps=100, seed=0, **options):
    """Writes a complete run that took `seconds`."""
    directory = fabricate.run(study, method, seed, False, steps=steps, **options)
    fabricate.change(directory, wall_seconds=seconds)
    return directory


def learn(study):
    return estimates.learn(run_records.read(study))


def timing(directory, *rows):
    lines = [
        {"step": step, "event": event, "seconds": seconds}
        for step, event, seconds in rows
    ]
    fabricate.write_lines(directory / "timing.jsonl", *lines)


def work(method="gan", seed=9, *, dataset="digits", settings=(), **options):
    name = fabricate.run_id(method, seed, dataset)
    return Work(
        name, dataset, method, settings, options.pop("budget", "short"), **options
    )


def test_equal_runs_are_the_first_choice(tmp_path):
    finished(tmp_path, "gan", 200.0)
    finished(tmp_path, "gan", 900.0, settings=["a = 1"], digest=1)
    finished(tmp_path, "gan", 500.0, budget="long", digest=2)
    past = learn(tmp_path)
    assert past.remaining(work()) == Estimate(200.0, "same settings")
    assert past.remaining(work(settings=["a = 1"])) == Estimate(900.0, "same settings")


def test_settings_are_compared_in_any_order(tmp_path):
    finished(tmp_path, "gan", 300.0, settings=["b = 1", "a = 1"])
    found = learn(tmp_path).remaining(work(settings=["b = 1", "a = 1"]))
    assert found == Estimate(300.0, "same settings")


def test_then_those_of_the_same_method_then_of_the_same_dataset(tmp_path):
    finished(tmp_path, "gan", 200.0)
    past = learn(tmp_path)
    other = past.remaining(work(settings=["a = 1"], steps=50))
    assert other == Estimate(100.0, "same method")
    assert past.remaining(work("ssgan", steps=10)) == Estimate(20.0, "same dataset")


def test_another_dataset_tells_nothing(tmp_path):
    finished(tmp_path, "gan", 200.0)
    past = learn(tmp_path)
    assert past.remaining(work(dataset="cifar10", steps=10)) == Estimate(None, None)


def test_unknown_numbers_of_steps_are_those_of_the_budget(tmp_path):
    finished(tmp_path, "gan", 200.0, steps=100)
    finished(tmp_path, "gan", 4000.0, steps=1000, budget="long", digest=1)
    past = learn(tmp_path)
    assert past.remaining(work("ssgan")).seconds == 100 * 4.0
    assert past.remaining(work("ssgan", budget="long")).seconds == 1000 * 4.0
    assert past.remaining(work("ssgan", budget="paper")) == Estimate(None, None)


def test_an_odd_run_does_not_move_the_estimate(tmp_path):
    for seed, seconds in enumerate([100.0, 150.0, 90_000.0]):
        finished(tmp_path, "gan", seconds, seed=seed)
    assert learn(tmp_path).remaining(work()).seconds == 150.0


def test_a_long_run_outweighs_short_ones(tmp_path):
    for seed in range(3):
        finished(tmp_path, "gan", 30.0, steps=2, seed=seed, budget="smoke")
    finished(tmp_path, "gan", 1000.0, steps=1000, digest=1)
    found = learn(tmp_path).remaining(work(settings=["a = 1"], steps=10))
    assert found == Estimate(10.0, "same method")


def test_a_begun_run_goes_on_at_its_own_speed(tmp_path):
    finished(tmp_path, "gan", 200.0)
    begun = fabricate.run(tmp_path, "gan", 1, False, status="running", steps=100)
    first = [(0, "evaluate", 50.0), (10, "train", 60.0)]
    timing(begun, *first, (20, "train", 30.0), (20, "evaluate", 10.0))
    (found,) = [run for run in run_records.read(tmp_path) if run.status == "partial"]
    past = learn(tmp_path)
    # 4 s a step: the first evaluation and the compiling do not come again.
    expected = Estimate(80 * 4.0, "the run itself")
    assert past.remaining(estimates.of_run(found)) == expected


def test_a_run_that_has_just_begun_has_the_speed_of_others(tmp_path):
    finished(tmp_path, "gan", 200.0)
    begun = fabricate.run(tmp_path, "gan", 1, False, status="running", steps=100)
    timing(begun, (0, "evaluate", 50.0), (10, "train", 60.0))
    found = learn(tmp_path).remaining(work(seed=1, steps=100))
    assert found == Estimate(90 * 2.0, "same settings")


def test_of_a_run_that_is_over_nothing_remains(tmp_path):
    finished(tmp_path, "gan", 200.0)
    where = {"step": 50, "term": "generator/adversarial"}
    finished(tmp_path, "ssgan", 100.0, status="diverged", diverged=where)
    past = learn(tmp_path)
    for method in ("gan", "ssgan"):
        assert past.remaining(work(method, seed=0)) == Estimate(0.0, "done")
    assert past.remaining(work("ssgan", seed=1, steps=100)).seconds == 200.0


def test_what_was_done_elsewhere_is_not_done_here(tmp_path):
    finished(tmp_path / "other", "gan", 200.0)
    begun = fabricate.run(
        tmp_path / "other", "ssgan", 0, False, status="running", steps=100
    )
    timing(begun, (0, "evaluate", 50.0), (10, "train", 60.0), (20, "train", 30.0))
    elsewhere = run_records.read(tmp_path / "other")
    past = estimates.learn([], elsewhere)
    assert past.remaining(work(seed=0)) == Estimate(200.0, "same settings")
    again = past.remaining(work("ssgan", seed=0, steps=100))
    assert again == Estimate(300.0, "same settings")


def test_the_dataset_is_that_of_the_id(tmp_path):
    directory = finished(tmp_path, "gan", 200.0, dataset="cifar10_narrow")
    fabricate.change(directory, dataset="cifar10_subset")
    found = learn(tmp_path).remaining(work(dataset="cifar10_narrow"))
    assert found == Estimate(200.0, "same settings")


def test_without_past_runs_nothing_is_known(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0)])
    for past in (learn(tmp_path), estimates.learn([])):
        assert past.remaining(work(steps=5)) == Estimate(None, None)


def test_a_total_counts_what_is_unknown():
    parts = [Estimate(1.5, "done"), Estimate(None, None), Estimate(2.0, "done")]
    assert estimates.total(parts) == estimates.Total(3.5, 1)
