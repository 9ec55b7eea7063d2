import itertools
import math

import pytest
import tensorflow as tf

from compare_ssgan.training import loop
from compare_ssgan.training.loop import Ending, Schedule


class Log:
    """Writes down what the loop asks for; `stop_after` is an event or None."""

    def __init__(self, stop_after=None):
        self.events, self.stop_after = [], stop_after

    def stop(self):
        return self.stop_after in self.events

    def stepped(self, step, terms):
        self.events.append(("stepped", step))

    def log(self, step, terms):
        self.events.append(("log", step))

    def evaluate(self, step):
        self.events.append(("evaluate", step))

    def checkpoint(self, step):
        self.events.append(("checkpoint", step))


def train(log, schedule=Schedule(4, 2, 3, 2), start=0, evaluated=False, step=None):  # noqa: B008
    def constant(batches):
        return {"discriminator/adversarial": tf.constant(1.0)}

    return loop.train(
        step or constant,
        itertools.count(),
        schedule,
        log,
        discriminator_steps=1,
        start=start,
        evaluated=evaluated,
        stop=log.stop,
    )


def without_steps(log):
    return [event for event in log.events if event[0] not in ("stepped", "log")]


def test_evaluation_comes_before_the_checkpoint_and_both_at_start_and_end():
    log = Log()
    assert train(log) == Ending("complete", 4)
    assert without_steps(log) == [
        ("evaluate", 0),
        ("checkpoint", 0),
        ("evaluate", 2),
        ("checkpoint", 3),
        ("evaluate", 4),
        ("checkpoint", 4),
    ]
    assert [step for name, step in log.events if name == "log"] == [2, 4]


def test_a_restored_step_is_not_evaluated_twice():
    log = Log()
    train(log, start=2, evaluated=True)
    assert without_steps(log)[0] == ("checkpoint", 3)


def test_an_evaluation_that_is_missing_at_the_restored_step_is_made_up_for():
    log = Log()
    train(log, start=2, evaluated=False)
    assert without_steps(log)[:2] == [("evaluate", 2), ("checkpoint", 2)]


def test_asked_to_stop_it_saves_at_once_and_leaves_the_evaluation():
    log = Log(stop_after=("stepped", 2))
    assert train(log) == Ending("stopped", 2)
    assert log.events[-1] == ("checkpoint", 2)
    assert ("evaluate", 2) not in log.events


def test_asked_to_stop_during_an_evaluation_it_finishes_and_saves_it():
    log = Log(stop_after=("evaluate", 2))
    assert train(log) == Ending("stopped", 2)
    assert log.events[-2:] == [("evaluate", 2), ("checkpoint", 2)]


def test_asked_to_stop_during_the_last_evaluation_it_is_complete():
    assert train(Log(stop_after=("evaluate", 4))) == Ending("complete", 4)


def test_asked_to_stop_before_the_last_evaluation_it_is_not_complete():
    log = Log(stop_after=("stepped", 4))
    assert train(log) == Ending("stopped", 4)
    again = Log()
    assert train(again, start=4) == Ending("complete", 4)
    assert again.events == [("evaluate", 4), ("checkpoint", 4)]


def test_asked_to_stop_before_the_first_step_it_leaves_a_checkpoint():
    log = Log(stop_after=None)
    log.stop = lambda: True
    assert train(log) == Ending("stopped", 0)
    assert log.events == [("checkpoint", 0)]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_term_that_is_not_finite_ends_the_training_with_its_name(value):
    steps = tf.Variable(0)

    def step(batches):
        wrong = steps.assign_add(1) == 3
        return {
            "discriminator/adversarial": tf.constant(1.0),
            "generator/adversarial": tf.where(wrong, value, 1.0),
        }

    log = Log()
    assert train(log, step=step) == Ending("diverged", 3, "generator/adversarial")
    assert log.events[-1] == ("log", 3)


def test_terms_arrive_as_numbers_by_name():
    seen = []
    log = Log()
    log.log = lambda step, terms: seen.append(terms)

    def step(batches):
        return {"b": tf.constant(0.5), "a": tf.constant(2, tf.int32)}

    train(log, step=step)
    assert seen[0] == {"b": 0.5, "a": 2.0}


def test_every_step_takes_batches_of_its_own():
    taken = []
    log = Log()

    def step(batches):
        return {"first": tf.cast(batches[0], tf.float32)}

    log.stepped = lambda step, terms: taken.append(terms["first"])
    loop.train(
        step,
        (tf.constant(number) for number in itertools.count()),
        Schedule(3, 3, 3, 3),
        log,
        discriminator_steps=2,
        start=0,
        evaluated=False,
        stop=log.stop,
    )
    assert taken == [0.0, 2.0, 4.0]
