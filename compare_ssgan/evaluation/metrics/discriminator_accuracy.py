"""How often the discriminator tells real images from generated ones."""

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import judging
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.types import ImageGame, Samples

_SETTING = "metrics.discriminator_accuracy.num_images"


@config.register("metrics")
def discriminator_accuracy(num_images: int | None = None) -> Metric:
    """Share of images that D judges rightly, of train, test and generated ones each.

    A discriminator that has learnt its training images by heart judges them better
    than test images: Brock et al., "Large Scale GAN Training for High Fidelity
    Natural Image Synthesis", 2019, https://arxiv.org/abs/1809.11096, Sec. 4.2, found
    above 98 % and 50 to 55 %. A real image is judged rightly if its logit (the mean
    of the logits of its patches, where there are several) is above 0, a generated one
    otherwise. For losses whose neutral logit is another number (Wasserstein;
    least squares with the targets 0 and 1) and relativistic ones, compare the shares
    of train and of test.

    The values are in [0, 1], of `train`, `test` and `fake`: the first images of the
    splits, with their labels where D sees labels, and as many generated ones, with
    the labels they were drawn for. D judges as in an evaluation, without
    augmentation. Unlabelled images are judged without a label, as in training: where
    the splits differ in how many of them there are, so may their shares.

    Args:
        num_images: Number of images of each kind; None for EVAL_SAMPLES,
            or as many as both splits have.

    Raises:
        InputError: If there are no images; when computed, if a split has fewer.
    """
    check_number("discriminator_accuracy", num_images)

    number = judging.number(num_images)

    def compute(evidence: Evidence) -> Sequence[float]:
        model = evidence.model
        assert model is not None

        def share(batches: Iterable[Samples], are_real: bool) -> float:
            logits = judging.judge(model, batches, _read, "logits")["logits"]
            if not np.all(np.isfinite(logits)):
                return float("nan")
            return float(np.mean((logits > 0) == are_real))

        num = number(evidence.num_samples, evidence.dataset)
        return judging.of_all(evidence, num, _SETTING, share)

    return Metric(
        kinds=("discriminator_accuracy",),
        compute=compute,
        needs_model=True,
        num=number,
        variants=lambda model: ("train", "test", "fake"),
    )


def check_number(metric: str, num_images: int | None) -> None:
    """Raises an `InputError` unless the number of images is positive or None."""
    if num_images is not None and (type(num_images) is not int or num_images < 1):
        raise InputError(
            f"metrics.{metric}.num_images must be a positive number or None, not "
            f"{num_images!r}."
        )


def _read(game: ImageGame, samples: Samples) -> dict[str, tf.Tensor]:
    logits = game.judge(samples).logits
    flat = tf.reshape(logits, [samples.images.shape[0], -1])
    return {"logits": tf.reduce_mean(flat, axis=1)}
