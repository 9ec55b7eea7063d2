"""One run in two places: it counts once, with all that is known of it."""

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.errors import InputError
from tests.analysis import fabricate
from tests.analysis.tables.reading import parsed

TRAIN = "fid600_train_digits_cnn"


@pytest.mark.parametrize("places", [("one", "two"), ("two", "one")])
def test_what_was_measured_in_either_place_counts(tmp_path, places):
    for place, added in zip(places, (TRAIN, fabricate.KID), strict=True):
        trained = fabricate.measurements([3.0], (100,))
        directory = fabricate.run(tmp_path / place, "gan", 0, trained)
        lines = fabricate.measurements([8.0], (100,), [added], eval_seed=1)
        fabricate.evaluations(directory, lines)
    (run,) = parsed(tmp_path, metric=TRAIN)["gan"]["runs"]
    assert run["value"] == 8.0
    (run,) = parsed(tmp_path, metric="kid")["gan"]["runs"]
    assert run["eval_seeds"] == [0, 1]


def test_a_finished_copy_has_what_was_measured_of_an_interrupted_one(tmp_path):
    begun = fabricate.measurements([9.0], (0,))
    directory = fabricate.run(tmp_path / "one", "gan", 0, begun, status="running")
    late = fabricate.measurements([8.0], (0,), [TRAIN])
    fabricate.evaluations(directory, late)
    whole = fabricate.measurements([9.0, 3.0], (0, 100))
    fabricate.run(tmp_path / "two", "gan", 0, whole)
    (run,) = parsed(tmp_path, metric=TRAIN)["gan"]["runs"]
    assert (run["status"], run["value"]) == ("done", 8.0)


def test_a_run_cannot_be_done_in_one_place_and_diverged_in_another(tmp_path):
    fabricate.run(tmp_path / "one", "gan", 0)
    where = {"step": 61, "term": "discriminator/penalty"}
    fabricate.run(tmp_path / "two", "gan", 0, status="diverged", diverged=where)
    message = "are the same run, but it is done in one and diverged at step 61 in the"
    with pytest.raises(InputError, match=message):
        tables.render(tmp_path)


@pytest.mark.parametrize("step, refused", [(61, False), (62, True)])
def test_nor_can_it_have_diverged_at_two_steps(tmp_path, step, refused):
    for place, end in (("one", 61), ("two", step)):
        where = {"step": end, "term": "discriminator/penalty"}
        lines = fabricate.measurements([9.0], (0,))
        late = {"status": "diverged", "diverged": where}
        fabricate.run(tmp_path / place, "gan", 0, lines, **late)
    message = "it is diverged at step 61 in one and diverged at step 62 in the other"
    if refused:
        with pytest.raises(InputError, match=message):
            tables.render(tmp_path)
    else:
        (run,) = parsed(tmp_path)["gan"]["runs"]
        assert run["status"] == "diverged"


def test_a_copy_of_an_earlier_time_is_no_contradiction(tmp_path):
    lines = fabricate.measurements([9.0], (0,))
    fabricate.run(tmp_path / "one", "gan", 0, lines, status="running")
    where = {"step": 61, "term": "discriminator/penalty"}
    late = {"status": "diverged", "diverged": where}
    fabricate.run(tmp_path / "two", "gan", 0, lines, **late)
    (run,) = parsed(tmp_path)["gan"]["runs"]
    assert run["status"] == "diverged"
