"""Runs that several processes do, one after the other."""

import os
import signal

import pytest

from compare_ssgan.errors import (
    InputError,
    PreemptedError,
)
from compare_ssgan.studies import attempt, experiment, files, operations, run
from compare_ssgan.studies.record import Record


def rows(directory, name):
    return files.read_rows(directory / name)


@pytest.fixture
def interrupted(load, tmp_path, monkeypatch):
    """Does a run in several attempts, each as a process of its own would do it.

    All but the last are asked to stop, after step 0 is saved or when another is done.
    """

    def interrupted(*settings, stops):
        def execute():
            return run.execute(load(*settings, out=tmp_path / "interrupted"))

        for last in stops:
            name = "checkpoint" if last == 0 else "stepped"
            original = getattr(attempt.Attempt, name)

            def stop_at(self, step, *terms, original=original, last=last):
                original(self, step, *terms)
                if step == last:
                    os.kill(os.getpid(), signal.SIGTERM)

            with monkeypatch.context() as patch:
                patch.setattr(attempt.Attempt, name, stop_at)
                with pytest.raises(PreemptedError, match=f"after step {last},"):
                    execute()
        return execute().run_dir

    return interrupted


def test_operations_of_an_iteration_are_on_record(load, tmp_path, interrupted):
    # The last process takes no step.
    directory = interrupted("STEPS = 10", stops=[7, 10])
    built = experiment.build()
    expected = operations.count(built.game, built.discriminator_steps).per_step
    assert expected > 0
    recorded = files.read_json(directory / "run.json")
    assert recorded["operations_per_step"] == expected
    diverged = load("toys.Game.diverge_at = 1", out=tmp_path / "diverged")
    run.execute(diverged)
    recorded = files.read_json(diverged.run_directory / "run.json")
    assert recorded["operations_per_step"] == expected


def test_all_steps_of_a_training_are_timed_as_training(interrupted):
    # Logged every 5 steps, evaluated and saved every 10: stopped between them.
    directory = interrupted("STEPS = 25", stops=[13])
    timed = rows(directory, "timing.jsonl")
    assert [row["step"] for row in timed if row["event"] == "train"] == [
        5, 10, 13, 15, 20, 25,
    ]  # fmt: skip
    (stop,) = [row["event"] for row in timed if row["step"] == 13][1:]
    assert stop == "checkpoint"


def test_sigterm_saves_and_the_same_command_goes_on(load, tmp_path, monkeypatch):
    whole, stopped = load(out=tmp_path / "a"), load(out=tmp_path / "b")
    run.execute(whole)

    def stop_at_13(self, step, terms):
        if step == 13:
            os.kill(os.getpid(), signal.SIGTERM)

    name = "compare_ssgan.studies.progress.Progress.stepped"
    with monkeypatch.context() as patch:
        patch.setattr(name, stop_at_13)
        with pytest.raises(PreemptedError, match="SIGTERM after step 13"):
            run.execute(stopped)
    record = Record(stopped.run_directory)
    assert not record.done
    assert record.attempts()[-1]["status"] == "stopped"
    run.execute(stopped)
    assert [(row["from_step"], row["to_step"]) for row in record.attempts()] == [
        (0, 13),
        (13, 40),
    ]
    for name in ("metrics.jsonl", "train.jsonl"):
        expected = (whole.run_directory / name).read_bytes()
        assert (stopped.run_directory / name).read_bytes() == expected


@pytest.mark.parametrize(
    "stops",
    # After 0: before the first step, but behind the first evaluation. After 0 and 25:
    # the last process evaluates, but takes no step.
    [[13], [0], [0, 7, 13], [0, 25]],
)
def test_an_interrupted_run_reads_and_records_all_its_settings(
    load, tmp_path, interrupted, stops
):
    settings = ("STEPS = 25", "evaluate.num_samples = 20", "kid.num_subsets = 3")
    whole = load(*settings, out=tmp_path / "whole")
    run.execute(whole)
    directory = interrupted(*settings, stops=stops)
    for name in ("operative_config.gin", "metrics.jsonl", "train.jsonl"):
        expected = (whole.run_directory / name).read_text()
        assert (directory / name).read_text() == expected, name
    operative = (directory / "operative_config.gin").read_text()
    assert "num_subsets = 3" in operative
    assert "num_samples = 20" in operative


@pytest.mark.parametrize("stops", [[], [0], [0, 13], [0, 25]])
def test_interruptions_hide_no_setting_that_nothing_reads(interrupted, stops):
    with pytest.raises(InputError, match=r"no effect.*inception_score.num_splits"):
        interrupted("STEPS = 25", "metrics.inception_score.num_splits = 2", stops=stops)


def test_a_run_that_diverges_before_it_evaluates_records_its_settings(interrupted):
    directory = interrupted("toys.Game.diverge_at = 3", stops=[0])
    text = (directory / "operative_config.gin").read_text()
    assert "diverge_at = 3" in text
    assert files.read_json(directory / "run.json")["status"] == "diverged"
