"""Runs whose data or records are not what they were."""

import functools
import json

import pytest

from compare_ssgan.datasets.base import Dataset
from compare_ssgan.errors import (
    InputError,
)
from compare_ssgan.studies import files, run
from compare_ssgan.studies.record import Record
from tests.studies.toy import components


def test_the_record_names_the_data_that_were_found(load, monkeypatch):
    subset = functools.partial(Dataset, "toy_subset")
    monkeypatch.setattr(components, "Dataset", lambda name, *rest: subset(*rest))
    request = load("STEPS = 1")
    run.execute(request)
    content = Record(request.run_directory).read()
    assert content["dataset"] == "toy_subset"
    assert content["run_id"].startswith("toy-plain-")
    split = components.data().train
    assert content["data"] == dict.fromkeys(("train", "test"), split.content_hash)


def unfinished(load):
    """A run that is not over, and the content of its run.json."""
    request = load("STEPS = 2")
    run.execute(request)
    (request.run_directory / "DONE").unlink()
    return request, request.run_directory / "run.json"


def test_a_run_does_not_go_on_with_other_data(load):
    request, path = unfinished(load)
    content = json.loads(path.read_text())
    data = content["data"] | {"train": "0" * 64}
    files.write_json(path, content | {"data": data, "status": "running"})
    before = path.read_bytes()
    expected = r"begun on other data: its train examples are not .*--data_dir"
    with pytest.raises(InputError, match=expected):
        run.execute(request)
    # It was refused, and has not failed.
    assert path.read_bytes() == before


def test_a_run_whose_record_does_not_tell_the_data_goes_on(load):
    request, path = unfinished(load)
    content = json.loads(path.read_text())
    data = content.pop("data")
    files.write_json(path, content)
    assert run.execute(request).status == "complete"
    assert json.loads(path.read_text())["data"] == data


def test_a_finished_run_is_shown_without_its_data(load, monkeypatch):
    request = load("STEPS = 2")
    run.execute(request)

    def refuse(*arguments, **options):
        raise AssertionError("The dataset is not needed.")

    monkeypatch.setattr(run, "_work", refuse)
    assert run.execute(request).status == "complete"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run.json", "{}", "run.json has no dataset and .* no status"),
        ("run.json", "3", "run.json does not hold a JSON object"),
        ("metrics.jsonl", '{"step": 1}\n', "metrics.jsonl, line 1 has no metric"),
    ],
)
def test_a_damaged_record_of_a_finished_run_is_named(load, name, content, message):
    request = load("STEPS = 2")
    run.execute(request)
    (request.run_directory / name).write_text(content)
    with pytest.raises(InputError, match=message):
        run.execute(request)
