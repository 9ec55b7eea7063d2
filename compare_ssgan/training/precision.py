"""The precision of training, by name."""

import tensorflow as tf

from compare_ssgan.errors import InputError

_COMPUTE = {"float32": tf.float32, "mixed_bfloat16": tf.bfloat16}


def compute_dtype(precision: str) -> tf.DType:
    """Returns the type in which networks compute products and keep activations.

    "float32", or "mixed_bfloat16" for bfloat16 products with float32 weights,
    optimizers, batch statistics and losses (Micikevicius et al., "Mixed Precision
    Training", 2018, https://arxiv.org/abs/1710.03740; bfloat16 has the exponents of
    float32, so that no loss needs scaling).

    Raises:
        InputError: If there is no precision of this name.
    """
    if precision not in _COMPUTE:
        known = " or ".join(repr(name) for name in _COMPUTE)
        raise InputError(f"run.precision must be {known}, not {precision!r}.")
    return _COMPUTE[precision]
