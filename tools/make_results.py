"""Makes all that is shown of the committed studies, from their records.

    python tools/make_results.py                    # every study in results/
    python tools/make_results.py results/digits

writes tables/, figures/ and report.html beside a study's runs, and puts its table, its
curves, its samples and what becomes of the papers' claims (`claims.json`, see
tools/paper_claims.py) between the README's lines `<!-- results/digits -->` and
`<!-- end of results/digits -->`. Nothing in these files is written by hand. The digest
of the records goes to made_from.json, by which a test finds what is stale.
"""

import argparse
import hashlib
import json
import pathlib
import sys

# The tools are found from any directory.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.figures import axes, curves, sample_sheets
from compare_ssgan.analysis.report import page
from tools import paper_claims

ROOT = pathlib.Path(__file__).resolve().parent.parent
METRICS = ("fid", "kid", "is")
TABLE_FORMATS = {"md": "md", "csv": "csv", "latex": "tex", "json": "json"}
# What numbers and pictures are made of; logs and timings of attempts are not.
RECORDS = (
    "study.json",
    paper_claims.FILE,
    "runs/*/run.json",
    "runs/*/metrics.jsonl",
    "runs/*/evaluations.jsonl",
    "runs/*/samples/*.png",
)


def studies() -> list[pathlib.Path]:
    """Returns the directories of the committed studies."""
    return sorted(path.parent for path in (ROOT / "results").glob("*/study.json"))


def table(study: pathlib.Path, metric: str, format_name: str) -> str:
    """Returns a table as it is committed."""
    text = tables.render([study], metric=metric, format=format_name)
    return text.rstrip("\n") + "\n"


def write(study: pathlib.Path) -> None:
    """Writes tables, figures and the report."""
    for name in ("tables", "figures"):
        (study / name).mkdir(exist_ok=True)
    for metric in METRICS:
        for format_name, suffix in TABLE_FORMATS.items():
            path = study / "tables" / f"{metric}.{suffix}"
            path.write_text(table(study, metric, format_name), encoding="utf-8")
        curves.curves([study], metric, study / "figures" / f"{metric}.png")
    for over in axes.AXES:
        if over != "steps":
            out = study / "figures" / f"fid_over_{over}.png"
            curves.curves([study], "fid", out, over=over)
    sample_sheets.samples([study], study / "figures" / "samples.png")
    page.write([study], study / "report.html")
    made_from = json.dumps({"records": digest(study)}, indent=1) + "\n"
    (study / "made_from.json").write_text(made_from, encoding="utf-8")


def digest(study: pathlib.Path) -> str:
    """Returns the SHA-256 of the records that are shown, hexadecimal."""
    found = hashlib.sha256()
    for pattern in RECORDS:
        for path in sorted(study.glob(pattern)):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(study).as_posix()} {content}\n".encode())
    return found.hexdigest()


def readme_section(study: pathlib.Path) -> str:
    """Returns the README's text on a study, from its records."""
    name = study.resolve().relative_to(ROOT).as_posix()
    parts = [table(study, "fid", "md").strip()]
    judged = paper_claims.judge(study)
    if judged:
        parts += [
            "What the papers claim, and what these runs say (method minus other on "
            "equal seeds, 95 % Student-t interval; it shows if that excludes 0):",
            paper_claims.render(judged),
        ]
    links = [f"[{metric}]({name}/tables/{metric}.md)" for metric in METRICS]
    over = [f"[{o}]({name}/figures/fid_over_{o}.png)" for o in axes.AXES[1:]]
    parts += [
        f"![FID curves]({name}/figures/fid.png)",
        f"![Samples]({name}/figures/samples.png)",
        f"Tables: {', '.join(links)} (also as .csv, .tex, .json). FID over "
        f"{', '.join(over)}. All of it to be read in a browser: "
        f"[report.html]({name}/report.html), once it is on your disk.",
    ]
    return "\n\n".join(parts)


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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "study", type=pathlib.Path, nargs="*", help="e.g. results/digits; default: all"
    )
    for study in parser.parse_args().study or studies():
        write(study)
        update_readme(study)


if __name__ == "__main__":
    main()
