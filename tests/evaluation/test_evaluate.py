import contextlib
import itertools

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import cache as cache_module
from compare_ssgan import config
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import real_sets
from compare_ssgan.evaluation.evaluate import evaluate, metric_names, reference_score
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.features.random_convolutions import random_convolutions
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.density_coverage import density_coverage
from compare_ssgan.evaluation.metrics.fid import fid
from compare_ssgan.evaluation.metrics.fid_infinity import fid_infinity
from compare_ssgan.evaluation.metrics.fractal_dimension import fractal_dimension
from compare_ssgan.evaluation.metrics.inception_score import inception_score, score
from compare_ssgan.evaluation.metrics.kid import kid
from compare_ssgan.evaluation.metrics.ms_ssim import ms_ssim
from compare_ssgan.evaluation.metrics.prd import prd
from compare_ssgan.evaluation.metrics.precision_recall import precision_recall
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.types import Samples

SHAPE = (8, 8, 1)
METRICS = [fid(), kid(), inception_score()]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(cache_module.VARIABLE, str(tmp_path))
    real_sets.forget()
    return tmp_path


@pytest.fixture
def extractor():
    """Pixels of the first column as features, of the first row as logits."""
    return FeatureExtractor(
        "pixels",
        lambda images: (images[:, :, 0, 0], images[:, 0, :, 0]),
        weights_hash="pixels",
        feature_size=8,
        num_logits=8,
    )


@pytest.fixture(scope="module")
def dataset():
    return synthetic(image_shape=SHAPE, num_examples=50)


@tf.function(autograph=False)
def noise(num, rng):
    return Samples(rng.uniform([num, *SHAPE]))


def _options(extractor, **changes):
    return {"features": extractor, "metrics": METRICS, "num_samples": 50, **changes}


def test_values_are_those_of_the_metrics_on_all_features(dataset, extractor):
    images = []

    def sampler(num, rng):
        samples = noise(num, rng)
        images.append(samples.images)
        return samples

    found = evaluate(sampler, dataset, batch_size=20, **_options(extractor))
    assert [len(batch) for batch in images] == [20, 20, 20]
    fake = extractor(tf.concat(images, 0)[:50])
    real = extractor(next(dataset.test.evaluation_batches(50, 50)).images)
    evidence = Evidence(
        ImageSet(features=fake.features, logits=fake.logits),
        ImageSet(features=real.features),
    )
    expected = [metric.compute(evidence)[0] for metric in METRICS]
    np.testing.assert_allclose([m.value for m in found], expected, rtol=1e-9)


def test_a_perfect_generator_has_distance_zero(dataset, extractor):
    batches = dataset.test.evaluation_batches(50, 10)
    found = evaluate(
        lambda num, rng: next(batches),
        dataset,
        batch_size=10,
        **_options(extractor, metrics=[fid()]),
    )
    assert found[0].value == pytest.approx(0, abs=1e-7)


def test_names_are_protocols(dataset, extractor):
    found = evaluate(noise, dataset, **_options(extractor, eval_seed=3))
    assert [m.metric for m in found] == [
        "fid50_test_pixels",
        "kid50_test_pixels",
        "is50_pixels",
    ]
    assert {m.eval_seed for m in found} == {3}


@pytest.mark.parametrize(
    ("num", "count"), [(999, "999"), (1000, "1k"), (1500, "1500"), (10_000, "10k")]
)
def test_thousands_are_abbreviated(extractor, num, count):
    large = synthetic(image_shape=SHAPE, num_examples=10_000)
    options = _options(extractor, num_samples=num, split="train")
    options["metrics"] = [fid(), kid(degree=2), inception_score(num_splits=2)]
    assert metric_names(large, **options) == [
        [f"fid{count}_train_pixels"],
        [f"kid{count}_train_pixels_degree2"],
        [f"is{count}_pixels_splits2"],
    ]


def test_how_images_are_drawn_is_part_of_the_name(dataset, extractor):
    options = {"truncation": 0.5, "standing_statistics": 10_000}
    found = evaluate(noise, dataset, diverged=True, **_options(extractor, **options))
    assert [m.metric for m in found] == [
        "fid50_test_pixels_truncation0.5_standing10k",
        "kid50_test_pixels_truncation0.5_standing10k",
        "is50_pixels_truncation0.5_standing10k",
    ]


def test_another_batch_size_draws_other_images_and_has_another_name(dataset, extractor):
    options = _options(extractor, metrics=[fid()])
    (usual,) = evaluate(noise, dataset, **options)
    (other,) = evaluate(noise, dataset, batch_size=20, **options)
    assert other.metric == f"{usual.metric}_batch20"
    assert other.value != usual.value


def test_images_are_drawn_as_the_options_say(dataset, extractor):
    class Adjustable:
        game = generator = None

        def __call__(self, num, rng):
            raise AssertionError("not what was asked for")

        @contextlib.contextmanager
        def drawing(self, sampling):
            asked.append(sampling)
            yield noise
            asked.append("done")

    asked = []
    options = _options(extractor, metrics=[fid()])
    found = evaluate(Adjustable(), dataset, truncation=0.5, **options)
    assert asked == [Sampling(truncation=0.5), "done"]
    assert found[0].value == evaluate(noise, dataset, **options)[0].value


def test_a_seed_is_a_value(dataset, extractor):
    def values(seed):
        found = evaluate(noise, dataset, **_options(extractor, eval_seed=seed))
        return [m.value for m in found]

    assert values(0) == values(0)
    assert values(0) != values(1)


def test_evaluating_again_compiles_nothing_again(dataset):
    traces = []

    @tf.function(autograph=False)
    def sampler(num, rng):
        traces.append(num)
        return Samples(rng.uniform([num, *SHAPE]))

    options = _options(random_convolutions(), metrics=[fid()])
    for seed, num_samples in itertools.product((0, 1), (50, 35)):
        options["num_samples"] = num_samples
        evaluate(sampler, dataset, eval_seed=seed, batch_size=25, **options)
    assert traces == [25]


def test_a_diverged_generator_has_names_but_no_values(dataset, extractor):
    found = evaluate(noise, dataset, diverged=True, **_options(extractor))
    names = metric_names(dataset, **_options(extractor))
    assert [m.metric for m in found] == [name for own in names for name in own]
    assert all(np.isnan(m.value) for m in found)


def test_one_image_that_is_not_finite_leaves_no_value(dataset, extractor):
    def sampler(num, rng):
        images = noise(num, rng).images.numpy()
        images[3, 2, 2, 0] = np.nan
        return Samples(tf.constant(images))

    found = evaluate(sampler, dataset, **_options(extractor))
    assert all(np.isnan(m.value) for m in found)


def test_real_moments_are_read_once_and_then_from_the_cache(dataset, extractor, cache):
    options = _options(extractor, metrics=[fid()])
    first = evaluate(noise, dataset, **options)
    assert len(list(cache.iterdir())) == 1
    real_sets.forget()

    class Unreadable:
        num_examples = 50
        content_hash = dataset.test.content_hash

    unreadable = dataset._replace(test=Unreadable())
    assert evaluate(noise, unreadable, **options) == first


def test_other_weights_have_moments_of_their_own(dataset, cache):
    for seed in (0, 1):
        options = _options(random_convolutions(8, seed), metrics=[fid()])
        evaluate(noise, dataset, **options)
    assert len(list(cache.iterdir())) == 2


def test_other_graph_optimizations_have_moments_of_their_own(
    dataset, extractor, cache, monkeypatch
):
    options = _options(extractor, metrics=[fid()])
    for remapping in (True, False):
        chosen = {"remapping": remapping}
        monkeypatch.setattr(
            tf.config.optimizer,
            "get_experimental_options",
            lambda chosen=chosen: chosen,
        )
        real_sets.forget()
        evaluate(noise, dataset, **options)
    assert len(list(cache.iterdir())) == 2


def test_reference_score_is_the_score_of_real_images(dataset, extractor):
    real = extractor(next(dataset.test.evaluation_batches(40, 40)).images)
    found = reference_score(dataset, features=extractor, num_samples=40)
    assert found == pytest.approx(score(real.logits.astype(np.float64)), rel=1e-12)


def test_gin_supplies_what_the_caller_does_not(dataset, tmp_path):
    file = tmp_path / "evaluation.gin"
    file.write_text(
        "evaluate.features = @features.random_convolutions()\n"
        "evaluate.metrics = [@metrics.fid(), @metrics.kid()]\n"
        "evaluate.num_samples = 10\n"
    )
    config.load([str(file)])
    found = evaluate(noise, dataset)
    assert [m.metric for m in found] == ["fid10_test_random", "kid10_test_random"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_samples": 51}, r"test split of synthetic has 50.*EVAL_SAMPLES = 50"),
        ({"standing_statistics": -5}, r"evaluate\.standing_statistics must be"),
        ({"num_samples": 1}, r"1 images.*EVAL_SAMPLES"),
        ({"split": "valid"}, r"not 'valid'.*evaluate\.split"),
        ({"metrics": [fid(), fid()]}, r"metrics has fid50_test_pixels more than once"),
    ],
)
def test_wrong_settings_are_refused(dataset, extractor, changes, message):
    with pytest.raises(InputError, match=message):
        evaluate(noise, dataset, **_options(extractor, **changes))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (precision_recall(num_neighbours=50), "needs 51 examples of each kind"),
        (density_coverage(num_neighbours=50), "needs 51 examples of each kind"),
        (inception_score(num_splits=51), "50 examples cannot be split into 51"),
        (fractal_dimension(num_seeds=51), "needs 51 images to count from"),
        (fid_infinity(num_sizes=40), "40 subsets of different sizes"),
        (ms_ssim(), "320 generated images, and there are 50"),
    ],
)
def test_too_few_examples_are_told_before_anything_is_drawn(
    dataset, extractor, metric, message
):
    def sampler(num, rng):
        raise AssertionError("nothing is to be drawn")

    options = _options(extractor, metrics=[fid(), metric])
    with pytest.raises(InputError, match=message):
        evaluate(sampler, dataset, **options)
    # Also where a run is built, which measures nothing yet.
    with pytest.raises(InputError, match=message):
        evaluate(sampler, dataset, diverged=True, **options)


def test_unequal_numbers_of_prd_are_told_before_anything_is_drawn(dataset, extractor):
    options = _options(extractor, metrics=[prd()], num_samples=60, num_real=50)
    with pytest.raises(InputError, match=r"60 generated and 50 real.*balanced = False"):
        evaluate(noise, dataset, diverged=True, **options)


def test_a_score_without_a_classifier_is_refused(dataset):
    options = _options(random_convolutions())
    with pytest.raises(InputError, match=r"'is' needs a classifier.*random are none"):
        evaluate(noise, dataset, **options)
    with pytest.raises(InputError, match="needs a classifier"):
        reference_score(dataset, features=random_convolutions(), num_samples=50)


def test_more_generated_than_real_images_are_no_matter_if_none_are_compared(
    dataset, extractor
):
    options = _options(extractor, metrics=[inception_score()], num_samples=60)
    assert evaluate(noise, dataset, **options)[0].metric == "is60_pixels"


def test_metrics_of_images_know_of_one_that_is_no_number(dataset, extractor):
    def sampler(num, rng):
        images = np.full((num, *SHAPE), 0.5, np.float32)
        images[num // 2, 3, 3] = np.nan
        return Samples(tf.constant(images))

    seen = []

    def compute(evidence):
        seen.append((evidence.fake.finite, evidence.real.finite))
        return (0.0,)

    metric = fid()._replace(compute=compute, needs=frozenset(["images", "moments"]))
    evaluate(sampler, dataset, **_options(extractor, metrics=[metric]))
    evaluate(noise, dataset, **_options(extractor, metrics=[metric]))
    assert seen == [(False, True), (True, True)]
