import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.rotation_accuracy import rotation_accuracy
from compare_ssgan.gans import conditioning
from compare_ssgan.gans.tasks import Judged, Rotation
from compare_ssgan.layers import initializers
from compare_ssgan.layers.normalization import ConditionalBatchNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import Problem, Samples

CONDITIONAL = {
    "conditional": True,
    "conditioning": conditioning.Projection,
    "concatenate_labels": ["discriminator"],
    "generator_norm": ConditionalBatchNorm,
}


WEIGHTS = Weights(np.random.default_rng(0), initializers.normal())


def game(**options):
    """A game whose initial weights are large enough to tell rotations apart."""

    def large(rng, shape):
        return rng.normal(size=shape).astype(np.float32)

    problem = Problem((8, 8, 1), 3, 40)
    return tiny.game(problem, tasks=[Rotation], initializer=large, **options)


def dataset(num=40):
    def split(seed):
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 256, size=[num, 8, 8, 1], dtype=np.uint8)
        return array_split(Arrays(images, rng.integers(0, 3, size=num)), 3)

    return Dataset("noise", (8, 8, 1), 3, split(0), split(1))


def measured(game, num=40):
    evidence = Evidence(
        ImageSet(), model=Sampler(game), dataset=dataset(), num_samples=num
    )
    return rotation_accuracy().compute(evidence)


def by_the_task(game, samples):
    """Returns the accuracy on the views that the task itself makes and judges."""
    task = Rotation(game.problem, 5, WEIGHTS, share=1.0)
    task.head = game.tasks[0].head
    views = task.views(samples, player="discriminator", generated=False, rng=None)
    judged = Judged(samples, game.judge(samples), game.judge(views))
    turns = np.repeat(np.arange(4), len(samples.images))
    return np.mean(np.argmax(task.logits(judged), axis=1) == turns)


@pytest.mark.parametrize("options", [{}, CONDITIONAL], ids=["plain", "conditional"])
def test_it_is_the_accuracy_of_the_tasks_own_views(options):
    made, data = game(**options), dataset()
    found = measured(made)
    batches = [
        next(split.evaluation_batches(40, 40)) for split in (data.train, data.test)
    ]
    rng = tf.random.Generator.from_seed(0, alg="philox")
    fake = Sampler(made)(100, rng)
    batches.append(
        Samples(fake.images[:40], None if fake.labels is None else fake.labels[:40])
    )
    expected = [by_the_task(made, batch) for batch in batches]
    assert found == pytest.approx(expected)
    assert len(set(found)) > 1


def test_a_head_that_knows_a_corner_recognizes_all_turns():
    # A bright upper left corner goes down, right and up in quarter turns to the left.
    made = game()
    dense, head = made.discriminator.backbone.dense, made.tasks[0].head
    kernel = np.zeros([64, 5], np.float32)
    for turns, pixel in enumerate((0, 56, 63, 7)):
        kernel[pixel, turns] = 10.0
    dense.kernel.raw.assign(kernel)
    dense.bias.assign(tf.zeros([5]))
    head.kernel.raw.assign(np.eye(5, 4, dtype=np.float32))
    head.bias.assign(tf.zeros([4]))
    images = np.zeros([40, 8, 8, 1], np.uint8)
    images[:, 0, 0] = 255
    split = array_split(Arrays(images, np.zeros(40, int)), 3)
    data = Dataset("corner", (8, 8, 1), 3, split, split)
    evidence = Evidence(ImageSet(), model=Sampler(made), dataset=data, num_samples=40)
    train, test, fake = rotation_accuracy().compute(evidence)
    assert train == test == 1.0
    assert fake < 1.0


def test_a_head_that_always_says_the_same_is_right_once_in_four():
    made = game()
    made.tasks[0].head.kernel.raw.assign(tf.zeros([5, 4]))
    assert measured(made) == (0.25, 0.25, 0.25)


def test_a_discriminator_that_diverged_has_no_accuracy():
    made = game()
    made.tasks[0].head.bias.assign([np.nan] * 4)
    assert np.all(np.isnan(measured(made)))


def test_a_discriminator_without_the_head_is_refused():
    with pytest.raises(InputError, match=r"gans\.ModularGAN\.tasks = \[@tasks\.Rot"):
        rotation_accuracy().check(Sampler(tiny.game()), None)
    rotation_accuracy().check(Sampler(game()), None)
    with pytest.raises(InputError, match=r"rotation_accuracy\.num_images must be"):
        rotation_accuracy(num_images=-1)
