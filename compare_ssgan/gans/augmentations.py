"""Random changes of images, differentiable and different for every example."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.types import Samples

Augmentation = Callable[[Samples, tf.random.Generator], Samples]
Padding = Literal["reflect", "zero"]

_POLICIES = ("color", "translation", "cutout")
_TRANSLATION = 1 / 8
_CUTOUT = 1 / 2


@config.register("augmentations")
def diff_augment(
    policy: Sequence[str] = _POLICIES,
    *,
    translation_ratio: float | None = None,
    cutout_ratio: float | None = None,
) -> Augmentation:
    """Differentiable augmentation for data-efficient GANs, Zhao et al. 2020.

    https://arxiv.org/abs/2006.10738, Sec. 3.2, in the order of `policy`:

    * color: brightness plus U(-0.5, 0.5), then the distance of each pixel from its
      mean over the channels times U(0, 2) (saturation), then the distance from the
      mean of the image times U(0.5, 1.5) (contrast).
    * translation: by a whole number of pixels, at most `translation_ratio` of the
      size (rounded, as in the authors' code), in each direction.
    * cutout: a rectangle with `cutout_ratio` of the height and width (rounded) whose
      centre is uniform over the image, so that part of it may lie outside.

    The paper's images are in [-1, 1]; the formulas are applied to 2x - 1 and the
    result is mapped back. What is moved in or cut out, 0 there, is thus the grey 0.5
    here, and U(-0.5, 0.5) there moves brightness by at most 0.25 here. Changed
    colours may lie outside [0, 1] and are not clipped. Images of one channel have no
    saturation.

    Args:
        policy: Any of "color", "translation", "cutout", each at most once.
        translation_ratio: Share of the height and width, in (0, 1); None means 1/8.
        cutout_ratio: Share of the height and width, in (0, 1); None means 1/2.

    Returns:
        A function of (samples, rng) that returns changed samples.

    Raises:
        InputError: If the policy names something else or nothing, or a ratio is out
            of range or of no effect.
    """
    _check_policy(policy)
    _check_ratio("translation", translation_ratio, policy)
    _check_ratio("cutout", cutout_ratio, policy)
    translation = translation_ratio or _TRANSLATION
    cutout = cutout_ratio or _CUTOUT

    def augment(samples: Samples, rng: tf.random.Generator) -> Samples:
        x = 2.0 * samples.images - 1.0
        for name in policy:
            if name == "color":
                x = _color(x, rng)
            elif name == "translation":
                rows, columns = (int(n * translation + 0.5) for n in x.shape[1:3])
                x = _shift(x, (rows, columns), "zero", rng)
            else:
                x = _cut_out(x, cutout, rng)
        return samples._replace(images=0.5 * (x + 1.0))

    return augment


@dataclasses.dataclass(frozen=True)
class Flip:
    """Mirrors images; made by `random_flip`.

    Attributes:
        horizontal: Whether left and right may be exchanged.
        vertical: Whether top and bottom may be exchanged.
    """

    horizontal: bool
    vertical: bool

    def __call__(self, samples: Samples, rng: tf.random.Generator) -> Samples:
        """Mirrors each image with probability 1/2 per direction."""
        images = samples.images
        for axis, is_wanted in ((2, self.horizontal), (1, self.vertical)):
            if is_wanted:
                chosen = rng.uniform([images.shape[0], 1, 1, 1]) < 0.5
                images = tf.where(chosen, tf.reverse(images, [axis]), images)
        return samples._replace(images=images)


@config.register("augmentations")
def random_flip(*, horizontal: bool = True, vertical: bool = False) -> Augmentation:
    """Mirrors each image with probability 1/2; left to right as in arXiv 1910.12027.

    Args:
        horizontal: Whether left and right may be exchanged.
        vertical: Whether top and bottom may be exchanged.

    Returns:
        A function of (samples, rng) that returns changed samples.

    Raises:
        InputError: If it would change nothing.
    """
    if not (horizontal or vertical):
        raise InputError(
            "augmentations.random_flip.horizontal and .vertical are both False, so "
            "that nothing is flipped. Set one of them or remove the augmentation."
        )
    return Flip(horizontal, vertical)


@config.register("augmentations")
def random_shift(
    *,
    pixels: int | None = None,
    ratio: float | None = None,
    padding: Padding = "reflect",
) -> Augmentation:
    """Moves each image by whole pixels, as consistency regularization does.

    Zhang et al., "Consistency Regularization for GANs", 2020,
    https://arxiv.org/abs/1910.12027, Sec. 3. Both displacements are uniform on the
    whole numbers from -limit to limit.

    Args:
        pixels: The limit in pixels.
        ratio: The limit as a share of the height or width, in (0, 1), rounded down.
            With neither `pixels` nor `ratio` the limit is 4 pixels.
        padding: What is moved in: "reflect" mirrors the image at its border, the
            border not repeated; "zero" is black.

    Returns:
        A function of (samples, rng) that returns changed samples.

    Raises:
        InputError: If both limits are given, one is out of range, or `padding` is
            unknown. Images not larger than the limit are refused when they are seen.
    """
    if pixels is not None and ratio is not None:
        raise InputError(
            "augmentations.random_shift takes pixels or ratio, not both; received "
            f"{pixels} and {ratio}."
        )
    if pixels is not None and pixels < 1:
        raise InputError(
            f"augmentations.random_shift.pixels must be positive, not {pixels}."
        )
    if ratio is not None and not 0 < ratio < 1:
        raise InputError(
            f"augmentations.random_shift.ratio must be in (0, 1), not {ratio}."
        )
    if padding not in ("reflect", "zero"):
        raise InputError(
            "augmentations.random_shift.padding must be 'reflect' or 'zero', not "
            f"{padding!r}."
        )

    def limit(size: int) -> int:
        return int(size * ratio) if ratio is not None else pixels or 4

    def augment(samples: Samples, rng: tf.random.Generator) -> Samples:
        _, height, width, _ = samples.images.shape
        limits = limit(height), limit(width)
        if limits[0] >= height or limits[1] >= width:
            raise InputError(
                f"Images of {height}x{width} cannot be moved by {max(limits)} pixels. "
                "Set augmentations.random_shift.pixels or .ratio."
            )
        return samples._replace(images=_shift(samples.images, limits, padding, rng))

    return augment


@dataclasses.dataclass(frozen=True)
class Chain:
    """Augmentations one after the other; made by `chain`.

    Attributes:
        parts: The augmentations, first to last.
    """

    parts: tuple[Augmentation, ...]

    def __call__(self, samples: Samples, rng: tf.random.Generator) -> Samples:
        """Applies all of them."""
        for part in self.parts:
            samples = part(samples, rng)
        return samples


@config.register("augmentations")
def chain(augmentations: Sequence[Augmentation]) -> Augmentation:
    """Applies augmentations one after the other (no reference needed).

    Args:
        augmentations: First to last.

    Returns:
        A function of (samples, rng) that returns changed samples.

    Raises:
        InputError: If there are none.
    """
    if not augmentations:
        raise InputError(
            "augmentations.chain.augmentations is empty. List augmentations, such as "
            "[@augmentations.random_flip(), @augmentations.random_shift()]."
        )
    return Chain(tuple(augmentations))


def mirrors(augmentation: Any) -> bool:
    """Returns whether an augmentation may exchange the sides of an image."""
    if isinstance(augmentation, Chain):
        return any(mirrors(part) for part in augmentation.parts)
    return isinstance(augmentation, Flip)


def _color(x: tf.Tensor, rng: tf.random.Generator) -> tf.Tensor:
    shape = [x.shape[0], 1, 1, 1]
    x += rng.uniform(shape, -0.5, 0.5)
    x = _stretch(x, [3], rng.uniform(shape, 0.0, 2.0))
    return _stretch(x, [1, 2, 3], rng.uniform(shape, 0.5, 1.5))


def _stretch(x: tf.Tensor, axes: Sequence[int], factor: tf.Tensor) -> tf.Tensor:
    mean = tf.reduce_mean(x, axes, keepdims=True)
    return mean + factor * (x - mean)


def _shift(
    x: tf.Tensor, limits: tuple[int, int], padding: Padding, rng: tf.random.Generator
) -> tf.Tensor:
    """Moves images down and right by up to `limits` pixels, each by its own."""
    for axis, limit in zip((1, 2), limits, strict=True):
        offset = rng.uniform([x.shape[0], 1], -limit, limit + 1, tf.int32)
        last = x.shape[axis] - 1
        source = tf.range(last + 1)[None, :] - offset
        inside = (source >= 0) & (source <= last)
        if padding == "reflect":
            source = last - tf.abs(last - tf.abs(source))
        else:
            source = tf.clip_by_value(source, 0, last)
        # Whole rows, then whole columns: half the time of single pixels' gradient.
        x = tf.gather(x, source, axis=axis, batch_dims=1)
        if padding == "zero":
            x *= _along(tf.cast(inside, x.dtype), axis)
    return x


def _cut_out(x: tf.Tensor, ratio: float, rng: tf.random.Generator) -> tf.Tensor:
    hole = tf.ones([x.shape[0], 1, 1, 1])
    for axis in (1, 2):
        extent = x.shape[axis]
        size = int(extent * ratio + 0.5)
        # An even hole has its centre between pixels: one place more.
        centre = rng.uniform([x.shape[0], 1], 0, extent + 1 - size % 2, tf.int32)
        distance = tf.range(extent)[None, :] - (centre - size // 2)
        inside = (distance >= 0) & (distance < size)
        hole *= _along(tf.cast(inside, x.dtype), axis)
    return x * (1.0 - hole)


def _along(values: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns [batch, size] values as [batch, size, 1, 1] or [batch, 1, size, 1]."""
    return values[:, :, None, None] if axis == 1 else values[:, None, :, None]


def _check_policy(policy: Sequence[str]) -> None:
    names = [policy] if isinstance(policy, str) else list(policy)
    is_wrong = isinstance(policy, str) or not set(names) <= set(_POLICIES)
    if is_wrong or not names or len(set(names)) < len(names):
        raise InputError(
            "augmentations.diff_augment.policy lists 'color', 'translation' and "
            f"'cutout', each at most once and one at least; received {policy!r}."
        )


def _check_ratio(name: str, ratio: float | None, policy: Sequence[str]) -> None:
    if ratio is None:
        return
    setting = f"augmentations.diff_augment.{name}_ratio"
    if name not in policy:
        raise InputError(
            f"{setting} has no effect without '{name}' in the policy. Remove it or add "
            f"'{name}' to augmentations.diff_augment.policy."
        )
    if not 0 < ratio < 1:
        raise InputError(f"{setting} must be in (0, 1), not {ratio}.")
