"""How clearly a classifier tells generated images, and into how many classes."""

import itertools
from collections.abc import Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.metric import Evidence, Metric

# The seed that torch-fidelity shuffles with before it splits.
_SEED = 2020
# Logits that are converted to float64 at a time.
_BLOCK = 4096


@config.register("metrics")
def inception_score(num_splits: int = 1, spread: bool = False) -> Metric:
    """The formula of the Inception score, on whichever classifier is evaluated.

    Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 4: from 1 to the
    number of classes. Only with the Inception network is it the number of that name.

    Args:
        num_splits: Number of parts whose scores are averaged: 1 as compare_gan; 10
            as the paper, with the shuffling of torch-fidelity.
        spread: Whether to return the standard deviation over the parts, too, as the
            paper does (divisor `num_splits`).

    Raises:
        InputError: If there are no parts, or the spread of a single one is asked for.
    """
    if num_splits < 1:
        raise InputError(
            f"The Inception score cannot be averaged over {num_splits} parts. "
            "Change metrics.inception_score.num_splits."
        )
    if spread and num_splits == 1:
        raise InputError(
            "A single part has no standard deviation. Change "
            "metrics.inception_score.num_splits (10 is usual) or "
            "metrics.inception_score.spread."
        )

    def compute(evidence: Evidence) -> Sequence[float]:
        scores = scores_of_parts(evidence.fake.logits, num_splits=num_splits)
        mean = float(np.mean(scores))
        return (mean, float(np.std(scores))) if spread else (mean,)

    return Metric(
        kinds=("is", "is_standard_deviation") if spread else ("is",),
        compute=compute,
        needs=frozenset(["logits"]),
        suffix="" if num_splits == 1 else f"_splits{num_splits}",
        check_numbers=lambda num_fake, num_real: _check_splits(num_fake, num_splits),
    )


def score(logits: np.ndarray, *, num_splits: int = 1) -> float:
    """Returns exp of the mean divergence KL(p(y|x) || p(y)), averaged over parts.

    Args:
        logits: [examples, classes], of any float type; computed in float64.
        num_splits: Number of parts.

    Raises:
        InputError: If there are fewer examples than parts.
    """
    return float(np.mean(scores_of_parts(logits, num_splits=num_splits)))


def _check_splits(num: int, num_splits: int) -> None:
    if num < num_splits:
        raise InputError(
            f"{num} examples cannot be split into {num_splits} parts. "
            "Change metrics.inception_score.num_splits."
        )


def scores_of_parts(logits: np.ndarray, *, num_splits: int) -> list[float]:
    """Returns the score of each part; see `score`."""
    _check_splits(len(logits), num_splits)
    if not np.all(np.isfinite(logits)):
        return [float("nan")] * num_splits
    order = np.arange(len(logits))
    if num_splits > 1:
        order = np.random.RandomState(_SEED).permutation(len(logits))
    bounds = [i * len(logits) // num_splits for i in range(num_splits + 1)]
    return [_score(logits, order[i:j]) for i, j in itertools.pairwise(bounds)]


def _score(logits: np.ndarray, rows: np.ndarray) -> float:
    """Returns the score of some examples, of few at a time in float64.

    In the order of operations, and so to the last bit, as of all at once.
    """
    parts = [rows[first : first + _BLOCK] for first in range(0, len(rows), _BLOCK)]
    largest = np.max([np.max(_log_p(logits[part]), axis=0) for part in parts], axis=0)
    total = np.zeros((1, logits.shape[1]))
    for part in parts:
        shares = np.exp(_log_p(logits[part]) - largest)
        total = np.sum(np.concatenate([total, shares]), axis=0, keepdims=True)
    # The logarithm of the mean, so that a class nobody predicts gives no 0 * inf.
    log_mean = largest + np.log(total) - np.log(len(rows))
    divergences = []
    for part in parts:
        log_p = _log_p(logits[part])
        divergences.append(np.sum(np.exp(log_p) * (log_p - log_mean), axis=1))
    return float(np.exp(np.mean(np.concatenate(divergences))))


def _log_p(logits: np.ndarray) -> np.ndarray:
    block = logits.astype(np.float64)
    largest = np.max(block, axis=1, keepdims=True)
    total = np.sum(np.exp(block - largest), axis=1, keepdims=True)
    return np.asarray(block - (largest + np.log(total)))
