import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import frozen_graph
from compare_ssgan.evaluation.features.inception import inception

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(3, 3, 3, 5)).astype(np.float32)
VARIANCE = RNG.uniform(1, 2, 5).astype(np.float32)
BETA = RNG.normal(size=5).astype(np.float32)
GAMMA = RNG.uniform(1, 2, 5).astype(np.float32)
CLASSES = RNG.normal(size=(5, 4)).astype(np.float32)
BIASES = RNG.normal(size=4).astype(np.float32)


def _graph(leave_out=(), scaled=True):
    """A small graph with the names, the old operations and the shapes of 2015's."""
    tf1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        picture = tf1.placeholder(tf.float32, [1, 299, 299, 3], "ExpandDims")
        x = tf1.multiply(picture, 1.0, name="Mul")
        x = tf1.nn.conv2d(x, KERNEL, 8, "SAME", name="conv/Conv2D")
        zeros = np.zeros(5, np.float32)
        moments = [
            tf1.constant(value, name=f"conv/batchnorm/{name}")
            for name, value in [
                ("moving_mean", zeros), ("moving_variance", VARIANCE),
                ("beta", BETA), ("gamma", GAMMA),
            ]
        ]  # fmt: skip
        x = tf.raw_ops.AddN(inputs=[x], name="conv/batchnorm")
        x = tf1.nn.relu(x, name="conv")
        x = tf.raw_ops.Concat(concat_dim=3, values=[x, x[..., :0]], name="join")
        for name in ("pool", "pool_1", "mixed_7/join"):
            x = tf1.identity(x, name=name)
        x = tf1.nn.avg_pool(x, 38, 1, "VALID", name="pool_3")
        x = tf1.reshape(x, [1, 5], name="pool_3/_reshape")
        weights = tf1.constant(CLASSES, name="softmax/weights")
        x = tf1.matmul(x, weights, name="softmax/logits/MatMul")
        biases = tf1.constant(BIASES, name="softmax/biases")
        tf1.nn.softmax(tf1.nn.bias_add(x, biases, name="softmax/logits"))
    definition = graph.as_graph_def(add_shapes=True)
    # New graphs may not have the batch normalization of 2015; that graph is old.
    definition.versions.producer = 8
    (norm,) = (node for node in definition.node if node.name == "conv/batchnorm")
    norm.op = "BatchNormWithGlobalNormalization"
    norm.input.extend(tensor.op.name for tensor in moments)
    norm.attr["variance_epsilon"].f = 1e-3
    norm.attr["scale_after_normalization"].b = scaled
    del norm.attr["N"]
    for node in [n for n in definition.node if n.name in leave_out]:
        definition.node.remove(node)
    return definition


def _expected(images, gamma=GAMMA):
    x = tf.nn.conv2d(images, KERNEL, 8, "SAME") / np.sqrt(VARIANCE + 1e-3)
    return tf.reduce_mean(tf.nn.relu(x * gamma + BETA), [1, 2]).numpy()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "classify_image_graph_def.pb"
    path.write_bytes(_graph().SerializeToString())
    return path


@pytest.mark.parametrize("biased", [False, True])
def test_features_and_logits_of_several_images_are_found_by_name(path, biased):
    network = frozen_graph.load(path, 2048, biased=biased)
    assert (network.feature_size, network.num_logits) == (5, 4)
    images = RNG.normal(size=(3, 299, 299, 3)).astype(np.float32)
    features, logits = tf.function(network.apply)(images)
    np.testing.assert_allclose(features, _expected(images), atol=1e-4)
    expected = _expected(images) @ CLASSES + biased * BIASES
    np.testing.assert_allclose(logits, expected, atol=1e-4)


@pytest.mark.parametrize("tap", [64, 192, 768])
def test_earlier_taps_are_means_over_positions(path, tap):
    network = frozen_graph.load(path, tap, biased=False)
    images = RNG.normal(size=(2, 299, 299, 3)).astype(np.float32)
    features, logits = tf.function(network.apply)(images)
    np.testing.assert_allclose(features, _expected(images), atol=1e-4)
    assert (network.num_logits, logits.shape) == (0, (2, 0))


def test_batch_normalization_without_scale_has_none(tmp_path):
    path = tmp_path / "a.pb"
    path.write_bytes(_graph(scaled=False).SerializeToString())
    network = frozen_graph.load(path, 2048, biased=False)
    images = RNG.normal(size=(2, 299, 299, 3)).astype(np.float32)
    features, _ = tf.function(network.apply)(images)
    np.testing.assert_allclose(features, _expected(images, gamma=1), atol=1e-4)


def test_the_logits_can_be_the_features(path):
    network = frozen_graph.load(path, "logits", biased=False)
    images = RNG.normal(size=(2, 299, 299, 3)).astype(np.float32)
    features, logits = tf.function(network.apply)(images)
    np.testing.assert_array_equal(features, logits)
    assert network.feature_size == 4


def test_the_factory_takes_a_frozen_graph(path):
    features = inception(weights=str(path))
    found = features(np.full((3, 8, 8, 1), 1, np.float32))
    white = np.full((3, 299, 299, 3), 127 / 128, np.float32)
    np.testing.assert_allclose(found.features, _expected(white), atol=1e-4)
    assert features.name.startswith("inception_legacy_")


def test_other_graphs_and_files_are_refused(tmp_path):
    path = tmp_path / "a.pb"
    path.write_bytes(_graph(leave_out=["pool_3"]).SerializeToString())
    with pytest.raises(InputError, match=r"not the frozen graph.*no node pool_3"):
        frozen_graph.load(path, 2048, biased=False)
    path.write_bytes(_graph(leave_out=["pool_1"]).SerializeToString())
    with pytest.raises(InputError, match="no node pool_1"):
        frozen_graph.load(path, 192, biased=False)
    path.write_bytes(b"hello, this is no graph")
    with pytest.raises(InputError, match=r"a.pb is no frozen graph"):
        frozen_graph.load(path, 2048, biased=False)
