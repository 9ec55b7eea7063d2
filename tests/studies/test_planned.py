import json

import pytest

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.studies import files, planned, run, spec
from compare_ssgan.studies.request import RunRequest

METHOD = """
include 'gin_configs/base.gin'
FAMILY = 'unconditional'
GAN = @toys.Game
toys.Game.width = 3
"""


@pytest.fixture
def plan(load):
    """Plans a run of the toy."""

    def plan(*settings, **options):
        request = load(*settings, **options)
        request.directory.mkdir(parents=True, exist_ok=True)
        return planned.write(request, config.freeze())

    return plan


def load_planned(path, **options):
    # Nothing of what was loaded before may help.
    config.load([str(config.shipped_directory() / "base.gin")])
    return planned.load(RunRequest((), planned=path, **options))


def records(directory):
    names = ("config.gin", "operative_config.gin", "metrics.jsonl", "train.jsonl")
    found = {name: (directory / name).read_bytes() for name in names}
    found |= {path.name: path.read_bytes() for path in directory.glob("samples/*")}
    content = json.loads((directory / "run.json").read_text())
    assert content.pop("wall_seconds") > 0
    return found | {"run.json": list(content.items())}


def test_a_planned_run_leaves_the_records_of_the_same_run_by_gin_files(
    load, plan, tmp_path
):
    settings = ("STEPS = 6", "evaluate.num_samples = 20", "run.ema_start_step = 0")
    options = {"seed": 2, "study": "single"}
    by_files = run.execute(load(*settings, **options, out=tmp_path / "a"))
    request = plan(*settings, **options, out=tmp_path / "b")
    as_planned = run.execute(load_planned(request.planned))
    assert as_planned.run_dir == tmp_path / "b" / "runs" / by_files.run_dir.name
    assert records(as_planned.run_dir) == records(by_files.run_dir)


def test_edits_of_gin_files_change_nothing_that_is_planned(
    toy_configs, tmp_path, monkeypatch
):
    path = tmp_path / "mine.gin"
    path.write_text(METHOD)
    request = RunRequest((str(path),), "toy", out=tmp_path / "out", seed=1)
    (tmp_path / "out").mkdir()
    expected = spec.load(request)
    lines, frozen = config.canonical(), config.freeze()
    file = planned.write(expected, frozen).planned
    path.write_text(METHOD.replace("width = 3", "width = 4"))
    assert spec.load(request).run_id != expected.run_id
    path.unlink()
    monkeypatch.chdir(tmp_path)
    found = load_planned(file)
    assert config.canonical() == lines
    assert (found.run_id, found.method) == (expected.run_id, "mine")


def test_the_file_says_what_and_the_request_says_where_and_on_what(plan, tmp_path):
    request = plan("STEPS = 3", seed=4, method="other")
    found = load_planned(request.planned, threads=1, data_dir="data")
    assert (found.dataset, found.method, found.seed) == ("toy", "other", 4)
    assert (found.family, found.settings) == ("conditional", ("STEPS = 3",))
    assert (found.threads, found.data_dir) == (1, "data")
    assert found.run_directory == request.run_directory
    elsewhere = load_planned(request.planned, out=tmp_path / "elsewhere")
    assert elsewhere.run_directory.parent == tmp_path / "elsewhere" / "runs"


def test_a_setting_without_effect_is_found_as_in_any_other_run(plan):
    request = plan("metrics.inception_score.num_splits = 2")
    expected = r"no effect.*metrics.inception_score.num_splits \(--set 'metr"
    with pytest.raises(InputError, match=expected):
        run.execute(load_planned(request.planned))
    assert not request.run_directory.exists()


def test_planning_the_same_run_again_leaves_its_file_alone(plan):
    path = plan("STEPS = 3").planned
    before = path.stat()
    again = plan("STEPS = 3").planned
    assert again == path
    assert again.stat().st_mtime_ns == before.st_mtime_ns
    # One that was damaged is written anew.
    path.write_text("{}")
    plan("STEPS = 3")
    assert load_planned(path).run_id == path.stem


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("STEPS = 3", "STEPS = 4"),
        ('"family": "unconditional"', '"family": "conditional"'),
        ('"budget": "short"', '"budget": "long"'),
        ('"seed": 1', '"seed": 2'),
        ('"sha256"', '"sha"'),
    ],
)
def test_an_edited_file_is_refused(plan, old, new):
    path = plan("STEPS = 3", seed=1).planned
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError, match=r"json was edited.*Repeat the sweep"):
        load_planned(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Cannot read .*json"),
        ("[]", "does not hold a JSON object"),
        ("{}", "has no schema"),
        ('{"schema": 2}', r"newer version \(schema 2, this one reads 1\)"),
        ('{"schema": 1}', "was edited"),
    ],
)
def test_what_is_no_planned_run_is_refused(toy_configs, tmp_path, content, message):
    path = tmp_path / "planned" / "x.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        load_planned(path)
    with pytest.raises(InputError, match=r"Cannot read .*nothing"):
        load_planned(tmp_path / "nothing")


def test_a_version_that_names_the_run_otherwise_refuses_it(plan, monkeypatch):
    path = plan().planned
    monkeypatch.setattr(config, "digest", lambda lines: "01234567")
    with pytest.raises(InputError, match=r"another version .*\(-01234567\)"):
        load_planned(path)


def test_a_version_without_a_component_names_it(plan):
    path = plan().planned
    content = files.read_json(path)
    del content["sha256"]
    content["shipped"].append("toys.Gone.width = 3")
    path.write_text(json.dumps(content | {"sha256": planned._digest(content)}))
    with pytest.raises(InputError, match=r"another version .*'toys\.Gone'.*Repeat"):
        load_planned(path)


def test_outside_a_study_it_must_be_said_where_the_run_is(plan, tmp_path):
    path = plan().planned
    moved = path.rename(tmp_path / path.name)
    with pytest.raises(InputError, match=r"not in the folder planned .*--out"):
        load_planned(moved)
    assert load_planned(moved, out=tmp_path).run_directory.parent.parent == tmp_path
