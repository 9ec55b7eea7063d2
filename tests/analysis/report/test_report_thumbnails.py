"""Pictures of a page: the last grid of each run, small enough, each once."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from compare_ssgan.analysis.records import run_records
from compare_ssgan.analysis.report import thumbnails
from tests.analysis import fabricate, fabricate_report


def decoded(address):
    return Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))


def grid(directory, step, pixels):
    path = directory / "samples" / f"step_{step:06d}.png"
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def noise(seed, size):
    return np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)


def test_the_last_grid_is_shown_as_it_is_if_it_is_small(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    grid(directory, 0, noise(0, (40, 60)))
    grid(directory, 6000, noise(1, (40, 60)))
    made = thumbnails.make(run_records.read(tmp_path))
    (shown,) = made.by_run.values()
    assert (shown.step, shown.width, shown.height) == (6000, 60, 40)
    assert shown.original == (60, 40)
    assert np.array_equal(decoded(made.pictures[0]), noise(1, (40, 60)))


def test_the_last_of_a_million_steps_is_the_last_by_its_number(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    grid(directory, 999_000, noise(0, (40, 60)))
    grid(directory, 1_000_000, noise(1, (40, 60)))
    (shown,) = thumbnails.make(run_records.read(tmp_path)).by_run.values()
    assert shown.step == 1_000_000


def test_a_large_grid_is_shrunk_and_keeps_its_shape(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    grid(directory, 6000, noise(0, (600, 1200)))
    made = thumbnails.make(run_records.read(tmp_path))
    (shown,) = made.by_run.values()
    assert shown.width == 2 * shown.height < 600
    assert shown.original == (1200, 600)
    assert decoded(made.pictures[0]).size == (shown.width, shown.height)


@pytest.mark.parametrize("budget", [400_000, 60_000, 20_000])
def test_many_pictures_share_a_budget(budget, tmp_path):
    for seed in range(8):
        directory = fabricate.run(tmp_path, "gan", seed)
        grid(directory, 6000, noise(seed, (260, 260)))
    made = thumbnails.make(run_records.read(tmp_path), budget)
    assert len(made.by_run) + made.left_out == 8
    assert sum(map(len, made.pictures)) <= budget


def test_what_finds_no_room_is_counted(tmp_path):
    for seed in range(4):
        directory = fabricate.run(tmp_path, "gan", seed)
        grid(directory, 6000, noise(seed, (260, 260)))
    made = thumbnails.make(run_records.read(tmp_path), 5_000)
    assert made.left_out > 0
    assert len(made.by_run) == 4 - made.left_out


def test_equal_pictures_are_there_once(tmp_path):
    for seed in range(3):
        directory = fabricate.run(tmp_path, "gan", seed)
        grid(directory, 6000, noise(0, (64, 64)))
    made = thumbnails.make(run_records.read(tmp_path))
    assert len(made.pictures) == 1
    assert len(made.by_run) == 3


def test_a_file_that_is_no_picture_is_named(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    path = grid(directory, 6000, noise(0, (8, 8)))
    path.write_bytes(path.read_bytes()[:40])
    made = thumbnails.make(run_records.read(tmp_path))
    assert made.pictures == []
    assert made.unreadable == [f"{directory.name}/samples/step_006000.png"]


def test_runs_without_grids_have_none(tmp_path):
    fabricate_report.complete(fabricate.run(tmp_path, "gan", 0), samples=False)
    assert thumbnails.make(run_records.read(tmp_path)).by_run == {}


def test_the_pictures_of_a_study_stand_for_those_of_its_runs(tmp_path):
    for seed in (1, 0):
        fabricate.run(tmp_path, "gan", seed)
    (tmp_path / "figures").mkdir()
    path = tmp_path / "figures" / "samples_gan.png"
    Image.fromarray(noise(0, (8, 8))).save(path)
    made = thumbnails.make(run_records.read(tmp_path))
    assert list(made.by_run) == [fabricate.run_id("gan", 0)]
    # Not where it could be of either of two runs.
    fabricate.run(tmp_path, "gan", 0, digest=7, settings=("a.b = 1",))
    assert thumbnails.make(run_records.read(tmp_path)).by_run == {}


def test_a_name_that_leads_elsewhere_is_not_followed(tmp_path):
    directory = fabricate.run(tmp_path / "study", "gan", 0)
    (tmp_path / "study" / "figures" / "samples_").mkdir(parents=True)
    Image.fromarray(noise(0, (8, 8))).save(tmp_path / "secret.png")
    path = directory / "run.json"
    content = json.loads(path.read_text()) | {"method": "/../../../secret"}
    path.write_text(json.dumps(content))
    assert thumbnails.make(run_records.read(tmp_path / "study")).by_run == {}
