"""One pass of the discriminator over many images."""

import gc
import weakref

import numpy as np
import pytest
import tiny

from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import judging
from compare_ssgan.evaluation.compiled import compiled
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.studies.sampler import Sampler

DATA = synthetic(image_shape=(8, 8, 1), num_examples=250)


def test_what_is_read_is_that_of_every_image_in_order_and_traced_once():
    sampler, traces = Sampler(tiny.game()), []

    def read(game, samples):
        traces.append(samples.images.shape[0])
        verdict = game.judge(samples)
        return {"features": verdict.features, "pixel": samples.images[:, 0, 0, 0]}

    for num in (230, 250, 7):
        batches = judging.real(DATA.test, num, "a.b")
        found = judging.judge(sampler, batches, read, "test")
        batch = next(DATA.test.evaluation_batches(num, num))
        np.testing.assert_array_equal(found["pixel"], batch.images[:, 0, 0, 0])
        expected = sampler.game.judge(batch).features
        np.testing.assert_allclose(found["features"], expected, rtol=1e-5)
    assert traces == [100]


def test_generated_images_are_those_of_the_seed():
    sampler = Sampler(tiny.game())

    def images(seed, num):
        evidence = Evidence(ImageSet(), model=sampler, seed=seed)
        batches = judging.generated(evidence, sampler, num)
        return np.concatenate([batch.images for batch in batches])

    first = images(5, 130)
    assert len(first) == 130
    np.testing.assert_array_equal(images(5, 250)[:130], first)
    assert np.any(images(6, 130) != first)


def test_too_few_images_are_an_error_that_names_the_setting():
    with pytest.raises(InputError, match=r"Set metrics\.probe\.num_test = 250 or less"):
        judging.real(DATA.test, 251, "metrics.probe.num_test")


def test_what_is_compiled_for_a_model_lives_as_long_as_that():
    model, other = Sampler(tiny.game()), Sampler(tiny.game())

    class Made:
        pass

    made = compiled(model, "key", Made)
    assert compiled(model, "key", Made) is made
    assert compiled(model, "other key", Made) is not made
    assert compiled(other, "key", Made) is not made
    gone = weakref.ref(made)
    del model, made
    gc.collect()
    assert gone() is None


def test_functions_of_a_model_do_not_keep_it_alive():
    model = Sampler(tiny.game())
    batches = judging.real(DATA.test, 10, "a.b")
    judging.judge(model, batches, lambda game, samples: {"x": samples.images}, "x")
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
