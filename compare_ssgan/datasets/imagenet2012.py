"""ImageNet as tensorflow-datasets prepares it from the user's files."""

from typing import Literal, get_args

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.prepared.recipe import Recipe, Source
from compare_ssgan.datasets.prepared.sets import tfds_dataset
from compare_ssgan.datasets.stores.decoding import Crop, Preparation, check
from compare_ssgan.errors import InputError

Size = Literal[64, 128, 256, 512]


@config.register("datasets")
def imagenet2012(
    *, size: Size = 128, crop: Crop = "distorted", antialias: bool = False
) -> Dataset:
    """ImageNet, ILSVRC 2012, in 1000 classes.

    Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", 2015,
    https://arxiv.org/abs/1409.0575: 1,281,167 images to train on; the 50,000 for
    validation are tested on. As in compare_gan, https://github.com/google/compare_gan,
    images of training batches are cropped at random, those of evaluations to the
    central square, and resized bilinearly, without antialiasing, on TensorFlow 1's
    grid. (There they stay floats; here they are rounded to bytes.)

    Read from DIR/imagenet2012 of --data_dir DIR, where `compare_ssgan data get
    imagenet_128` prepares all sizes, which needs the archives of
    https://image-net.org/download-images; see `datasets.prepared.sets.tfds_dataset`.

    Args:
        size: Height and width of the images: 64, 128, 256 or 512.
        crop: Of images that are trained on: "distorted", a random square with half to
            all of the area; "random", a random square of the shorter side; "middle",
            the central one; "none" squeezes all of the image into a square, in
            evaluations too, and the dataset's name then ends in _uncropped.
        antialias: Whether frequencies are removed that the smaller image cannot show,
            and pixels are read at their centres; the dataset's name then ends in
            _antialias.

    Raises:
        InputError: If an argument is none of those, or the directory is damaged.
    """
    if size not in get_args(Size):
        raise InputError(
            f"ImageNet has images of 64, 128, 256 or 512 pixels here, not {size}. "
            "Change datasets.imagenet2012.size."
        )
    preparation = Preparation(
        size, size, 3, crop=crop, antialias=antialias, tf1_grid=not antialias
    )
    check(preparation, "datasets.imagenet2012")
    recipe = Recipe(
        name=f"imagenet_{size}",
        builder="imagenet2012",
        train=Source({"train": 1_281_167}),
        test=Source({"validation": 50_000}),
        preparation=preparation,
        num_classes=1000,
        variant=("_uncropped" if crop == "none" else "")
        + ("_antialias" if antialias else ""),
        manual=("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"),
        manual_source="Registered users download them from "
        "https://image-net.org/download-images.",
        disk=170 * 10**9,
    )
    return tfds_dataset(recipe)
