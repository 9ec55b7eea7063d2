"""Metrics of images of several sizes, which features resize one by one."""

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import image_files, score
from compare_ssgan.evaluation.features.extractor import FeatureExtractor
from compare_ssgan.evaluation.metrics import fid
from compare_ssgan.evaluation.score import Judge

RNG = np.random.default_rng(0)
SIZES = [(4, 5), (8, 8), (6, 3)]


def prepare(images):
    # As Inception's clean protocol, it needs a size that is known.
    height, width = images.shape[1:3]
    rows = np.full([2, height], 1 / height, np.float32)
    columns = np.linspace(0, 1, 3 * width, dtype=np.float32).reshape(3, width)
    return 255 * tf.einsum("bhwc,uh,vw->buvc", images, rows, columns)


def network(inputs):
    features = tf.reshape(inputs, [-1, 2 * 3 * 3])
    return features, features[:, :0]


def extractor(prepare=prepare):
    return FeatureExtractor(
        "means", network, weights_hash="x", feature_size=18, num_logits=0,
        prepare=prepare,
    )  # fmt: skip


def write(folder, sizes):
    folder.mkdir()
    images = [RNG.integers(0, 256, [*size, 3], dtype=np.uint8) for size in sizes]
    for index, image in enumerate(images):
        path = folder / f"{index:02d}.png"
        path.write_bytes(tf.io.encode_png(image).numpy())
    return images


def test_each_image_is_resized_for_itself(tmp_path):
    features = extractor()
    found = []
    for name in ("real", "fake"):
        images = write(tmp_path / name, SIZES * 4)
        inputs = [prepare(tf.constant(x[None] / np.float32(255))) for x in images]
        found.append(network(tf.concat(inputs, 0))[0].numpy().astype(np.float64))
        # Of one size, what is made of a batch is what is made of each.
        of_one = features(images[0][None] / np.float32(255)).features
        np.testing.assert_allclose(of_one[0], found[-1][0], rtol=1e-5)
    sources = [
        image_files.open_folder(tmp_path / name)._replace(prepare=features.prepare)
        for name in ("real", "fake")
    ]
    (result,) = score.measure(*sources, Judge(features, (fid.fid(),)))
    means = [vectors.mean(axis=0) for vectors in found]
    covariances = [np.cov(vectors, rowvar=False) for vectors in found]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex))
    expected = np.sum((means[0] - means[1]) ** 2) - 2 * np.sum(roots.real)
    expected += np.trace(covariances[0]) + np.trace(covariances[1])
    assert result.metric == "fid12_real_means"
    assert result.value == pytest.approx(expected, rel=1e-4)


def test_features_that_do_not_resize_name_the_first_image_that_differs(tmp_path):
    write(tmp_path / "real", SIZES)
    source = image_files.open_folder(tmp_path / "real")
    with pytest.raises(InputError, match=r"01.png is 8x8, but .*00.png is 5x4"):
        score.measure(source, source, Judge(extractor(None), (fid.fid(),)))
