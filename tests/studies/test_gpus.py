import pytest

from compare_ssgan.studies.executors import gpus

GROWTH = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """Stands for the driver of a machine with a number of GPUs."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "gpus")

    def driver(number):
        for index in range(number):
            (tmp_path / "gpus" / f"0000:0{index}:00.0").mkdir(parents=True)

    return driver


@pytest.mark.parametrize(
    "number, expected",
    [(1, [None]), (2, ["0,2", "1,3"]), (3, ["0,3", "1", "2"]), (4, [*"0123"])],
)
def test_runs_side_by_side_have_gpus_of_their_own(driver, number, expected):
    driver(4)
    found = gpus.shares(number)
    assert [share.get("CUDA_VISIBLE_DEVICES") for share in found] == expected
    assert not any(GROWTH.items() <= share.items() for share in found)


def test_where_runs_share_a_gpu_none_takes_all_of_its_memory(driver):
    driver(2)
    names = ["0", "1", "0"]
    expected = [{"CUDA_VISIBLE_DEVICES": name} | GROWTH for name in names]
    assert gpus.shares(3) == expected


def test_only_gpus_that_may_be_used_are_shared_out(driver, monkeypatch):
    driver(8)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5f")
    assert gpus.visible() == ["2", "GPU-5f"]
    assert [each["CUDA_VISIBLE_DEVICES"] for each in gpus.shares(2)] == ["2", "GPU-5f"]


def test_none_are_made_up(driver, monkeypatch):
    assert gpus.shares(2) == [GROWTH] * 2
    driver(2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.shares(2) == [GROWTH] * 2


def test_what_the_user_says_of_memory_stays(driver, monkeypatch):
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "false")
    assert gpus.shares(2) == [{}] * 2
