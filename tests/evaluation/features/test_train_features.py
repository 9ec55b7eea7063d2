import importlib.util
import pathlib
import sys

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.digits import digits
from compare_ssgan.datasets.synthetic import synthetic
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import real_sets
from compare_ssgan.evaluation.evaluate import evaluate
from compare_ssgan.evaluation.features import domain_classifier, training
from compare_ssgan.evaluation.features.small_classifier import (
    WEIGHTS_DIRECTORY,
    classifier,
    content_hash,
    digits_cnn,
    read_weights,
)
from compare_ssgan.evaluation.metrics.fid import fid
from compare_ssgan.evaluation.metrics.kid import kid

TOOL = pathlib.Path(__file__).parents[3] / "tools" / "train_features.py"
SHAPE = (16, 16, 3)
# Moments and numbers of runs that were done with it depend on it.
DIGITS_HASH = "027de368db509f82"
SYNTHETIC = [
    "--dataset", "synthetic", "--set", "datasets.synthetic.image_shape = (16, 16, 3)",
    "--set", "datasets.synthetic.num_examples = 80", "--steps", "3",
]  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path / "cache"))
    real_sets.forget()
    return tmp_path / "cache" / "classifiers"


@pytest.fixture
def train(monkeypatch, capsys):
    """Calls the tool in this process; returns exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("train_features", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["train_features.py", *map(str, arguments)])
        code = 0
        try:
            module.main()
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def _store(directory, dataset="toy", seed=0, shape=(8, 8, 1)):
    network = training.Network((2, 2, 2), feature_size=4)
    rng = np.random.default_rng(seed)
    weights = training.initial_weights(shape, 3, rng, network)
    path = directory / domain_classifier.file_name(dataset, weights)
    domain_classifier.store(path, weights, {"image_shape": shape})
    return path, weights


def test_the_file_holds_the_weights_and_how_they_were_made(train, tmp_path):
    out = tmp_path / "own" / "digits_cnn.npz"
    code, said, _ = train("--steps", 60, "--out", out)
    assert code == 0
    with np.load(out, allow_pickle=False) as file:
        content = dict(file)
    batch = next(digits().test.evaluation_batches(600, 600))
    _, logits = classifier(read_weights(out), batch.images)
    hits = np.argmax(logits, axis=1) == np.argmax(batch.labels, axis=1)
    assert content["about_test_correct"] == np.sum(hits)
    # Sixty steps learn something.
    assert np.sum(hits) > 200
    assert str(content["about_train_hash"]) == digits().train.content_hash
    assert f"({np.sum(hits)} of 600)" in said
    assert "Copy it to" in said
    assert list(out.parent.iterdir()) == [out]


def test_a_trained_classifier_is_registered_and_evaluates(train, cache):
    # The same training gives the same file.
    for _ in range(2):
        code, said, _ = train(*SYNTHETIC)
        assert code == 0
    (path,) = cache.iterdir()
    digest = content_hash(read_weights(path))[:8]
    assert path.name == f"synthetic_cnn-{digest}.npz"
    assert f"features.classifier.digest = '{digest}'" in said
    features = domain_classifier.classifier(dataset="synthetic")
    assert features.name == f"synthetic_cnn_{digest}"
    assert features.image_shape == SHAPE
    assert features.num_logits == 10
    dataset = synthetic(image_shape=SHAPE, num_examples=80)
    batches = dataset.test.evaluation_batches(80, 80)
    found = evaluate(
        lambda num, rng: next(batches),
        dataset,
        features=features,
        metrics=[fid(), kid()],
        num_samples=80,
    )
    assert [m.metric for m in found] == [
        f"fid80_test_synthetic_cnn_{digest}", f"kid80_test_synthetic_cnn_{digest}"
    ]  # fmt: skip
    assert found[0].value == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "synthetic", "--set", "datasets.synthetic.num_classes = 0"],
         "synthetic has no labels"),
        (["--dataset", "digit_outlines"], "has pairs .*a classifier needs"),
        (["--dataset", "digit"], "no dataset 'digit'.*Did you mean 'digits'"),
        (["--steps", "0"], "--steps must be 1 or more"),
        (["--set", "datasets.synthetic.seed = 1"], "No dataset reads.*synthetic.seed"),
        (["--dataset", "cifar10"], "cifar10 is read from .* none is named"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(train, cache, arguments, message):
    code, _, said = train(*arguments)
    assert code == 2
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(said)
    assert not cache.exists()


def test_the_embedded_classifier_is_what_it_always_was():
    assert digits_cnn().name == "digits_cnn"
    assert digits_cnn().weights_hash == content_hash(
        read_weights(WEIGHTS_DIRECTORY / "digits_cnn.npz")
    )
    assert digits_cnn().weights_hash.startswith(DIGITS_HASH)


def test_of_several_classifiers_one_must_be_named(cache):
    paths = sorted(_store(cache, seed=seed)[0] for seed in (0, 1))
    digests = [path.stem.rsplit("-")[1] for path in paths]
    with pytest.raises(InputError, match=f"2 classifiers of toy.*{', '.join(digests)}"):
        domain_classifier.classifier(dataset="toy")
    first, second = (
        domain_classifier.classifier(dataset="toy", digest=digest) for digest in digests
    )
    assert first.name != second.name
    assert first.weights_hash != second.weights_hash
    assert first is domain_classifier.classifier(dataset="toy", digest=digests[0])


def test_a_dataset_whose_name_another_begins_with_is_not_that_one(cache):
    path, _ = _store(cache, "toy_subset")
    with pytest.raises(InputError, match=rf"no classifier of toy in .*{path.stem}"):
        domain_classifier.classifier(dataset="toy")
    assert domain_classifier.classifier(dataset="toy_subset")


def test_a_classifier_that_is_not_there_is_refused(cache):
    with pytest.raises(InputError, match=r"none at all.*train_features"):
        domain_classifier.classifier(dataset="toy")
    with pytest.raises(InputError, match=r"@features\.digits_cnn"):
        domain_classifier.classifier(dataset="digits")
    path, _ = _store(cache)
    with pytest.raises(InputError, match=f"digest 00000000.*{path.stem[-8:]}"):
        domain_classifier.classifier(dataset="toy", digest="00000000")


def test_a_file_that_was_changed_or_cut_short_is_refused(cache):
    path, weights = _store(cache)
    weights["logits"] = weights["logits"] + 1
    domain_classifier.store(path, weights, {"image_shape": (8, 8, 1)})
    with pytest.raises(InputError, match="was changed"):
        domain_classifier.classifier(dataset="toy")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="no classifier that can be read"):
        domain_classifier.classifier(dataset="toy")


def test_images_of_another_shape_are_refused(cache):
    _store(cache)
    features = domain_classifier.classifier(dataset="toy")
    with pytest.raises(InputError, match=r"toy_cnn_.*\(8, 8, 1\).*\(32, 32, 3\)"):
        features.check((32, 32, 3))


def test_a_directory_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write the classifier"):
        domain_classifier.store(tmp_path / "file" / "a.npz", {}, {})


def test_rescaling_changes_features_but_not_logits():
    rng = np.random.default_rng(0)
    weights = training.initial_weights((32, 32, 1), 10, rng, training.Network())
    images = next(digits().train.evaluation_batches(1000, 1000)).images
    _, before = classifier(weights, images)
    training.rescale(weights, digits().train)
    features, after = classifier(weights, images)
    np.testing.assert_allclose(before, after, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.mean(np.square(features)), 1, rtol=1e-3)


@pytest.mark.parametrize(
    ("shape", "channels", "doubled"),
    [
        ((32, 32, 1), (16, 32, 64), False),
        ((28, 28, 1), (16, 32, 64), False),
        ((32, 32, 3), (32, 64, 128), True),
        ((128, 128, 3), (32, 64, 128, 256, 256), True),
    ],
)
def test_networks_fit_images(shape, channels, doubled):
    network = training.network_for(shape)
    assert network == training.Network(channels, doubled, 64)
    weights = training.initial_weights(shape, 7, np.random.default_rng(0), network)
    assert ("same1" in weights) == doubled
    features, logits = classifier(weights, tf.zeros([2, *shape]))
    assert features.shape == (2, 64)
    assert logits.shape == (2, 7)


def test_a_shift_moves_digits_without_changing_them():
    images = np.zeros((20, 32, 32, 1), np.float32)
    images[:, 10:20, 12:18] = 1.0
    rng = tf.random.Generator.from_seed(0)
    how = training.Augmentation(noise_stddev=0.0)
    shifted = training.augmented(tf.constant(images), rng, how).numpy()
    for image in shifted:
        rows, columns = np.nonzero(image[..., 0])
        assert len(rows) == 60
        assert abs(rows.min() - 10) <= 4
        assert abs(columns.min() - 12) <= 4
    assert len({image.tobytes() for image in shifted}) > 10


def test_about_half_of_the_images_are_mirrored():
    ramp = np.broadcast_to(np.arange(32.0)[:, None], (400, 32, 32, 1)) + 1
    rng = tf.random.Generator.from_seed(0)
    how = training.Augmentation(mirrored=True, noise_stddev=0.0)
    found = training.augmented(tf.constant(ramp, tf.float32), rng, how).numpy()
    falling = found[:, 16, 10, 0] > found[:, 16, 20, 0]
    assert 150 < np.sum(falling) < 250


def test_a_training_says_how_it_goes(monkeypatch):
    monkeypatch.setattr(training, "REPORT_EVERY", 2)
    said = []
    train = training.Training(
        (8, 8, 1), 3, steps=5, augmentation=training.Augmentation(),
        network=training.Network((2, 2, 2), feature_size=4),
    )  # fmt: skip
    split = synthetic(image_shape=(8, 8, 1), num_classes=3, num_examples=70).train
    train(split, 0, lambda step, loss: said.append((step, loss)))
    assert [step for step, _ in said] == [2, 4]
    assert np.all(np.isfinite([loss for _, loss in said]))
