"""What is shown of the committed studies is what their records say."""

import json
import pathlib
import re

import pytest

from compare_ssgan.analysis.records import run_records
from tools import make_results

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDIES = make_results.studies()
NAMES = [study.name for study in STUDIES]
REMEDY = "run python tools/make_results.py"


@pytest.fixture(params=STUDIES, ids=NAMES)
def study(request):
    return request.param


def test_the_readme_shows_what_the_records_say(study):
    begin, end = make_results.markers(study)
    section = README.split(begin)[1].split(end)[0].strip()
    assert section == make_results.readme_section(study).strip(), REMEDY
    linked = re.findall(r"\]\((results/[^)]+)\)", section)
    assert f"results/{study.name}/report.html" in linked
    assert [path for path in linked if not (ROOT / path).is_file()] == []


def test_tables_are_those_of_the_records(study):
    for metric in make_results.METRICS:
        for format_name, suffix in make_results.TABLE_FORMATS.items():
            committed = (study / "tables" / f"{metric}.{suffix}").read_text("utf-8")
            assert committed == make_results.table(study, metric, format_name), REMEDY


def test_figures_and_report_were_made_from_the_records(study):
    made_from = json.loads((study / "made_from.json").read_text("utf-8"))
    assert made_from == {"records": make_results.digest(study)}, REMEDY
    text = (study / "report.html").read_text("utf-8")
    assert [r.run_id for r in run_records.read(study) if r.run_id not in text] == []


@pytest.mark.parametrize("changed", ["run.json", "metrics.jsonl", "claims.json"])
def test_records_that_were_changed_make_another_digest(changed, tmp_path):
    for name in ("run.json", "metrics.jsonl"):
        path = tmp_path / "runs" / "digits-gan-seed0-00000000" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    (tmp_path / "claims.json").write_text("[]")
    before = make_results.digest(tmp_path)
    (path,) = tmp_path.rglob(changed)
    path.write_text(path.read_text() + " ")
    assert make_results.digest(tmp_path) != before


@pytest.mark.parametrize(
    ("name", "seeds"),
    [
        (
            "digits",
            {
                "gan": 5,
                "wgan_gp": 3,
                "sn_gan": 5,
                "sbn_gan": 3,
                "cond_gan": 5,
                "acgan": 3,
                "ssgan": 5,
                "ssgan_gp": 3,
                "sbn_ssgan": 5,
            },
        ),
        ("cifar10_narrow", {"sn_gan": 3, "cond_gan": 3, "sbn_ssgan": 3}),
    ],
)
def test_the_studies_are_complete(name, seeds):
    runs = run_records.read(ROOT / "results" / name)
    found = {method: {r.seed for r in runs if r.method == method} for method in seeds}
    assert found == {method: set(range(number)) for method, number in seeds.items()}
    assert {run.status for run in runs} == {"done"}
    assert all((run.directory / "DONE").is_file() for run in runs)
    assert all(run.operations_per_step for run in runs)
