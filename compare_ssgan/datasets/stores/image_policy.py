"""What is done with files that are no plain images of the size that is wanted."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import tensorflow as tf
from absl import logging

from compare_ssgan.datasets.stores.decoding import Preparation
from compare_ssgan.datasets.stores.inspection import Inspection
from compare_ssgan.errors import InputError

Kind = Literal["greyscale", "colour", "cmyk", "16_bits"]
Alpha = Literal["refuse", "drop", "white"]
Corrupt = Literal["refuse", "skip"]

_CMYK_CHANNELS = 4


class Policy(NamedTuple):
    """What a user allows.

    Attributes:
        convert: What becomes 8 bits per channel and as many channels as are wanted.
        alpha: Of images that may be transparent, "drop" takes the colours as they are,
            "white" lays them on white.
        corrupt: "skip" leaves out files that are no images, or damaged.
        enlarge: Whether images may be smaller than examples.
        stretch: Whether an image that is no square may become one without a crop.
    """

    convert: Sequence[Kind] = ()
    alpha: Alpha = "refuse"
    corrupt: Corrupt = "refuse"
    enlarge: bool = False
    stretch: bool = False


class _Refusal(NamedTuple):
    found: np.ndarray
    what: str
    remedy: str


def check(policy: Policy, factory: str) -> None:
    """Refuses values that are none of those that are known.

    Args:
        policy: What to check.
        factory: Name of the dataset's factory in gin files, for messages.

    Raises:
        InputError: If there is one.
    """
    for name, known in (("alpha", Alpha), ("corrupt", Corrupt)):
        value = getattr(policy, name)
        if value not in get_args(known):
            raise InputError(
                f"{factory}.{name} must be one of {', '.join(get_args(known))}, not "
                f"{value!r}."
            )
    unknown = [each for each in policy.convert if each not in get_args(Kind)]
    if isinstance(policy.convert, str) or unknown:
        raise InputError(
            f"{factory}.convert is a list of {', '.join(map(repr, get_args(Kind)))}, "
            f"not {policy.convert!r}."
        )


def usable(
    describe: Callable[[int], str],
    found: Inspection,
    preparation: Preparation,
    policy: Policy,
    factory: str,
) -> np.ndarray:
    """Returns the rows of files that are examples, in order.

    Args:
        describe: Names a file, by its row.
        found: What is known of them.
        preparation: What examples they become.
        policy: What the user allows.
        factory: Name of the dataset's factory in gin files, for messages.

    Raises:
        InputError: If the policy refuses a file; it names the first one, and the
            line that allows it.
    """
    good = found.problems == ""
    if not good.all():
        _corrupt(describe, found, policy, factory)
    for refusal in _refusals(found.headers, preparation, policy, factory):
        (rows,) = np.nonzero(refusal.found & good)
        if len(rows):
            raise InputError(
                f"{describe(int(rows[0]))} {refusal.what}"
                f"{_and_others(len(rows))}. {refusal.remedy}"
            )
    return np.nonzero(good)[0]


def _corrupt(
    describe: Callable[[int], str], found: Inspection, policy: Policy, factory: str
) -> None:
    (rows,) = np.nonzero(found.problems != "")
    first, problem = describe(int(rows[0])), found.problems[rows[0]]
    if policy.corrupt == "refuse":
        raise InputError(
            f"{first} is no image: {problem}{_and_others(len(rows))}. Repair or remove "
            f"it, or leave such files out: {factory}.corrupt = 'skip'."
        )
    if len(rows) == len(found.problems):
        raise InputError(f"There is no image. {first}: {problem}.")
    logging.warning(
        "%d of %d images are left out. The first is %s: %s.",
        len(rows), len(found.problems), first, problem,
    )  # fmt: skip


def _and_others(num: int) -> str:
    return f" (one of {num} such files)" if num > 1 else ""


def _refusals(
    headers: np.ndarray, preparation: Preparation, policy: Policy, factory: str
) -> Iterator[_Refusal]:
    height, width, channels, bits, alpha = headers.T

    def convertible(found: np.ndarray, kind: Kind, what: str) -> _Refusal:
        if kind in policy.convert:
            found = np.zeros_like(found)
        remedy = f"Convert it, or have it done: {factory}.convert = ['{kind}']."
        return _Refusal(found, what, remedy)

    yield convertible(channels == _CMYK_CHANNELS, "cmyk", "has the colours CMYK")
    yield convertible(bits == 16, "16_bits", "has 16 bits per channel")
    if preparation.channels == 1:
        colour = convertible(channels == 3, "colour", "is in colour, not greyscale")
        yield colour._replace(
            remedy=f"{colour.remedy} Or train in colour: {factory}.channels = 3."
        )
    else:
        grey = convertible(channels == 1, "greyscale", "is greyscale, not in colour")
        yield grey._replace(
            remedy=f"{grey.remedy} A greyscale set has {factory}.channels = 1."
        )
    yield _Refusal(
        (alpha != 0) & (policy.alpha == "refuse"),
        "has an alpha channel",
        f"Lay it on white, or ignore its transparency: {factory}.alpha = 'white' or "
        "'drop'.",
    )
    yield from _sizes(height, width, preparation, policy, factory)


def _sizes(
    height: np.ndarray,
    width: np.ndarray,
    preparation: Preparation,
    policy: Policy,
    factory: str,
) -> Iterator[_Refusal]:
    size = f"{preparation.width}x{preparation.height}"
    wanted = width * preparation.height == height * preparation.width
    yield _Refusal(
        ~wanted & (preparation.crop == "none") & (not policy.stretch),
        f"would be distorted to {size}",
        f"Crop it, {factory}.crop = 'middle', or allow it: {factory}.stretch = True.",
    )
    if preparation.crop != "none":
        height = width = np.minimum(height, width)
    small = (height < preparation.height) | (width < preparation.width)
    yield _Refusal(
        small & (not policy.enlarge),
        f"is too small to be {size}",
        f"Remove it, take a smaller {factory}.size, or allow it to be enlarged: "
        f"{factory}.enlarge = True.",
    )


def without_transparency(content: bytes) -> bytes:
    """Returns a PNG of an image laid on white; what cannot be decoded as it is."""
    try:
        image = tf.cast(tf.io.decode_png(content, channels=4), tf.float32)
    except tf.errors.InvalidArgumentError:
        return content  # Whoever decodes it names it.
    opacity = image[..., 3:] / 255.0
    colours = image[..., :3] * opacity + 255.0 * (1.0 - opacity)
    return tf.io.encode_png(tf.cast(tf.round(colours), tf.uint8), 1).numpy()
