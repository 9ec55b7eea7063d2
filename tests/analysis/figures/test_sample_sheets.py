import numpy as np
import pytest
from matplotlib import image

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.figures import sample_sheets
from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import InputError
from compare_ssgan.studies import attempt, grids
from tests.analysis import fabricate


def images(seed, channels=3):
    shape = (attempt.GRID_IMAGES, 6, 6, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def samples(directory, step, seed=0, channels=3):
    """Writes a grid as training does, and returns its images."""
    (directory / "samples").mkdir(exist_ok=True)
    drawn = images(seed, channels)
    path = directory / "samples" / f"step_{step:06d}.png"
    grids.write_png(path, grids.grid(drawn / 255))
    return drawn


def sheets(study):
    (own,) = groups.by_dataset(run_records.read(study)).values()
    return sample_sheets._sheets(own)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_is_cut_into_the_images_it_was_made_of(tmp_path, channels):
    drawn = images(1, channels)
    cut = sample_sheets.cut(grids.grid(drawn / 255))
    np.testing.assert_array_equal(cut, drawn)


@pytest.mark.parametrize("shape", [(66, 67, 3), (65, 66, 3), (10, 10, 3)])
def test_what_is_no_grid_is_not_cut(shape):
    assert sample_sheets.cut(np.zeros(shape)) is None


def test_a_row_shows_the_last_step_of_a_run(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    samples(directory, 50, seed=1)
    last = samples(directory, 1_000_000, seed=2)
    samples(directory, 600, seed=3)
    (directory / "samples" / "step_x.png").touch()
    (sheet,) = sheets(tmp_path)
    assert (sheet.step, sheet.label) == (1_000_000, "step 1,000,000")
    np.testing.assert_allclose(sheet.images * 255, last, atol=1e-4)


def test_the_seed_is_the_lowest_that_most_methods_have_samples_of(tmp_path):
    for method, seed in [("gan", 0), ("gan", 1), ("sn_gan", 1), ("gan", 2)]:
        samples(fabricate.run(tmp_path, method, seed), 50, channels=1)
    samples(fabricate.run(tmp_path, "sn_gan", 2), 50, channels=1)
    assert [sheet.run.seed for sheet in sheets(tmp_path)] == [1, 1]


def test_runs_without_samples_have_a_row_that_says_so(tmp_path):
    fabricate.plan(tmp_path, [("gan", 0), ("ssgan", 0), ("sn_gan", 0)])
    samples(fabricate.run(tmp_path, "gan", 0), 50)
    where = {"step": 70, "term": "x"}
    fabricate.run(tmp_path, "ssgan", 0, status="diverged", diverged=where)
    fabricate.run(tmp_path, "wgan_gp", 1)
    found = {sheet.group.method: sheet for sheet in sheets(tmp_path)}
    assert {name: sheet.label for name, sheet in found.items()} == {
        "gan": "step 50",
        "ssgan": "diverged at 70",
        "sn_gan": "missing",
        "wgan_gp": "no run",
    }
    assert [m for m, sheet in found.items() if sheet.images is not None] == ["gan"]
    out = sample_sheets.samples(tmp_path, tmp_path / "x.png")
    assert image.imread(out).shape[1] > 1000


def test_without_any_samples_there_is_nothing_to_draw(tmp_path):
    fabricate.constant(tmp_path, "gan", [10.0, 20.0])
    with pytest.raises(InputError, match=r"None of 2 runs has samples: .*samples/step"):
        sample_sheets.samples(tmp_path, tmp_path / "x.png")


def test_a_damaged_picture_is_an_error_that_names_it(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0)
    samples(directory, 50)
    path = directory / "samples" / "step_000050.png"
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:300]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"Cannot read the samples .*000050"):
            sample_sheets.samples(tmp_path, tmp_path / "x.png")
    grids.write_png(path, np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(InputError, match="30 x 20 pixels are not 8 square images"):
        sample_sheets.samples(tmp_path, tmp_path / "x.png")


def test_the_caption_says_whose_latents_are_equal(tmp_path):
    for method, config in (("gan", []), ("wide", ["gans.ModularGAN.latent_size = 9"])):
        samples(fabricate.run(tmp_path, method, 0, config=config), 50)
    (said,) = sample_sheets._caption({"digits": sheets(tmp_path)})
    assert "equal for methods with latents of one size and distribution" in said
