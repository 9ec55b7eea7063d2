"""The command score: whose numbers, under which names, and what it refuses."""

import json

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import cache
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import moments, real_sets
from compare_ssgan.evaluation.features.small_classifier import digits_cnn
from compare_ssgan.evaluation.metrics.fid import frechet_distance
from compare_ssgan.evaluation.metrics.inception_score import score
from compare_ssgan.evaluation.score import Score
from compare_ssgan.studies import scoring

RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, size=[30, 32, 32, 1], dtype=np.uint8)
FAKE = RNG.integers(0, 128, size=[20, 32, 32, 1], dtype=np.uint8)
VECTORS = RNG.normal(size=[2, 40, 5]).astype(np.float32)
LOGITS = RNG.normal(size=[40, 3])
FEW = ("metrics.inception_score.num_splits = 2",)


@pytest.fixture
def files(tmp_path):
    """Images and features, as arrays and as folders."""
    np.savez(tmp_path / "real.npz", images=REAL)
    np.save(tmp_path / "fake.npy", FAKE)
    for name, images in (("real", REAL), ("fake", FAKE)):
        (tmp_path / name).mkdir()
        for index, image in enumerate(images):
            data = tf.io.encode_png(image).numpy()
            (tmp_path / name / f"{index:02d}.png").write_bytes(data)
    for index, vectors in enumerate(VECTORS):
        np.save(tmp_path / f"features{index}.npy", vectors)
    np.save(tmp_path / "logits.npy", LOGITS)
    return tmp_path


def values(scores):
    return {each.metric: each.value for each in scores}


def test_arrays_and_folders_are_scored_alike(files):
    options = {"features": "digits_cnn", "metrics": "fid,kid,is", "settings": FEW}
    arrays = scoring.score_paths(files / "real.npz", files / "fake.npy", **options)
    folders = scoring.score_paths(files / "real", files / "fake", **options)
    assert values(arrays) == values(folders)
    features = digits_cnn()
    real, fake = (features(images / np.float32(255)) for images in (REAL, FAKE))
    expected = frechet_distance(moments.of(fake.features), moments.of(real.features))
    found = values(arrays)
    assert found["fid20_real30_digits_cnn"] == pytest.approx(expected, rel=1e-6)
    expected = score(fake.logits.astype(np.float64), num_splits=2)
    assert found["is20_digits_cnn_splits2"] == pytest.approx(expected, rel=1e-6)


def test_features_are_scored_as_they_are(files):
    scores = scoring.score_paths(
        files / "features0.npy",
        files / "features1.npy",
        features="none",
        metrics="fid,is",
        logits=files / "logits.npy",
        settings=FEW,
    )
    found = values(scores)
    expected = frechet_distance(*map(moments.of, VECTORS))
    assert found["fid40_real_features"] == pytest.approx(expected, rel=1e-9)
    expected = score(LOGITS, num_splits=2)
    assert found["is40_features_splits2"] == pytest.approx(expected, rel=1e-9)


def test_json_is_one_object_with_short_names_beside_the_protocols(files, command):
    code, out, _ = command(
        "score", files / "features0.npy", files / "features1.npy",
        "--features", "none", "--metrics", "kid,fid", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["fid"] == found["protocols"]["fid40_real_features"]
    assert found["kid"] == found["protocols"]["kid40_real_features"]


def test_a_value_that_there_is_not_is_null_in_json():
    text = scoring.render([Score("fid", "fid9_real_x", float("nan"))], as_json=True)
    assert json.loads(text) == {"fid": None, "protocols": {"fid9_real_x": None}}
    assert "NaN" not in text


def test_a_table_has_a_line_per_value(files, command):
    code, out, _ = command(
        "score", files / "real", files / "fake", "--features", "random_convolutions"
    )
    assert code == 0
    head, *lines = (line.split() for line in out.splitlines())
    assert head == ["metric", "value", "protocol"]
    found = {kind: name for kind, _, name in lines}
    assert found["fid"] == "fid20_real30_random"
    assert "kid" in found
    # No classifier, no score of one.
    assert "is" not in found


def test_statistics_of_the_real_set_are_kept_by_content(files, monkeypatch):
    options = {"features": "digits_cnn", "metrics": "fid"}
    (first,) = scoring.score_paths(files / "real", files / "fake", **options)
    real_sets.forget()
    (files / "real").rename(files / "moved")
    monkeypatch.setattr(cache, "write", None)
    (again,) = scoring.score_paths(files / "moved", files / "fake", **options)
    assert again == first


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("real", "fake"), {"metrics": "fdi"}, "no metric 'fdi'. Did you mean 'fid'"),
        (("real", "fake"), {"metrics": "swd"}, "is measured by 'sliced_wasserstein'"),
        (("real", "fake"), {"metrics": "fid,fid"}, "names fid twice"),
        (("real", "fake"), {"features": "vgg"}, "there are no features 'vgg'"),
        (("none", "fake"), {}, "There is no .*none"),
        (
            ("real", "fake"),
            {"metrics": "fid", "features": "inception"},
            "of `score` --features digits_cnn",
        ),
        (("real", "real/00.png"), {}, "00.png is neither a folder nor"),
        (
            ("real", "fake"),
            {"metrics": "is", "features": "random_convolutions"},
            "'is' needs a classifier",
        ),
        (("real", "fake"), {"logits": "logits.npy"}, "--logits goes with --features"),
        (("real", "fake"), {"features": "none"}, "features are read from .npz and"),
        (
            ("features0.npy", "features1.npy"),
            {"features": "none", "metrics": "fid", "logits": "logits.npy"},
            "--logits has no effect",
        ),
        (
            ("real", "fake"),
            {"settings": ("metrics.kid.degree = 2",), "metrics": "fid"},
            "no effect: metrics.kid.degree",
        ),
        (
            ("features0.npy", "features1.npy"),
            {"features": "none", "metrics": "is"},
            "'is' needs class logits. Give those",
        ),
        (
            ("features0.npy", "logits.npy"),
            {"features": "none", "metrics": "fid"},
            "have 5 numbers each, those of .*logits.npy 3",
        ),
    ],
)
def test_what_cannot_be_scored_is_one_message(files, names, options, message):
    options = {"features": "digits_cnn"} | options
    if "logits" in options:
        options["logits"] = files / options["logits"]
    real, fake = (files / name for name in names)
    with pytest.raises(InputError, match=message):
        scoring.score_paths(real, fake, **options)


def test_one_example_is_too_few(files):
    np.save(files / "one.npy", FAKE[:1])
    with pytest.raises(InputError, match=r"one.npy has 1 example: metrics need two"):
        scoring.score_paths(
            files / "real", files / "one.npy", features="digits_cnn", metrics="fid"
        )


def test_images_of_another_size_than_the_features_take_are_refused(files):
    np.save(files / "small.npy", FAKE[:, :8])
    with pytest.raises(InputError, match="are of images of shape"):
        scoring.score_paths(
            files / "real", files / "small.npy", features="digits_cnn", metrics="fid"
        )


def test_a_command_that_cannot_score_exits_2(files, command):
    code, out, err = command("score", files / "none", files / "fake", "--metrics=swdd")
    assert (code, out) == (2, "")
    assert "no metric 'swdd'" in err


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("ms_ssim", "there are 20. Take more, or change metrics.ms_ssim.num_batches"),
        ("prd", "Take as many of both, or set metrics.prd.balanced"),
        ("fractal_dimension", "Take more or change metrics.fractal_dimension"),
    ],
)
def test_settings_of_runs_are_not_advised(files, metrics, message):
    with pytest.raises(InputError, match=message):
        scoring.score_paths(
            files / "real", files / "fake", features="digits_cnn", metrics=metrics
        )
