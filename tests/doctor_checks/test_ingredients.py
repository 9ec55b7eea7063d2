from tests.doctor_checks.findings import by_name
from tools.doctor_checks import ingredients


def test_without_weights_it_is_said_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPARE_SSGAN_CACHE", str(tmp_path))
    found = by_name(ingredients.weights())
    assert found["weights of Inception"].verdict == "warn"
    assert "weights get" in found["weights of Inception"].advice
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "unverified-01234567.pth").write_bytes(b"x")
    (tmp_path / "classifiers").mkdir()
    (tmp_path / "classifiers" / "cifar10_cnn-1.npz").touch()
    found = by_name(ingredients.weights())
    assert "is not the published file" in found["weights of Inception"].found
    assert found["classifiers"].found == "digits_cnn, cifar10_cnn-1"


def test_a_data_directory_that_is_not_there_fails(tmp_path):
    (found,) = ingredients.data(["cifar10"], str(tmp_path / "none"))
    assert (found.verdict, found.advice) == ("fail", "Change --data_dir.")
