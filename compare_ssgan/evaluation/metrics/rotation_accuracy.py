"""How often the discriminator recognizes by how much an image was rotated."""

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation import judging
from compare_ssgan.evaluation.metric import Evidence, Metric
from compare_ssgan.evaluation.metrics.discriminator_accuracy import check_number
from compare_ssgan.evaluation.model import Model
from compare_ssgan.layers.rotation import rotate
from compare_ssgan.types import ImageGame, Samples

_TASK = "rotation"

_SETTING = "metrics.rotation_accuracy.num_images"


@config.register("metrics")
def rotation_accuracy(num_images: int | None = None) -> Metric:
    """Share of rotations that D's rotation head recognizes; chance is 1/4.

    Of the task of Chen et al., "Self-Supervised GANs via Auxiliary Rotation Loss",
    2019, https://arxiv.org/abs/1811.11212, Sec. 3. No reference measures it: a D that
    overfits recognizes rotations of training images better than those of test images,
    and generated images whose rotation it recognizes are what G is rewarded for.

    Every image is shown in all four orientations, as the task does, but without
    augmentation and with the statistics of evaluation. The values are in [0, 1], of
    `train`, `test` and `fake`: the first images of the splits and as many generated
    ones; where D sees labels, a rotated image keeps its own.

    Args:
        num_images: Number of upright images of each kind; None for EVAL_SAMPLES,
            or as many as both splits have.

    Raises:
        InputError: If there are no images; when computed, if a split has fewer.
    """
    check_number("rotation_accuracy", num_images)

    number = judging.number(num_images)

    def compute(evidence: Evidence) -> Sequence[float]:
        model = evidence.model
        assert model is not None

        def share(batches: Iterable[Samples], are_real: bool) -> float:
            del are_real
            logits = judging.judge(model, batches, _read, _TASK)["logits"]
            if not np.all(np.isfinite(logits)):
                return float("nan")
            return float(np.mean(np.argmax(logits, axis=2) == np.arange(4)))

        num = number(evidence.num_samples, evidence.dataset)
        return judging.of_all(evidence, num, _SETTING, share)

    return Metric(
        kinds=("rotation_accuracy",),
        compute=compute,
        needs_model=True,
        num=number,
        variants=lambda model: ("train", "test", "fake"),
        check=_check,
    )


def _check(model: Model | None, dataset: Dataset | None) -> None:
    del dataset
    assert model is not None
    if _TASK not in model.game.heads:
        raise InputError(
            "metrics.rotation_accuracy needs a discriminator that was taught to tell "
            "rotations. Remove it from the metrics, or train with "
            "gans.ModularGAN.tasks = [@tasks.Rotation]."
        )


def _read(game: ImageGame, samples: Samples) -> dict[str, tf.Tensor]:
    """Returns [batch, 4, 4] logits: turns shown, then turns recognized."""
    upright = samples.images
    shown = [upright, *(rotate(upright, turns) for turns in (1, 2, 3))]
    labels = samples.labels
    if labels is not None:
        labels = tf.tile(labels, [4, 1])
    verdict = game.judge(Samples(tf.concat(shown, axis=0), labels))
    logits = game.heads[_TASK](verdict.features)
    return {"logits": tf.stack(tf.split(logits, 4), axis=1)}
