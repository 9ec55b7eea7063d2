"""How many modes of a known distribution a generator has, and how evenly."""

from collections.abc import Callable, Sequence

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Modes
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.small_classifier import digits_cnn
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.model import Model

# Images whose modes are found at a time.
_BLOCK = 1024


@config.register("metrics")
def captured_modes(min_images: int = 1) -> Metric:
    """Number of modes that generated images belong to, their balance, and their share.

    Srivastava et al. 2017 (VEEGAN), https://arxiv.org/abs/1705.07761, section 4, and
    Lin et al. 2017 (PacGAN), https://arxiv.org/abs/1712.04086, section 4: a mode is
    captured if an image belongs to it. With Gaussians an image belongs to the nearest
    mode within three standard deviations, if it shows a point at all; with stacked
    digits every image belongs to the mode that a classifier reads, here that of
    `features.digits_cnn`, whichever features are evaluated.

    Three values: the number of captured modes; `mode_kl`, the divergence
    KL(generated || real) of the frequencies of modes among images that belong to one
    from equal ones, in nats, 0 for equal frequencies and log(modes) for a single mode,
    without a value where no image belongs to one; and `high_quality`, the share of
    images that belong to one, which is always 1 with stacked digits. The number of
    images matters: of a perfect generator n images miss a mode with probability
    (1 - 1 / modes)^n, and their divergence is about (modes - 1) / 2n. The papers have
    2,500 images of Gaussians and 26,000 of stacked digits.

    Args:
        min_images: Number of images that capture a mode, 1 in the papers.

    Raises:
        InputError: If that is less than 1.
    """
    if type(min_images) is not int or min_images < 1:
        raise InputError(
            f"A mode is captured by 1 or more images, not {min_images}. "
            "Change metrics.captured_modes.min_images."
        )

    def check(model: Model | None, dataset: Dataset | None) -> None:
        del model
        _modes(dataset)

    def compute(evidence: Evidence) -> Sequence[float]:
        modes = _modes(evidence.dataset)
        if not evidence.fake.finite:
            return (float("nan"),) * 3
        counts = count(evidence.fake.images, modes)
        return (
            float(np.sum(counts >= min_images)),
            divergence(counts),
            float(np.sum(counts) / len(evidence.fake.images)),
        )

    return Metric(
        kinds=("captured_modes", "mode_kl", "high_quality"),
        compute=compute,
        needs=frozenset(["images"]),
        suffix="" if min_images == 1 else f"_min{min_images}",
        check=check,
    )


def count(
    images: np.ndarray,
    modes: Modes,
    read_digits: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Returns [modes] integers, how many images belong to each.

    Args:
        images: [n, height, width, channels] uint8.
        modes: Those of the dataset.
        read_digits: See `Modes`; None for the classifier of `features.digits_cnn`.
    """
    counts = np.zeros(modes.num, np.int64)
    for first in range(0, len(images), _BLOCK):
        block = images[first : first + _BLOCK]
        assigned = modes.assign(block, read_digits or _read_digits)
        counts += np.bincount(assigned[assigned >= 0], minlength=modes.num)
    return counts


def divergence(counts: np.ndarray) -> float:
    """Returns KL(p || uniform) in nats of frequencies p, NaN if nothing was counted.

    Args:
        counts: [modes] integers.
    """
    total = np.sum(counts)
    if total == 0:
        return float("nan")
    p = counts[counts > 0] / total
    return float(np.log(len(counts)) + np.sum(p * np.log(p)))


def _read_digits(images: np.ndarray) -> np.ndarray:
    logits = digits_cnn()(images.astype(np.float32) / np.float32(255)).logits
    return np.argmax(logits, axis=1)


def _modes(dataset: Dataset | None) -> Modes:
    if dataset is None or dataset.modes is None:
        found = f"{dataset.name} has none" if dataset else "there are only images"
        raise InputError(
            "The metric 'captured_modes' counts the modes of a distribution that is "
            f"known, and {found}. Choose other metrics, or one of the datasets "
            "gaussian_ring, gaussian_grid and stacked_digits."
        )
    return dataset.modes
