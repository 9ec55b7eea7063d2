"""The Inception network as TF-GAN takes it from TensorFlow Hub."""

import pathlib
from typing import Any

import tensorflow as tf

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.inception_network import Network, Tap

_FEATURES, _LOGITS = "pool_3", "logits"
_SIGNATURES = ("serving_default", "default")


def load(path: pathlib.Path, tap: Tap) -> Network:
    """Returns the network of a local copy of TF-GAN's module.

    Logits are those that the module calls so, as in TF-GAN's Inception score.

    Args:
        path: Its directory, with `saved_model.pb` in it.
        tap: 2048 or "logits": what its features are.

    Raises:
        InputError: If it is none, or for another tap, which the module does not show.
    """
    if tap not in (2048, _LOGITS):
        raise InputError(
            f"The module of TensorFlow Hub has no features {tap}, only 2048 and "
            "'logits'. Change features.inception.tap, or features.inception.weights "
            "to another source."
        )
    module = _open(path)
    call = _callable(module, path)

    # A signature alone does not keep the variables of its module: the default does.
    def apply(images: tf.Tensor, owner: Any = module) -> tuple[tf.Tensor, tf.Tensor]:
        del owner
        outputs = call(images)
        features, logits = (_flatten(outputs[n]) for n in (_FEATURES, _LOGITS))
        return (logits if tap == _LOGITS else features), logits

    features, logits = apply(tf.zeros([1, 299, 299, 3]))
    return Network(apply, features.shape[-1], logits.shape[-1])


def _open(path: pathlib.Path) -> Any:
    # Imports Keras, for which those who need no module should not wait.
    import tensorflow_hub

    try:
        return tensorflow_hub.load(str(path))
    except (OSError, RuntimeError, ValueError, KeyError, tf.errors.OpError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"{path} is no SavedModel: {reason}.") from error


def _callable(module: Any, path: pathlib.Path) -> Any:
    """Returns what maps images to a dictionary of both outputs."""
    signatures = getattr(module, "signatures", {})
    named = [signatures[name] for name in _SIGNATURES if name in signatures]
    for candidate in [module, *named] if callable(module) else named:
        spec = tf.TensorSpec([1, 299, 299, 3], tf.float32)
        try:
            outputs = tf.function(candidate).get_concrete_function(spec)
        except (TypeError, ValueError):
            continue
        found = outputs.structured_outputs
        if isinstance(found, dict) and {_FEATURES, _LOGITS} <= set(found):
            return candidate
    raise InputError(
        f"{path} is not TF-GAN's Inception module: it does not map images "
        f"[batch, 299, 299, 3] to '{_FEATURES}' and '{_LOGITS}'."
    )


def _flatten(x: tf.Tensor) -> tf.Tensor:
    size = x.shape[1:].num_elements()
    return tf.reshape(x, [-1, size])
