"""Makes the tables and figures of a study, and the README's section on it.

    python tools/make_results.py results/digits

writes tables/ and figures/ beside the study's runs, and puts the table and the
samples of every method between the README's lines `<!-- results/digits -->` and
`<!-- end of results/digits -->`. Nothing in these files is written by hand.
"""

import argparse
import pathlib
import shutil
import sys
from collections.abc import Iterator

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.figures import curves
from compare_ssgan.analysis.records import run_records

ROOT = pathlib.Path(__file__).resolve().parent.parent
METRICS = ("fid", "kid", "is")
TABLE_FORMATS = {"md": "md", "csv": "csv"}


def write_tables_and_figures(study: pathlib.Path) -> None:
    """Writes tables, curves and a grid of samples per method."""
    for name in ("tables", "figures"):
        (study / name).mkdir(exist_ok=True)
    for metric in METRICS:
        for format_name, suffix in TABLE_FORMATS.items():
            text = tables.render([study], metric=metric, format=format_name)
            path = study / "tables" / f"{metric}.{suffix}"
            path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        curves.curves([study], metric, study / "figures" / f"{metric}.png")
    for method, grid in last_grids(study):
        shutil.copyfile(grid, study / "figures" / f"samples_{method}.png")


def last_grids(study: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Yields each method with the last grid of its run of the lowest seed."""
    seen = set()
    for run in sorted(run_records.read([study]), key=lambda run: run.seed):
        grids = sorted((run.directory / "samples").glob("*.png"))
        if run.method not in seen and grids:
            seen.add(run.method)
            yield run.method, grids[-1]


def readme_section(study: pathlib.Path) -> str:
    """Returns the README's text on a study, from its records and figures."""
    name = study.resolve().relative_to(ROOT).as_posix()
    grids = sorted((study / "figures").glob("samples_*.png"))
    methods = [grid.stem.removeprefix("samples_") for grid in grids]
    order = [run.method for run in run_records.read([study])]
    methods.sort(key=order.index)
    cells = [f"![{m}]({name}/figures/samples_{m}.png)" for m in methods]
    rows = []
    for start in range(0, len(methods), 3):
        names, images = methods[start : start + 3], cells[start : start + 3]
        rows += [names, images]
    head, *rest = [row + [""] * (3 - len(row)) for row in rows]
    lines = ["| " + " | ".join(head) + " |", "|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in rest]
    return "\n\n".join(
        [
            tables.render([study], metric="fid", format="md"),
            f"![FID curves]({name}/figures/fid.png)",
            "Samples of the first seed at the last step:",
            "\n".join(lines),
        ]
    )


def markers(study: pathlib.Path) -> tuple[str, str]:
    """Returns the lines of the README around a study's section."""
    name = study.resolve().relative_to(ROOT).as_posix()
    return f"<!-- {name} -->", f"<!-- end of {name} -->"


def update_readme(study: pathlib.Path) -> None:
    """Replaces the README's section on a study."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    begin, end = markers(study)
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"README.md needs the lines {begin} and {end}, once each.")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    section = f"{begin}\n\n{readme_section(study)}\n\n{end}"
    readme.write_text(before + section + after, encoding="utf-8")


def main() -> None:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=pathlib.Path, help="e.g. results/digits")
    study = parser.parse_args().study
    write_tables_and_figures(study)
    update_readme(study)


if __name__ == "__main__":
    main()
