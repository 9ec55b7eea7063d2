"""How many checkpoints a run keeps."""

import os
import signal

import pytest

from compare_ssgan.errors import InputError, PreemptedError
from compare_ssgan.studies import experiment, run
from compare_ssgan.training.checkpoints import saved_steps

SETTINGS = ("STEPS = 10", "CHECKPOINT_EVERY = 2", "EVAL_EVERY = 10")


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ((), [6, 8, 10]),
        (("run.keep_checkpoints = 2",), [8, 10]),
        (("run.keep_checkpoints = None",), [0, 2, 4, 6, 8, 10]),
    ],
)
def test_the_newest_checkpoints_are_kept_also_after_a_resume(
    load, monkeypatch, settings, kept
):
    request = load(*SETTINGS, *settings)

    def stop_at_5(self, step, terms):
        if step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        name = "compare_ssgan.studies.progress.Progress.stepped"
        patch.setattr(name, stop_at_5)
        with pytest.raises(PreemptedError, match="after step 5"):
            run.execute(request)
    run.execute(request)
    # Stopped after step 5, it saved that one too.
    expected = sorted([*kept, 5]) if kept[0] == 0 else kept
    assert saved_steps(request.run_directory / "checkpoints") == expected


def test_the_default_is_no_part_of_a_runs_name(load):
    plain = load(*SETTINGS).run_id
    assert load(*SETTINGS, "run.keep_checkpoints = 3").run_id == plain
    assert load(*SETTINGS, "run.keep_checkpoints = None").run_id != plain


def test_a_wrong_number_of_checkpoints_is_refused(load):
    message = r"run\.keep_checkpoints must be a whole number"
    with pytest.raises(InputError, match=message):
        load("run.keep_checkpoints = 'all'")
    load("run.keep_checkpoints = 0")
    with pytest.raises(InputError, match=message):
        experiment.build()
