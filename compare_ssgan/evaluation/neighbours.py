"""Nearest neighbours among many long vectors, in blocks and without rounding errors.

Squared distances of two blocks of vectors are a product of matrices. Rounding makes it
wrong where distances are small beside the vectors: equal vectors would be apart. So
each product comes with a bound of its error, and pairs for which the bound does not
decide are computed from the difference of the vectors. Every answer is that of
differences in float64; copies of a vector are compared once.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

# Vectors per block, and numbers per block of differences.
_BLOCK = 1024
_NUMBERS = 2_000_000


class Points(NamedTuple):
    """The different ones of a set of vectors.

    Attributes:
        features: [examples, feature_size], of any float type.
        originals: [points] row of `features` of each different vector.
        counts: [points] how many rows are equal to it.
        centre: [feature_size] float64, subtracted before products.
        squares: [points] float64, squared lengths of what remains.
    """

    features: np.ndarray
    originals: np.ndarray
    counts: np.ndarray
    centre: np.ndarray
    squares: np.ndarray

    def block(self, part: slice) -> np.ndarray:
        """Returns [block, feature_size] float64, centred."""
        return _centred(self.features, self.originals[part], self.centre)

    def share(self, hit: np.ndarray) -> float:
        """Returns the share of examples, copies included, for which `hit` holds."""
        return float(np.sum(self.counts * hit) / np.sum(self.counts))


class Block(NamedTuple):
    """Squared distances between two blocks of points.

    Attributes:
        x: Points of the rows.
        y: Points of the columns.
        rows: Which of `x`.
        columns: Which of `y`.
        lowest: [rows, columns] lower bounds of the squared distances.
        width: The true ones are between `lowest` and `lowest` plus `width` times the
            sum of squared lengths of the two vectors.
    """

    x: Points
    y: Points
    rows: slice
    columns: slice
    lowest: np.ndarray
    width: float

    def within(self, squared_radii: np.ndarray, *, strict: bool = False) -> np.ndarray:
        """Returns [rows, columns], whether distances are at most the radii.

        Args:
            squared_radii: [rows, 1] or [1, columns].
            strict: Whether a distance equal to the radius is too long.
        """
        result = self.lowest <= squared_radii
        i, j = _where(result)
        radii = np.broadcast_to(squared_radii, result.shape)[i, j]
        lengths = self.x.squares[self.rows][i] + self.y.squares[self.columns][j]
        unsure = self.lowest[i, j] + self.width * lengths >= radii
        i, j, radii = i[unsure], j[unsure], radii[unsure]
        exact = self.exact(i, j)
        result[i, j] = exact < radii if strict else exact <= radii
        return result

    def highest(self) -> np.ndarray:
        """Returns [rows, columns], upper bounds of the squared distances."""
        result = self.lowest + self.width * self.x.squares[self.rows, np.newaxis]
        result += self.width * self.y.squares[self.columns]
        return result

    def exact(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Returns [pairs] squared distances, from differences."""
        result = np.empty(len(i))
        step = max(1, _NUMBERS // self.x.features.shape[1])
        rows, columns = self.x.originals[self.rows], self.y.originals[self.columns]
        for first in range(0, len(i), step):
            part = slice(first, first + step)
            difference = self.x.features[rows[i[part]]].astype(np.float64)
            difference -= self.y.features[columns[j[part]]]
            result[part] = np.einsum("ij,ij->i", difference, difference)
        return result


def centre_of(features: np.ndarray) -> np.ndarray:
    """Returns [feature_size] float64, the mean; not finite if a feature is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.mean(features, axis=0, dtype=np.float64))


def points(features: np.ndarray, centre: np.ndarray) -> Points | None:
    """Returns the different vectors of a set; None if they are not finite.

    Args:
        features: [examples, feature_size].
        centre: [feature_size], close to most vectors; the same for sets that are
            compared with one another.
    """
    hashes = np.concatenate([_hashes(features[part]) for part in _parts(len(features))])
    _, index, inverse, counts = np.unique(
        hashes, return_index=True, return_inverse=True, return_counts=True
    )
    for part in _parts(len(features)):
        # NaNs are not equal to themselves.
        if not np.array_equal(features[part], features[index[inverse[part]]]):
            index, counts = np.arange(len(features)), np.ones(len(features), np.int64)
            break
    # In their order, which is that in memory.
    order = np.argsort(index)
    index, counts = index[order], counts[order]
    squares = np.empty(len(index))
    with np.errstate(over="ignore", invalid="ignore"):
        for part in _parts(len(index)):
            block = _centred(features, index[part], centre)
            squares[part] = np.einsum("ij,ij->i", block, block)
        if not np.isfinite(8 * np.max(squares)):
            return None
    return Points(features, index, counts, centre, squares)


def blocks(x: Points, y: Points) -> Iterator[Block]:
    """Yields the distances between two sets; each pair once if they are the same.

    Of one set, blocks below the diagonal are left out: distances are symmetric.
    """
    # |x|^2 + |y|^2 - 2 x.y: each sum of n terms is wrong by n roundings at most.
    error = 2 * (x.features.shape[1] + 8) * np.finfo(float).eps
    for rows in _parts(len(x.originals)):
        of_rows = -2 * x.block(rows)
        for columns in _parts(len(y.originals)):
            if x is y and columns.start < rows.start:
                continue
            lowest = of_rows @ y.block(columns).T
            lowest += (1 - error) * x.squares[rows, np.newaxis]
            lowest += (1 - error) * y.squares[columns]
            yield Block(x, y, rows, columns, lowest, 2 * error)


def squared_radii(x: Points, k: int) -> np.ndarray:
    """Returns [points] squared distances to the k-th nearest other example.

    A copy of a vector is another example, at distance 0.

    Args:
        x: The points; more than `k` examples.
        k: 1 for the nearest other one.
    """
    nearest = np.full((len(x.originals), k), np.inf)
    # Copies of a point itself.
    nearest[np.arange(k) < x.counts[:, np.newaxis] - 1] = 0
    for block in blocks(x, x):
        on_diagonal = block.rows == block.columns
        if on_diagonal:
            np.fill_diagonal(block.lowest, np.inf)
        _merge(nearest, block, k, across=False)
        if not on_diagonal:
            _merge(nearest, block, k, across=True)
    return nearest[:, -1]


def _merge(nearest: np.ndarray, block: Block, k: int, *, across: bool) -> None:
    """Takes the k nearest of a block into account, for its columns if `across`."""
    own, counts = block.rows, block.y.counts[block.columns]
    if across:
        own, counts = block.columns, block.x.counts[block.rows]
    known = nearest[own]
    bound = known[:, -1]
    if not np.all(np.isfinite(bound)):
        highest = block.highest().T if across else block.highest()
        if k < highest.shape[1]:
            kth = np.partition(highest, k - 1, axis=1)[:, k - 1]
            bound = np.minimum(bound, kth)
    if across:
        j, i = _where(block.lowest <= bound)
    else:
        i, j = _where(block.lowest <= bound[:, np.newaxis])
        # A point is no neighbour of its own.
        other = np.isfinite(block.lowest[i, j])
        i, j = i[other], j[other]
    exact = block.exact(j, i) if across else block.exact(i, j)
    # As often as there are copies, of which no more than k matter.
    copies = np.minimum(counts[j], k)
    i, exact = np.repeat(i, copies), np.repeat(exact, copies)
    order = np.lexsort((exact, i))
    i, exact = i[order], exact[order]
    place = np.arange(len(i)) - np.searchsorted(i, i)
    kept = place < k
    found = np.full((len(known), k), np.inf)
    found[i[kept], place[kept]] = exact[kept]
    nearest[own] = np.sort(np.concatenate([known, found], axis=1), axis=1)[:, :k]


def _centred(features: np.ndarray, rows: np.ndarray, centre: np.ndarray) -> np.ndarray:
    block = features[rows].astype(np.float64)
    block -= centre
    return block


def _where(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows and columns; NumPy's own search in two dimensions is slower."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns


def _parts(num: int) -> list[slice]:
    return [slice(i, min(i + _BLOCK, num)) for i in range(0, num, _BLOCK)]


def _hashes(features: np.ndarray) -> np.ndarray:
    """Returns [examples] uint64, equal for equal vectors."""
    # 0 and -0 are equal numbers of different bits.
    bits = (features.astype(np.float64) + 0.0).view(np.uint64)
    rng = np.random.default_rng(0)
    factors = rng.integers(2**64, size=bits.shape[1], dtype=np.uint64)
    # Low bits of features that were float32 are 0: products need the high ones, too.
    return np.sum((bits ^ (bits >> np.uint64(29))) * (factors | np.uint64(1)), axis=1)
