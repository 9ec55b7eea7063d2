"""Convex polygons: images of few and known degrees of freedom."""

import numpy as np

from compare_ssgan import config
from compare_ssgan.datasets.base import Dataset
from compare_ssgan.datasets.pipeline import StoredSplit, lazy_array_split
from compare_ssgan.datasets.stores.store import Arrays
from compare_ssgan.errors import InputError

_ANGLE, _SCALE, _SIZE = 20.0, 0.75, 28
_TRAIN, _TEST, _HELD_OUT = 60_000, 10_000, 10_000
# A pixel is the mean of as many points each way.
_SUBPIXELS = 8
# Images of 28 pixels that are drawn at a time, to stay in the cache of a core.
_BLOCK = 64


@config.register("datasets")
def polygons(
    *,
    num_vertices: int = 3,
    min_segment_angle: float = _ANGLE,
    scale: float = _SCALE,
    image_size: int = _SIZE,
    num_examples: int = _TRAIN,
) -> Dataset:
    """Black triangles, or other convex polygons, on white: 60,000 + 10,000 at 28x28x1.

    Lucic et al., "Are GANs Created Equal? A Large-Scale Study", 2018,
    https://arxiv.org/abs/1711.10337, section 5.2, as the notebook
    Convex_Polygons_Dataset of https://github.com/google/compare_gan defines them: of
    its 80,000 the first 60,000 to train on and the next 10,000 to test on, from the
    same random numbers in the same order, so the same polygons. A circle is cut into
    equal segments and a vertex drawn in each, uniformly in what `min_segment_angle`
    leaves of it; the mean of the vertices is moved to the centre of the image; a pixel
    is the share of 8x8 points that are outside, here rounded to 256 levels. All
    polygons of a set have equally many vertices: there are no classes.

    Two properties of the notebook are kept: neighbouring vertices are at least half of
    `min_segment_angle` apart, as seen from the centre of the circle, not all of it;
    and the polygon is turned by 0 to 2 pi degrees, not radians.

    Args:
        num_vertices: Number of vertices, 3 or more.
        min_segment_angle: Degrees, from 0 to 360 / num_vertices; half of it stays
            empty at the beginning of each segment.
        scale: Diameter of the circle over the size of the image, in (0, 1].
        image_size: Height and width of the images, 2 to 128 pixels.
        num_examples: Number of images to train on, the first ones; at most 60,000.

    Raises:
        InputError: If a hyperparameter is out of its range.
    """
    _check(num_vertices, min_segment_angle, scale, image_size, num_examples)

    def split(first: int, number: int) -> StoredSplit:
        def load() -> Arrays:
            found = corners(num_vertices, min_segment_angle, scale, image_size)
            return Arrays(rasterize(found[first : first + number], image_size))

        return lazy_array_split(number, 0, load)

    name = "polygons"
    name += "" if num_vertices == 3 else f"_vertices{num_vertices}"
    name += "" if min_segment_angle == _ANGLE else f"_angle{min_segment_angle:g}"
    name += "" if scale == _SCALE else f"_scale{scale:g}"
    name += "" if image_size == _SIZE else f"_{image_size}"
    return Dataset(
        name,
        (image_size, image_size, 1),
        0,
        train=split(0, num_examples),
        test=split(_TRAIN, _TEST),
    )


def corners(
    num_vertices: int, min_segment_angle: float, scale: float, image_size: int
) -> np.ndarray:
    """Returns the vertices of all polygons, [80,000, num_vertices, 2], in pixels.

    Rows and columns from the upper left corner, each polygon in order round it, the
    polygons in the order of the set. For arguments see `polygons`.
    """
    num = _TRAIN + _TEST + _HELD_OUT
    rng = np.random.RandomState(0)
    uniform = rng.random_sample((num, num_vertices + 1))
    order = rng.permutation(num)
    segment = 360 / num_vertices
    degrees = segment * np.arange(num_vertices) + min_segment_angle / 2
    degrees = degrees + uniform[:, :-1] * (segment - min_segment_angle / 2)
    radians = np.radians(degrees - uniform[:, -1:] * 2 * np.pi)
    points = np.stack([np.cos(radians), np.sin(radians)], axis=2)
    points *= image_size * scale / 2
    points += image_size / 2 - points.mean(axis=1, keepdims=True)
    return np.asarray(points[order])


def rasterize(points: np.ndarray, image_size: int) -> np.ndarray:
    """Returns [n, size, size, 1] bytes, 0 inside of convex polygons, 255 outside.

    Args:
        points: [n, vertices, 2], see `corners`.
        image_size: Height and width.
    """
    images = np.empty((len(points), image_size, image_size, 1), np.uint8)
    levels = np.rint(255 * (1 - np.arange(_SUBPIXELS**2 + 1) / _SUBPIXELS**2))
    size = max(1, _BLOCK * _SIZE**2 // image_size**2)
    for first in range(0, len(points), size):
        inside = _num_inside(points[first : first + size], image_size)
        images[first : first + size, ..., 0] = levels.astype(np.uint8)[inside]
    return images


def _num_inside(points: np.ndarray, image_size: int) -> np.ndarray:
    """Returns [n, size, size], how many points of each pixel are in the polygon.

    A row of points meets a convex polygon in one interval, whose ends are where the row
    crosses two of the edges: no need to look at the points. Those of pixel k are
    8 k - 3 to 8 k + 4, as in the notebook, and those before the raster are outside.
    """
    first_point = -((_SUBPIXELS - 1) // 2)
    limits = first_point + _SUBPIXELS * np.arange(image_size + 1, dtype=np.int16)
    rows = np.arange(limits[0], limits[-1])
    starts = (points * _SUBPIXELS)[:, :, None]
    ends = np.roll(starts, -1, axis=1)
    above = starts[..., 0] <= rows
    crossed = above != np.roll(above, -1, axis=1)
    rise = np.where(ends[..., 0] == starts[..., 0], 1, ends[..., 0] - starts[..., 0])
    slope = (ends[..., 1] - starts[..., 1]) / rise
    crossing = starts[..., 1] + (rows - starts[..., 0]) * slope
    # [n, rows]: the first point inside, and the one after the last. A row that crosses
    # nothing has infinite ends, the right one first: they are cut to an empty interval.
    left = np.where(crossed, crossing, np.inf).min(axis=1)
    right = np.where(crossed, crossing, -np.inf).max(axis=1)
    last = _SUBPIXELS * image_size
    begin = np.clip(np.ceil(left), 0, last).astype(np.int16)
    end = np.clip(np.floor(right) + 1, 0, last).astype(np.int16)
    end = np.where(rows < 0, begin, np.maximum(begin, end))
    # As many points are inside and before each limit.
    before = np.clip(limits, begin[..., None], end[..., None])
    before = before.reshape(len(points), image_size, _SUBPIXELS, image_size + 1)
    return np.diff(before.sum(axis=2, dtype=np.int32), axis=2)


def _check(
    num_vertices: int,
    min_segment_angle: float,
    scale: float,
    image_size: int,
    num_examples: int,
) -> None:
    if type(num_vertices) is not int or num_vertices < 3:
        raise InputError(
            f"A polygon has 3 or more vertices, not {num_vertices}. "
            "Change datasets.polygons.num_vertices."
        )
    if not 0 <= min_segment_angle <= 360 / num_vertices:
        raise InputError(
            f"The segments of {num_vertices} vertices have {360 / num_vertices:g} "
            f"degrees, and min_segment_angle is {min_segment_angle}. "
            "Change datasets.polygons.min_segment_angle."
        )
    if not 0 < scale <= 1:
        raise InputError(
            "The diameter of the circle is a share of the image's size in (0, 1], not "
            f"{scale}. Change datasets.polygons.scale."
        )
    if type(image_size) is not int or not 2 <= image_size <= 128:
        raise InputError(
            f"Polygons are drawn with 2 to 128 pixels each way, not {image_size}. "
            "Change datasets.polygons.image_size."
        )
    if type(num_examples) is not int or not 1 <= num_examples <= _TRAIN:
        raise InputError(
            f"There are 1 to {_TRAIN:,} polygons to train on, not {num_examples}. "
            "Change datasets.polygons.num_examples."
        )
