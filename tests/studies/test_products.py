"""Multiply-adds of graphs of TensorFlow."""

import pytest
import tensorflow as tf

from compare_ssgan.studies import products


def test_a_loop_counts_as_often_as_it_says_it_is_done():
    kernel = tf.ones([3, 3])

    @tf.function(autograph=False)
    def loops(x):
        known = tf.while_loop(
            lambda i, y: i < 5,
            lambda i, y: (i + 1, y @ kernel),
            (tf.constant(0), x),
            maximum_iterations=5,
        )
        unknown = tf.while_loop(
            lambda y: tf.reduce_sum(y) < 100.0, lambda y: (y @ kernel,), (x,)
        )
        return known, unknown

    graph = loops.get_concrete_function(tf.TensorSpec([2, 3])).graph
    assert products.total(products.needed(graph)) == (5 + 1) * 2 * 3 * 3


def test_convolutions_and_their_gradients_equal_the_profilers_count():
    """Against TensorFlow's own formulas, for strides that divide the size."""

    @tf.function
    def step(x, kernel, up):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel, up])
            y = tf.nn.conv2d(x, kernel, 2, "SAME")
            z = tf.nn.conv2d_transpose(y, up, [2, 8, 12, 5], 2, "SAME")
            loss = tf.reduce_sum(z * z)
        return tape.gradient(loss, [x, kernel, up])

    shapes = ([2, 8, 12, 3], [4, 4, 3, 7], [4, 4, 5, 7])
    graph = step.get_concrete_function(*(tf.TensorSpec(s) for s in shapes)).graph
    counted = {
        op.name: products.multiply_adds(op)
        for op in graph.get_operations()
        if products.multiply_adds(op)
    }
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    profile = tf.compat.v1.profiler.profile(graph, options=options)
    found = {node.name: node.total_float_ops for node in profile.children}
    assert len(counted) == 6
    assert {name: 2 * num for name, num in counted.items()} == {
        name: found[name] for name in counted
    }
    assert products.needed(graph) >= {graph.get_operation_by_name(n) for n in counted}


@pytest.mark.parametrize(
    ("function", "shapes", "expected"),
    [
        (lambda a, b: tf.matmul(a, b), ([3, 4], [4, 5]), 3 * 4 * 5),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), ([4, 3], [4, 5]), 3 * 4 * 5),
        (
            lambda a, b: tf.matmul(a, b, transpose_b=True),
            ([2, 3, 4], [2, 5, 4]),
            2 * 3 * 4 * 5,
        ),
        (lambda a, b: tf.matmul(a, b), ([2, 3, 4], [4, 5]), 2 * 3 * 4 * 5),
        (
            lambda a, b: tf.einsum("...qc,...kc->...qk", a, b),
            ([2, 7, 3, 4], [2, 7, 5, 4]),
            2 * 7 * 3 * 4 * 5,
        ),
        (
            lambda a, b: tf.nn.depthwise_conv2d(a, b, [1, 1, 1, 1], "SAME"),
            ([2, 6, 6, 3], [3, 3, 3, 1]),
            2 * 6 * 6 * 3 * 9,
        ),
        (lambda a, b: a * b, ([3, 4], [3, 4]), 0),
        (tf.function(lambda a, b: tf.matmul(a, b)), ([3, 4], [4, 5]), 3 * 4 * 5),
    ],
)
def test_products_of_every_kind(function, shapes, expected):
    concrete = tf.function(function, autograph=False).get_concrete_function(
        *(tf.TensorSpec(shape) for shape in shapes)
    )
    assert products.total(products.needed(concrete.graph)) == expected


def test_what_nothing_needs_is_not_counted():
    @tf.function
    def half(a):
        unused = tf.matmul(a, a)
        del unused
        return a + tf.matmul(a, tf.ones([4, 4]))

    graph = half.get_concrete_function(tf.TensorSpec([4, 4])).graph
    assert products.total(graph.get_operations()) == 2 * 64
    assert products.total(products.needed(graph)) == 64
