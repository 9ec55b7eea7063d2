import importlib.util
import pathlib
import sys

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.datasets.digits import digits
from compare_ssgan.evaluation.features.small_classifier import classifier

TOOL = pathlib.Path(__file__).parents[3] / "tools" / "train_features.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("train_features", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_holds_the_weights_and_how_they_were_made(
    tool, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "digits_cnn.npz"
    arguments = ["train_features.py", "--steps", "60", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", arguments)
    tool.main()
    with np.load(out, allow_pickle=False) as file:
        content = dict(file)
    batch = next(digits().test.evaluation_batches(600, 600))
    _, logits = classifier(content, batch.images)
    hits = np.argmax(logits, axis=1) == np.argmax(batch.labels, axis=1)
    assert content["about_test_correct"] == np.sum(hits)
    # Sixty steps learn something.
    assert np.sum(hits) > 200
    assert str(content["about_train_hash"]) == digits().train.content_hash
    assert f"({np.sum(hits)} of 600)" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [out]


def test_rescaling_changes_features_but_not_logits(tool):
    rng = np.random.default_rng(0)
    variables = tool.initial_weights((32, 32, 1), 10, rng)
    weights = {name: value.numpy() for name, value in variables.items()}
    images = next(digits().train.evaluation_batches(1000, 1000)).images
    _, before = classifier(weights, images)
    tool.rescale(weights, digits().train)
    features, after = classifier(weights, images)
    np.testing.assert_allclose(before, after, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.mean(np.square(features)), 1, rtol=1e-3)


def test_a_shift_moves_digits_without_changing_them(tool, monkeypatch):
    monkeypatch.setattr(tool, "NOISE_STDDEV", 0.0)
    images = np.zeros((20, 32, 32, 1), np.float32)
    images[:, 10:20, 12:18] = 1.0
    rng = tf.random.Generator.from_seed(0)
    shifted = tool._augmented(tf.constant(images), rng).numpy()
    for image in shifted:
        rows, columns = np.nonzero(image[..., 0])
        assert len(rows) == 60
        assert abs(rows.min() - 10) <= 4
        assert abs(columns.min() - 12) <= 4
    assert len({image.tobytes() for image in shifted}) > 10
