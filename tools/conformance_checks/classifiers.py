"""The Inception score: closed forms and TF-GAN."""

import numpy as np
import scipy.special
import tensorflow as tf

from compare_ssgan import tfgan
from compare_ssgan.evaluation.metric import ImageSet
from compare_ssgan.evaluation.metrics import inception_score
from tools.conformance_checks.check import Check
from tools.conformance_checks.values import value


def checks() -> list[Check]:
    """Returns the checks of this file."""
    return [
        Check("is", "500 equal predictions", "definition: 1", 1.0,
              lambda: _score(np.tile([1.0, 2.0, 3.0], [500, 1])), 1e-12),
        Check("is", "1000 certain predictions of 10 classes", "definition: 10", 10.0,
              lambda: _score(100 * np.eye(10)[np.arange(1000) % 10]), 1e-9),
        Check("is", "two classes, each with 0.9",
              "closed form: exp(ln 2 - entropy)", _two_classes(),
              lambda: _score(np.log([[0.9, 0.1], [0.1, 0.9]] * 50)), 1e-12),
        Check("is", "1000 x 10 in 10 parts",
              "Salimans et al. 2016, section 4, torch-fidelity's shuffling",
              _formula, lambda: _score(_logits(), 10), 1e-9),
        Check("is", "1000 x 10", "TF-GAN, from logits", _tfgan,
              lambda: _score(_logits()), 1e-4),
    ]  # fmt: skip


def _logits() -> np.ndarray:
    return 3 * np.random.RandomState(0).randn(1000, 10)


def _score(logits: np.ndarray, num_splits: int = 1) -> float:
    metric = inception_score.inception_score(num_splits=num_splits)
    return value(metric, "is", ImageSet(logits=logits))


def _two_classes() -> float:
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    return float(np.exp(np.log(2) - entropy))


def _formula() -> float:
    logits = _logits()[np.random.RandomState(2020).permutation(1000)]
    scores = []
    for part in np.split(scipy.special.softmax(logits, axis=1), 10):
        divergences = part * (np.log(part) - np.log(part.mean(axis=0)))
        scores.append(np.exp(divergences.sum(axis=1).mean()))
    return float(np.mean(scores))


def _tfgan() -> float:
    logits = tf.constant(_logits(), tf.float32)
    return float(tfgan.classifier_score(logits))
