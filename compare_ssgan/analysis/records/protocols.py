"""Which measurements a user means, and what their names say in words."""

from collections.abc import Sequence

from compare_ssgan.errors import InputError
from compare_ssgan.protocols import GENERATED, KINDS, kind_of, read


def main_metric(names: Sequence[str]) -> str | None:
    """Returns the metric that stands for a run: its first FID, else its first."""
    fids = [name for name in names if kind_of(name) == "fid"]
    return next(iter([*fids, *names]), None)


def lower_is_better(metric: str) -> bool | None:
    """Returns the direction of a metric, given by its name or kind.

    None if neither direction is better.

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
    name = read(metric)
    if name is None:
        return title
    examples = kind.examples if kind else GENERATED
    if name.split and examples != GENERATED:
        # Judged is that split itself.
        parts = [title, f"{name.num:,} {name.split} images"]
    elif name.split:
        real = f"{name.num_real:,} {name.split} images"
        parts = [title, f"{name.num:,} generated against {real}"]
    else:
        parts = [title, f"{name.num:,} {examples}"]
    if name.rest:
        parts.append(name.rest)
    if name.truncation:
        parts.append(f"latents truncated at {name.truncation}")
    if name.standing:
        parts.append(f"standing statistics of {name.standing:,} samples")
    return ", ".join(parts)


def label(metric: str) -> str:
    """Returns what to write on an axis: the kind and its direction."""
    kind = KINDS.get(kind_of(metric))
    if kind is None:
        return kind_of(metric)
    if kind.lower_is_better is None:
        return kind.label
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
