"""What a dataset holds, as text for the terminal."""

from collections.abc import Sequence

import numpy as np

from compare_ssgan.studies.data_report import DataReport, Labels

# More classes than this are summarized.
_LISTED = 20
# Names that a line can show.
_NAMED = 8

_Row = tuple[str, ...]


def render(report: DataReport) -> str:
    """Returns a report as lines of text."""
    height, width, channels = report.image_shape
    title = f"{report.name}: {height}x{width}x{channels}"
    if report.num_classes:
        title += f", {report.num_classes:,} class{'es'[: 2 * (report.num_classes > 1)]}"
    if report.paired:
        title += ", pairs of images, the source left of the target"
    if report.num_modes is not None:
        title += f", {report.num_modes:,} modes"
    lines = [title]
    if report.files is not None:
        lines.append(f"read from {report.files}")
    lines += ["", *_aligned(_table(report)), ""]
    lines += [line for split in report.splits for line in _notes(report, split)]
    return "\n".join(lines)


def _table(report: DataReport) -> list[_Row]:
    splits = [*report.splits.values()]
    rows = [
        ("", *report.splits),
        ("examples", *(f"{split.num_examples:,}" for split in splits)),
    ]
    labels = [split.labels for split in splits if split.labels is not None]
    if labels:
        rows += [
            ("labelled", *(f"{each.labelled:,}" for each in labels)),
            ("unlabelled", *(f"{each.unlabelled:,}" for each in labels)),
            *_counts(report, labels),
        ]
    pixels = [split.pixels for split in splits]
    return [
        *rows,
        ("pixels", *(f"{each.smallest} to {each.largest}" for each in pixels)),
        ("mean pixel", *(f"{each.mean:.2f}" for each in pixels)),
    ]


def _counts(report: DataReport, labels: Sequence[Labels]) -> list[_Row]:
    """Returns a row per class, or a summary of many."""
    rows: list[_Row] = []
    if report.num_classes <= _LISTED:
        for index in range(report.num_classes):
            numbers = (_number(each.per_class[index]) for each in labels)
            rows.append((f"  {_title(report, index)}", *numbers))
    else:
        for kind, share in (("fewest", 0.0), ("median", 0.5), ("most", 1.0)):
            numbers = (
                _number(float(np.quantile(each.per_class, share))) for each in labels
            )
            rows.append((f"  {kind} in a class", *numbers))
    if any(each.soft for each in labels):
        means = (
            "" if each.mean_of_largest is None else f"{each.mean_of_largest:.3f}"
            for each in labels
        )
        rows.append(("  largest, mean", *means))
    return rows


def _notes(report: DataReport, name: str) -> list[str]:
    """Returns what there is to say about a split beside the table."""
    split = report.splits[name]
    lines = []
    labels = split.labels
    if labels is not None:
        if labels.soft:
            lines.append(
                f"{name}: soft labels; the numbers of classes are sums of probabilities"
            )
        lines += _rare(report, name, labels)
    if split.pixels.num_examples < split.num_examples:
        lines.append(
            f"{name}: pixels are those of {split.pixels.num_examples:,} evenly spaced "
            "examples"
        )
    return [*lines, f"{name}: content hash {split.content_hash}"]


def _rare(report: DataReport, name: str, labels: Labels) -> list[str]:
    numbers = np.asarray(labels.per_class)
    empty = np.flatnonzero(numbers == 0)
    lines = []
    if len(empty):
        shown = ", ".join(_title(report, int(each)) for each in empty[:_NAMED])
        more = f" and {len(empty) - _NAMED:,} more" if len(empty) > _NAMED else ""
        lines.append(f"{name}: no examples of {shown}{more}")
    elif report.num_classes > _LISTED and np.ptp(numbers):
        rarest = np.argsort(numbers, kind="stable")[:_NAMED]
        shown = ", ".join(
            f"{_title(report, int(each))} ({_number(float(numbers[each]))})"
            for each in rarest
        )
        lines.append(f"{name}: fewest examples of {shown}")
    return lines


def _title(report: DataReport, index: int) -> str:
    """Returns how a class is called: by its name, or else as a number."""
    return report.class_name(index) if report.class_names else f"class {index}"


def _number(value: float) -> str:
    """Returns a count, or a sum of probabilities, or a median."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _aligned(rows: Sequence[_Row]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(
                    cell.rjust(width)
                    for cell, width in zip(row[1:], widths[1:], strict=True)
                ),
            ]
        ).rstrip()
        for row in rows
    ]
