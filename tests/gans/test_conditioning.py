import numpy as np

from compare_ssgan.gans.conditioning import Projection
from compare_ssgan.layers.initializers import glorot_normal, normal
from compare_ssgan.layers.weights import Weights


def weights():
    return Weights(np.random.default_rng(0), normal(stddev=1.0))


def test_projection_is_the_product_with_the_row_of_the_label():
    projection = Projection(4, 3, weights())
    features = np.random.default_rng(1).normal(size=[3, 4]).astype(np.float32)
    labels = np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0]], np.float32)
    embedding = projection.embedding.kernel.raw.numpy()
    expected = [features[0] @ embedding[1], 0.0, features[2] @ embedding[0]]
    actual = projection(features, labels)
    np.testing.assert_allclose(actual[:, 0], expected, rtol=1e-5, atol=1e-6)


def test_the_embedding_is_drawn_by_the_initializer_asked_for():
    drawn = [
        Projection(200, 100, weights(), initializer=initializer)
        .embedding.kernel.raw.numpy()
        .std()
        for initializer in (None, glorot_normal())
    ]
    np.testing.assert_allclose(drawn, [1.0, np.sqrt(2.0 / 300)], rtol=0.03)
