"""From the bytes of an image file to an image of the size that networks take."""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import tensorflow as tf

from compare_ssgan.errors import InputError

Crop = Literal["distorted", "random", "middle", "none"]
Resize = Literal["bilinear", "bicubic", "area", "lanczos3"]

_LARGEST_LEVEL = 255.0
# What evaluations take in place of a random crop.
_CENTRAL: dict[str, Crop] = {"none": "none"}


class Preparation(NamedTuple):
    """What is done to an image before it is an example.

    Attributes:
        height: Of the example.
        width: Of the example.
        channels: 1 or 3.
        crop: "middle" takes the central square of the shorter side; "random" a random
            square of that size; "distorted" a random square with half to all of the
            image's area, as compare_gan trains on ImageNet; "none" all of the image.
            Evaluations take the central square in place of a random one.
        window: Before that, the central (height, width), padded with black where the
            image is smaller; None for all of the image.
        resize: How the crop becomes an example, where its size is another one.
        antialias: Whether frequencies are removed that the smaller image cannot show.
        tf1_grid: Whether pixel i of the example is read at i times the scale, as
            TensorFlow 1 did, and not where its centre lies; bilinear, without
            antialiasing.
        half: "left" or "right" of a file that shows two images of the same width side
            by side; None if it shows one.
    """

    height: int
    width: int
    channels: int
    crop: Crop = "middle"
    window: tuple[int, int] | None = None
    resize: Resize = "bilinear"
    antialias: bool = True
    tf1_grid: bool = False
    half: Literal["left", "right"] | None = None

    @property
    def random(self) -> bool:
        """Whether training images are cropped at random."""
        return self.crop in ("random", "distorted")


def check(preparation: Preparation, factory: str) -> None:
    """Refuses what cannot be prepared.

    Args:
        preparation: What to check.
        factory: Name of the dataset's factory in gin files, for messages.

    Raises:
        InputError: If a value is none of those that are known.
    """
    for name, known in (("crop", get_args(Crop)), ("resize", get_args(Resize))):
        value = getattr(preparation, name)
        if value not in known:
            raise InputError(
                f"{factory}.{name} must be one of {', '.join(known)}, not {value!r}."
            )


def decoder(
    preparation: Preparation, *, training: bool
) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns a function of graphs that decodes and prepares an image.

    Args:
        preparation: What is done.
        training: Whether crops are random.

    Returns:
        Maps [] string, the content of a PNG or JPEG file, and [] int64, a random
        number, to [height, width, channels] uint8. A truncated file is an
        `InvalidArgumentError` wherever it is cropped, as all of it is decoded.
        (To decode the crop alone saves no time: what a JPEG file has before it must
        be decoded too.)
    """
    crop = preparation.crop if training else _CENTRAL.get(preparation.crop, "middle")
    size = (preparation.height, preparation.width)

    def resize(image: tf.Tensor) -> tf.Tensor:
        if preparation.tf1_grid:
            resized = _resize_as_tf1(image, size)
        else:
            resized = tf.image.resize(
                image, size, preparation.resize, antialias=preparation.antialias
            )
        levels = tf.clip_by_value(tf.round(resized), 0.0, _LARGEST_LEVEL)
        return tf.cast(levels, tf.uint8)

    def decode(encoded: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        image = decode_file(encoded, preparation.channels)
        if preparation.half is not None:
            middle = tf.shape(image)[1] // 2
            left = preparation.half == "left"
            image = image[:, :middle] if left else image[:, middle:]
        if preparation.window is not None:
            image = tf.image.resize_with_crop_or_pad(image, *preparation.window)
        image = _crop(image, crop, number)
        # To resize to the same size would change nothing, and take as long as to
        # decode a small image.
        same = tf.reduce_all(tf.shape(image)[:2] == size)
        image = tf.cond(same, lambda: image, lambda: resize(image))
        return tf.ensure_shape(image, [*size, preparation.channels])

    return decode


def decode_file(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    """Returns the image of a PNG or JPEG file, to the last bit the same everywhere.

    Args:
        encoded: [] string, the content of the file.
        channels: 1, 3, or 0 for those that the file has.

    Returns:
        [any height, any width, channels] uint8. A truncated or damaged file is an
        `InvalidArgumentError`.
    """
    # It decodes PNG too.
    return tf.io.decode_jpeg(
        encoded,
        channels=channels,
        dct_method="INTEGER_ACCURATE",
        try_recover_truncated=False,
    )


def _resize_as_tf1(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    resized = tf.raw_ops.ResizeBilinear(
        images=image[None], size=size, align_corners=False, half_pixel_centers=False
    )
    return resized[0]


def _crop(image: tf.Tensor, crop: Crop, number: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(image)
    if crop == "none":
        return image
    if crop == "distorted":
        begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
            shape,
            tf.zeros([1, 0, 4]),
            seed=tf.stack([number, tf.zeros_like(number)]),
            aspect_ratio_range=(1.0, 1.0),
            area_range=(0.5, 1.0),
            max_attempts=100,
            use_image_if_no_bounding_boxes=True,
        )
        return tf.slice(image, begin, size)
    side = tf.minimum(shape[0], shape[1])
    free = shape[:2] - side
    if crop == "random":
        share = tf.random.stateless_uniform(
            [2], tf.stack([number, tf.zeros_like(number)])
        )
        # All places are equally likely.
        begin = tf.cast(share * tf.cast(free + 1, tf.float32), tf.int32)
        begin = tf.minimum(begin, free)
    else:
        begin = free // 2
    return tf.image.crop_to_bounding_box(image, begin[0], begin[1], side, side)
