"""Random changes of training images, drawn anew for every example in every epoch."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset, Transform


@config.register("images")
def flip() -> Transform:
    """Mirrors half of the training images in every epoch (no reference).

    Which ones is a function of (seed, epoch, example).
    """

    def augment(images: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        mirrored = (numbers & 1).astype(bool)[:, None, None, None]
        return np.where(mirrored, images[:, :, ::-1], images)

    def transform(dataset: Dataset) -> Dataset:
        return dataset._replace(train=dataset.train.augmented(augment))

    return transform
