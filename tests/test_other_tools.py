"""What runs give to other programs, and what the suite says of files: end to end."""

import json

import numpy as np
import pytest
from terminal import QUICK, run_dir

from compare_ssgan.datasets.digits import digits
from compare_ssgan.evaluation import image_files

CONDITIONAL = ["--gin", "gin_configs/cond_gan.gin", *QUICK]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture
def run(study, command):
    code, _, err = command("run", *CONDITIONAL, "--out", study)
    assert code == 0, err
    return run_dir(study)


def test_samples_that_were_written_score_as_the_run_was_evaluated(
    run, command, tmp_path
):
    rows = [json.loads(x) for x in (run / "metrics.jsonl").read_text().splitlines()]
    measured = {row["metric"]: row["value"] for row in rows if row["step"] == 20}
    ((name, value),) = ((k, v) for k, v in measured.items() if k.startswith("fid"))
    num = int(name.split("_")[0].removeprefix("fid"))

    # The first test images, which the run was compared with.
    (batch,) = digits().test.evaluation_batches(num, num)
    real = np.round(np.asarray(batch.images) * 255).astype(np.uint8)
    np.savez(tmp_path / "real.npz", images=real)
    for fake in ("fake.npz", "fake"):
        code, _, err = command("sample", run, "--num", num, "--to", fake)
        assert code == 0, err
        code, out, err = command(
            "score", "real.npz", fake,
            "--features", "digits_cnn", "--metrics", "fid", "--json",
        )  # fmt: skip
        assert code == 0, err
        scores = json.loads(out)
        assert scores["fid"] == pytest.approx(value, rel=1e-9)
        assert scores["protocols"] == {f"fid{num}_real_digits_cnn": scores["fid"]}
    with np.load(tmp_path / "fake.npz") as archive:
        labels = archive["labels"]
    source = image_files.open_folder(tmp_path / "fake")
    np.testing.assert_array_equal(source.labels, labels)


def test_a_run_is_exported(run, command, tmp_path):
    code, out, err = command("export", run, "--to", tmp_path / "new" / "gan")
    assert code == 0, err
    assert out.strip() == str(tmp_path / "new" / "gan")
    about = json.loads((tmp_path / "new" / "gan" / "export.json").read_text())
    assert (about["step"], about["method"]) == (20, "cond_gan")
    assert any(name.startswith("fid") for name in about["metrics"])
    code, _, err = command("export", run, "--to", tmp_path / "x", "--step", 19)
    assert code == 2
    assert "no checkpoint of step 19. There are: " in err
    assert not (tmp_path / "x").exists()
