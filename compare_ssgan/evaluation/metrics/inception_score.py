"""How clearly a classifier tells generated images, and into how many classes."""

import itertools
from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric

# The seed that torch-fidelity shuffles with before it splits.
_SEED = 2020


@config.register("metrics")
def inception_score(num_splits: int = 1) -> Metric:
    """The formula of the Inception score, on whichever classifier is evaluated.

    Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 4: from 1 to the
    number of classes. Only with the Inception network is it the number of that name.

    Args:
        num_splits: Number of parts whose scores are averaged: 1 as compare_gan; 10
            as the paper, with the shuffling of torch-fidelity.

    Raises:
        InputError: If there are no parts.
    """
    if num_splits < 1:
        raise InputError(
            f"The Inception score cannot be averaged over {num_splits} parts. "
            "Change metrics.inception_score.num_splits."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        return (score(evidence.fake.logits, num_splits=num_splits),)

    return Metric(
        kinds=("is",),
        compute=compute,
        needs=frozenset(["logits"]),
        suffix="" if num_splits == 1 else f"_splits{num_splits}",
    )


def score(logits: np.ndarray, *, num_splits: int = 1) -> float:
    """Returns exp of the mean divergence KL(p(y|x) || p(y)), averaged over parts.

    Args:
        logits: [examples, classes] float64.
        num_splits: Number of parts.

    Raises:
        InputError: If there are fewer examples than parts.
    """
    if len(logits) < num_splits:
        raise InputError(
            f"{len(logits)} examples cannot be split into {num_splits} parts. "
            "Change metrics.inception_score.num_splits."
        )
    if not np.all(np.isfinite(logits)):
        return float("nan")
    if num_splits > 1:
        logits = logits[np.random.RandomState(_SEED).permutation(len(logits))]
    bounds = [i * len(logits) // num_splits for i in range(num_splits + 1)]
    parts = [logits[i:j] for i, j in itertools.pairwise(bounds)]
    return float(np.mean([_score(part) for part in parts]))


def _score(logits: np.ndarray) -> float:
    log_p = logits - _log_sum_exp(logits, axis=1)
    # The logarithm of the mean, so that a class nobody predicts gives no 0 * inf.
    log_mean = _log_sum_exp(log_p, axis=0) - np.log(len(logits))
    divergences = np.sum(np.exp(log_p) * (log_p - log_mean), axis=1)
    return float(np.exp(np.mean(divergences)))


def _log_sum_exp(x: np.ndarray, axis: int) -> np.ndarray:
    largest = np.max(x, axis=axis, keepdims=True)
    total = np.sum(np.exp(x - largest), axis=axis, keepdims=True)
    return np.asarray(largest + np.log(total))
