"""What is shown of the committed studies is what their records say."""

import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDIES = re.findall(r"<!-- (results/\w+) -->", README)


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "make_results", ROOT / "tools" / "make_results.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", STUDIES)
def test_the_readme_shows_what_the_records_say(name, tool):
    begin, end = tool.markers(ROOT / name)
    section = README.split(begin)[1].split(end)[0].strip()
    assert section == tool.readme_section(ROOT / name).strip()
    for picture in re.findall(r"\]\((results/[^)]+)\)", section):
        assert (ROOT / picture).is_file(), picture


@pytest.mark.parametrize("name", STUDIES)
def test_committed_tables_are_those_of_the_records(name, tool):
    study = ROOT / name
    for metric in tool.METRICS:
        for format_name, suffix in tool.TABLE_FORMATS.items():
            text = tool.tables.render([study], metric=metric, format=format_name)
            committed = (study / "tables" / f"{metric}.{suffix}").read_text()
            assert committed.strip() == text.strip()


def test_the_foundation_study_is_complete():
    assert "results/digits" in STUDIES
    runs = list((ROOT / "results/digits/runs").iterdir())
    assert len(runs) == 27
    assert all((run / "DONE").exists() for run in runs)
