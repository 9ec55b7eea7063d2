from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.figures import looks
from compare_ssgan.analysis.records import run_records
from tests.analysis import fabricate


def members(study):
    (own,) = groups.by_dataset(run_records.read(study)).values()
    return own


def test_two_dozen_methods_look_different(tmp_path):
    for index in range(24):
        fabricate.constant(tmp_path, f"method{index}", [10.0], family="conditional")
    found = members(tmp_path)
    assert len({*looks.looks(found).values()}) == 24
    assert len({*looks.of_labels(found).values()}) == 24


def test_settings_are_shades_of_their_method(tmp_path):
    for digest in range(3):
        fabricate.constant(
            tmp_path, "gan", [10.0], settings=[f"a.b = {digest}"], digest=digest
        )
    first, second, third = looks.looks(members(tmp_path)).values()
    assert first.color == looks.COLORS[0].lower()
    assert len({first.color, second.color, third.color}) == 3
    assert first.marker == second.marker == third.marker


def test_parameters_are_short_where_that_is_clear(tmp_path):
    for digest, settings in enumerate(
        [["g/adam.rate = 1", "run.steps = 2"], ["d/adam.rate = 1"], ["run.steps = 3"]]
    ):
        fabricate.constant(tmp_path, "gan", [1.0], settings=settings, digest=digest)
    labels = [group.label for group in looks.shortened(members(tmp_path))]
    assert sorted(labels) == [
        "gan (d/adam.rate = 1)",
        "gan (g/adam.rate = 1, steps = 2)",
        "gan (steps = 3)",
    ]


def test_many_seeds_are_a_range(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0] * 12)
    runs = run_records.read(tmp_path)
    assert looks.seeds(runs) == "12 training seeds from 0 to 11"
    assert looks.seeds(runs[:1]) == "training seed 0"
    assert looks.seeds(runs[:2]) in ("training seeds 0, 1", "training seeds 0, 10")
