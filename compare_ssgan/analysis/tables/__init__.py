"""Writes comparison tables as text: ASCII, but for names that are not."""

import shutil
from collections.abc import Callable

from compare_ssgan.analysis.comparison.comparing import Comparison, Options, compare
from compare_ssgan.analysis.comparison.selection import parse_selection
from compare_ssgan.analysis.records.run_records import Directories
from compare_ssgan.analysis.tables import data, latex, markdown, terminal
from compare_ssgan.analysis.tables.layout import Style
from compare_ssgan.errors import InputError

FORMATS: dict[str, Callable[[Comparison, Style], str]] = {
    "md": markdown.write,
    "csv": data.write_csv,
    "latex": latex.write,
    "json": data.write_json,
    "terminal": terminal.write,
}


def render(
    directories: Directories,
    metric: str = "fid",
    select: str = "last",
    format: str = "md",
    *,
    against: str | None = None,
    statistic: str = "mean",
    published: str = "own",
    runs: bool = False,
    width: int | None = None,
    color: bool = False,
) -> str:
    """Returns comparison tables as text, one for each dataset.

    Methods are rows, in blocks by family. Runs without a finite number are counted
    and named, never left out. Several metrics stand side by side, each column with
    its protocol; CSV and JSON have a table for each.

    Args:
        directories: One or several directories of runs or studies.
        metric: A kind such as "fid", or a full name such as "fid10k_test_inception";
            or several, joined by commas.
        select: "last", "best", "step:N" or "by:METRIC".
        format: "md", "csv", "latex", "json" or "terminal".
        against: Method, or label of a row, to compare the others with; None for
            sn_gan, if it is there.
        statistic: "mean" or "iqm": what the intervals over training seeds are of.
        published: Numbers of papers below the tables: "own" (of the methods that are
            in the table), "all" (of the dataset, of other libraries and unconfirmed
            ones, too) or "none". CSV has none.
        runs: Whether to show the number of every run. JSON always does; CSV then has
            a line for each run instead of each method.
        width: Columns of a terminal; None for those of this one.
        color: Whether a terminal shows colours.

    Raises:
        InputError: If there is no such rule, format, method or statistic, if there are
            no records, if a metric was not measured or stands for several protocols,
            or if several metrics side by side have no room for what is asked for.
    """
    if format not in FORMATS:
        raise InputError(
            f"There is no table format '{format}'. Formats: {', '.join(FORMATS)}."
        )
    options = Options(parse_selection(select), against, statistic, published)
    found = compare(directories, metric, options)
    if format not in ("csv", "json"):
        _check_has_effect(found, options)
    columns = width or shutil.get_terminal_size().columns
    return FORMATS[format](found, Style(runs, columns, color))


def _check_has_effect(found: Comparison, options: Options) -> None:
    """Raises InputError if metrics side by side do not show what was asked for."""
    if len({table.dataset for table in found.tables}) == len(found.tables):
        return
    instead = "Ask for one metric at a time, or for --format csv or json."
    if options.statistic != "mean":
        raise InputError(
            f"--statistic {options.statistic}: several metrics side by side are shown "
            f"by their mean. {instead}"
        )
    if options.against is not None and not any(each.rows for each in found.across):
        raise InputError(
            f"--against {options.against}: several metrics side by side have no "
            f"differences. {instead}"
        )
