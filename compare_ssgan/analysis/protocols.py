"""What the name of a metric says: its kind, its direction, its protocol.

A full name such as "fid600_test_digits_cnn" is a frozen protocol: metric, number of
samples, split, features, options, and how images are drawn. Its leading letters are
the kind.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.errors import InputError


class Kind(NamedTuple):
    """A family of metrics that are read the same way.

    Attributes:
        label: Short name for axes.
        title: What it computes, for captions.
        lower_is_better: Its direction.
    """

    label: str
    title: str
    lower_is_better: bool


KINDS = {
    "fid": Kind("FID", "Frechet distance of features", True),
    "kid": Kind("KID", "Kernel distance of features", True),
    "is": Kind("IS", "Inception-score formula", False),
}

_TWO_SETS = re.compile(r"[a-z]+(\d+)(k?)_(train|test|validation|all)_(.+)")
_ONE_SET = re.compile(r"[a-z]+(\d+)(k?)_(.+)")
_REST = re.compile(r"(.+?)(?:_truncation([^_]+))?(?:_standing(\d+)(k?))?")


def kind_of(metric: str) -> str:
    """Returns the leading letters of a metric's name, e.g. "fid"."""
    match = re.match("[a-z]+", metric)
    return match.group() if match else metric


def main_metric(names: Sequence[str]) -> str | None:
    """Returns the metric that stands for a run: its first FID, else its first."""
    fids = [name for name in names if kind_of(name) == "fid"]
    return next(iter([*fids, *names]), None)


def lower_is_better(metric: str) -> bool:
    """Returns the direction of a metric, given by its name or kind.

    Raises:
        InputError: If its kind is unknown.
    """
    kind = kind_of(metric)
    if kind not in KINDS:
        raise InputError(
            f"Nothing is known of the metric '{metric}', not even whether lower is "
            f"better. Known kinds: {', '.join(KINDS)}."
        )
    return KINDS[kind].lower_is_better


def describe(metric: str) -> str:
    """Returns the protocol of a full name in words, for captions."""
    kind = KINDS.get(kind_of(metric))
    title = kind.title if kind else kind_of(metric)
    if match := _TWO_SETS.fullmatch(metric):
        number = _count(match[1], match[2])
        sets = f"{number} generated against {number} {match[3]} images"
        return f"{title}, {sets}, {_rest(match[4])}"
    if match := _ONE_SET.fullmatch(metric):
        number = _count(match[1], match[2])
        return f"{title}, {number} generated images, {_rest(match[3])}"
    return title


def label(metric: str) -> str:
    """Returns what to write on an axis: the kind and its direction."""
    kind = KINDS.get(kind_of(metric))
    if kind is None:
        return kind_of(metric)
    return f"{kind.label} ({'lower' if kind.lower_is_better else 'higher'} is better)"


def resolve(metric: str, measured: Sequence[str], where: str) -> str | None:
    """Returns the full name that a kind or a full name stands for.

    Args:
        metric: What the user wrote, e.g. "fid".
        measured: Full names of what was measured.
        where: Named in the error, e.g. "the dataset digits".

    Returns:
        None if it was never measured.

    Raises:
        InputError: If several protocols of that kind were measured: their numbers
            do not compare.
    """
    if metric in measured:
        return metric
    candidates = sorted({name for name in measured if kind_of(name) == metric})
    if len(candidates) > 1:
        raise InputError(
            f"'{metric}' was measured by several protocols in {where}, and their "
            f"numbers do not compare. Choose one: {', '.join(candidates)}."
        )
    return candidates[0] if candidates else None


def _rest(text: str) -> str:
    """Returns features and options, and how images are drawn in words."""
    match = _REST.fullmatch(text)
    assert match is not None
    words = match[1]
    if match[2]:
        words += f", latents truncated at {match[2]}"
    if match[3]:
        words += f", standing statistics of {_count(match[3], match[4])} samples"
    return words


def _count(digits: str, thousands: str) -> str:
    return f"{int(digits) * (1000 if thousands else 1):,}"
