"""The Inception network of 2015 as a function of its weights.

Szegedy et al. 2015, "Rethinking the Inception architecture for computer vision",
https://arxiv.org/abs/1512.00567, in the version of
http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz,
which the Inception score and FID are defined on. It differs from the later
networks called Inception v3: 1008 classes; average pooling leaves the padding out;
the last block pools with the maximum. Layers are called as in the state dict of its
PyTorch port, https://github.com/mseitzer/pytorch-fid.

Batch normalization is folded into the convolutions, and its average pooling follows
a 1x1 convolution instead of preceding it: both are linear, so they commute, and
there are fewer channels to pool.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from compare_ssgan.errors import InputError

NUM_CLASSES = 1008
# Where features are taken: after the first and the second pooling, before the
# auxiliary classifier, after the last pooling.
TAPS = (64, 192, 768, 2048)
_EPSILON = 1e-3
_NORM = ("bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
_COUNTER = "bn.num_batches_tracked"

Weights = Mapping[str, tf.Tensor]
Tap = int | Literal["logits"]


class Network(NamedTuple):
    """A network that was loaded from one of the sources.

    Attributes:
        apply: Images [batch, 299, 299, 3] in [-1, 1] to features
            [batch, feature_size] and logits [batch, num_logits].
        feature_size: Size of a feature vector.
        num_logits: Number of class logits; 0 if they are not computed.
    """

    apply: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    feature_size: int
    num_logits: int


class _Convolution(NamedTuple):
    """Name, kernel (height, width) and channels of a convolution."""

    name: str
    kernel: tuple[int, int]
    inputs: int
    outputs: int


def _chain(
    prefix: str,
    inputs: int,
    layers: Sequence[tuple[str, tuple[int, int], int]],
) -> list[_Convolution]:
    """Returns convolutions one after the other; suffix, kernel, outputs of each."""
    found = []
    for suffix, kernel, outputs in layers:
        found.append(_Convolution(f"{prefix}{suffix}", kernel, inputs, outputs))
        inputs = outputs
    return found


_STEM = _chain(
    "Conv2d_",
    3,
    [
        ("1a_3x3", (3, 3), 32),
        ("2a_3x3", (3, 3), 32),
        ("2b_3x3", (3, 3), 64),
        ("3b_1x1", (1, 1), 80),
        ("4a_3x3", (3, 3), 192),
    ],
)


def _mixed_35(name: str, inputs: int, pooled: int) -> list[_Convolution]:
    return [
        *_chain(f"{name}.branch1x1", inputs, [("", (1, 1), 64)]),
        *_chain(f"{name}.branch5x5_", inputs, [("1", (1, 1), 48), ("2", (5, 5), 64)]),
        *_chain(
            f"{name}.branch3x3dbl_",
            inputs,
            [("1", (1, 1), 64), ("2", (3, 3), 96), ("3", (3, 3), 96)],
        ),
        *_chain(f"{name}.branch_pool", inputs, [("", (1, 1), pooled)]),
    ]


def _reduction_17(name: str, inputs: int) -> list[_Convolution]:
    return [
        *_chain(f"{name}.branch3x3", inputs, [("", (3, 3), 384)]),
        *_chain(
            f"{name}.branch3x3dbl_",
            inputs,
            [("1", (1, 1), 64), ("2", (3, 3), 96), ("3", (3, 3), 96)],
        ),
    ]


def _mixed_17(name: str, inputs: int, inner: int) -> list[_Convolution]:
    row, column = (1, 7), (7, 1)
    return [
        *_chain(f"{name}.branch1x1", inputs, [("", (1, 1), 192)]),
        *_chain(
            f"{name}.branch7x7_",
            inputs,
            [("1", (1, 1), inner), ("2", row, inner), ("3", column, 192)],
        ),
        *_chain(
            f"{name}.branch7x7dbl_",
            inputs,
            [
                ("1", (1, 1), inner),
                ("2", column, inner),
                ("3", row, inner),
                ("4", column, inner),
                ("5", row, 192),
            ],
        ),
        *_chain(f"{name}.branch_pool", inputs, [("", (1, 1), 192)]),
    ]


def _reduction_8(name: str, inputs: int) -> list[_Convolution]:
    return [
        *_chain(f"{name}.branch3x3_", inputs, [("1", (1, 1), 192), ("2", (3, 3), 320)]),
        *_chain(
            f"{name}.branch7x7x3_",
            inputs,
            [
                ("1", (1, 1), 192),
                ("2", (1, 7), 192),
                ("3", (7, 1), 192),
                ("4", (3, 3), 192),
            ],
        ),
    ]


def _mixed_8(name: str, inputs: int) -> list[_Convolution]:
    ends = [("a", (1, 3), 384), ("b", (3, 1), 384)]
    return [
        *_chain(f"{name}.branch1x1", inputs, [("", (1, 1), 320)]),
        *_chain(f"{name}.branch3x3_", inputs, [("1", (1, 1), 384)]),
        *(c for e in ends for c in _chain(f"{name}.branch3x3_2", 384, [e])),
        *_chain(
            f"{name}.branch3x3dbl_", inputs, [("1", (1, 1), 448), ("2", (3, 3), 384)]
        ),
        *(c for e in ends for c in _chain(f"{name}.branch3x3dbl_3", 384, [e])),
        *_chain(f"{name}.branch_pool", inputs, [("", (1, 1), 192)]),
    ]


_CONVOLUTIONS = (
    *_STEM,
    *_mixed_35("Mixed_5b", 192, 32),
    *_mixed_35("Mixed_5c", 256, 64),
    *_mixed_35("Mixed_5d", 288, 64),
    *_reduction_17("Mixed_6a", 288),
    *_mixed_17("Mixed_6b", 768, 128),
    *_mixed_17("Mixed_6c", 768, 160),
    *_mixed_17("Mixed_6d", 768, 160),
    *_mixed_17("Mixed_6e", 768, 192),
    *_reduction_8("Mixed_7a", 768),
    *_mixed_8("Mixed_7b", 1280),
    *_mixed_8("Mixed_7c", 2048),
)


def state_shapes() -> dict[str, tuple[int, ...]]:
    """Returns name and shape of every array of the PyTorch port's state dict.

    Kernels are [outputs, inputs, height, width]. Counters of batches, which no
    evaluation reads, are left out.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name, kernel, inputs, outputs in _CONVOLUTIONS:
        shapes[f"{name}.conv.weight"] = (outputs, inputs, *kernel)
        shapes |= {f"{name}.{part}": (outputs,) for part in _NORM}
    shapes["fc.weight"] = (NUM_CLASSES, TAPS[-1])
    shapes["fc.bias"] = (NUM_CLASSES,)
    return shapes


def fold(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the weights of `network` from a state dict of the PyTorch port.

    Args:
        state: As `state_shapes`, of any floating-point type.

    Returns:
        float32 kernels [height, width, inputs, outputs] with batch normalization in
        them, biases [outputs], "fc.weight" [2048, 1008] and "fc.bias" [1008].

    Raises:
        InputError: If an array is missing, unknown, of another shape or not finite.
    """
    shapes = state_shapes()
    given = {name for name in state if not name.endswith(_COUNTER)}
    wrong = [
        f"{name} is {'missing' if name not in state else list(state[name].shape)}"
        for name, shape in shapes.items()
        if name not in state or state[name].shape != shape
    ]
    wrong += [f"{name} is unknown" for name in sorted(given - set(shapes))]
    wrong += [
        f"{name} is not finite"
        for name in sorted(given & set(shapes))
        if not np.all(np.isfinite(state[name]))
    ]
    if wrong:
        raise InputError(
            "These are not the weights of the Inception network of 2015: "
            f"{'; '.join(wrong[:3])}{f'; {len(wrong)} such' * (len(wrong) > 3)}."
        )
    weights = {}
    for name, *_ in _CONVOLUTIONS:
        gamma, beta, mean, variance = (
            state[f"{name}.{part}"].astype(np.float64) for part in _NORM
        )
        scale = gamma / np.sqrt(variance + _EPSILON)
        kernel = np.transpose(state[f"{name}.conv.weight"], (2, 3, 1, 0))
        weights[name] = (kernel * scale).astype(np.float32)
        weights[f"{name}.bias"] = (beta - mean * scale).astype(np.float32)
    weights["fc.weight"] = np.ascontiguousarray(state["fc.weight"].T, np.float32)
    weights["fc.bias"] = state["fc.bias"].astype(np.float32)
    return weights


def network(weights: Weights, images: tf.Tensor, tap: int) -> tf.Tensor:
    """Returns features [batch, tap], means over positions.

    Args:
        weights: As `fold` returns them.
        images: [batch, 299, 299, 3] in [-1, 1].
        tap: One of `TAPS`; layers behind it are not computed.
    """
    x = _convolve(weights, "Conv2d_1a_3x3", images, 2, "VALID")
    x = _convolve(weights, "Conv2d_2a_3x3", x, 1, "VALID")
    x = _convolve(weights, "Conv2d_2b_3x3", x)
    x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    if tap == TAPS[0]:
        return _mean(x)
    x = _convolve(weights, "Conv2d_3b_1x1", x)
    x = _convolve(weights, "Conv2d_4a_3x3", x, 1, "VALID")
    x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    if tap == TAPS[1]:
        return _mean(x)
    for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        x = _apply_mixed_35(weights, name, x)
    x = _apply_reduction_17(weights, "Mixed_6a", x)
    for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        x = _apply_mixed_17(weights, name, x)
    if tap == TAPS[2]:
        return _mean(x)
    x = _apply_reduction_8(weights, "Mixed_7a", x)
    x = _apply_mixed_8(weights, "Mixed_7b", x)
    x = _apply_mixed_8(weights, "Mixed_7c", x, last=True)
    return _mean(x)


def logits(weights: Weights, features: tf.Tensor, *, biased: bool) -> tf.Tensor:
    """Returns class logits [batch, 1008].

    Args:
        weights: As `fold` returns them.
        features: [batch, 2048].
        biased: Whether with the bias of the classifier.
    """
    unbiased = features @ weights["fc.weight"]
    return unbiased + weights["fc.bias"] if biased else unbiased


def _mean(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, [1, 2])


def _convolve(
    weights: Weights, name: str, x: tf.Tensor, stride: int = 1, padding: str = "SAME"
) -> tf.Tensor:
    x = tf.nn.conv2d(x, weights[name], stride, padding)
    return tf.nn.relu(tf.nn.bias_add(x, weights[f"{name}.bias"]))


def _sequence(
    weights: Weights, prefix: str, x: tf.Tensor, suffixes: Sequence[str]
) -> tf.Tensor:
    for suffix in suffixes:
        x = _convolve(weights, f"{prefix}{suffix}", x)
    return x


def _average(weights: Weights, name: str, x: tf.Tensor) -> tf.Tensor:
    """Returns what 3x3 average pooling and a 1x1 convolution make, reversed."""
    x = tf.nn.avg_pool2d(tf.nn.conv2d(x, weights[name], 1, "SAME"), 3, 1, "SAME")
    return tf.nn.relu(tf.nn.bias_add(x, weights[f"{name}.bias"]))


def _apply_mixed_35(weights: Weights, name: str, x: tf.Tensor) -> tf.Tensor:
    branches = [
        _convolve(weights, f"{name}.branch1x1", x),
        _sequence(weights, f"{name}.branch5x5_", x, "12"),
        _sequence(weights, f"{name}.branch3x3dbl_", x, "123"),
        _average(weights, f"{name}.branch_pool", x),
    ]
    return tf.concat(branches, -1)


def _apply_reduction_17(weights: Weights, name: str, x: tf.Tensor) -> tf.Tensor:
    double = _sequence(weights, f"{name}.branch3x3dbl_", x, "12")
    branches = [
        _convolve(weights, f"{name}.branch3x3", x, 2, "VALID"),
        _convolve(weights, f"{name}.branch3x3dbl_3", double, 2, "VALID"),
        tf.nn.max_pool2d(x, 3, 2, "VALID"),
    ]
    return tf.concat(branches, -1)


def _apply_mixed_17(weights: Weights, name: str, x: tf.Tensor) -> tf.Tensor:
    branches = [
        _convolve(weights, f"{name}.branch1x1", x),
        _sequence(weights, f"{name}.branch7x7_", x, "123"),
        _sequence(weights, f"{name}.branch7x7dbl_", x, "12345"),
        _average(weights, f"{name}.branch_pool", x),
    ]
    return tf.concat(branches, -1)


def _apply_reduction_8(weights: Weights, name: str, x: tf.Tensor) -> tf.Tensor:
    short = _convolve(weights, f"{name}.branch3x3_1", x)
    long = _sequence(weights, f"{name}.branch7x7x3_", x, "123")
    branches = [
        _convolve(weights, f"{name}.branch3x3_2", short, 2, "VALID"),
        _convolve(weights, f"{name}.branch7x7x3_4", long, 2, "VALID"),
        tf.nn.max_pool2d(x, 3, 2, "VALID"),
    ]
    return tf.concat(branches, -1)


def _apply_mixed_8(
    weights: Weights, name: str, x: tf.Tensor, *, last: bool = False
) -> tf.Tensor:
    single = _convolve(weights, f"{name}.branch3x3_1", x)
    double = _sequence(weights, f"{name}.branch3x3dbl_", x, "12")
    if last:
        pooled = tf.nn.max_pool2d(x, 3, 1, "SAME")
        pooled = _convolve(weights, f"{name}.branch_pool", pooled)
    else:
        pooled = _average(weights, f"{name}.branch_pool", x)
    branches = [
        _convolve(weights, f"{name}.branch1x1", x),
        _convolve(weights, f"{name}.branch3x3_2a", single),
        _convolve(weights, f"{name}.branch3x3_2b", single),
        _convolve(weights, f"{name}.branch3x3dbl_3a", double),
        _convolve(weights, f"{name}.branch3x3dbl_3b", double),
        pooled,
    ]
    return tf.concat(branches, -1)
