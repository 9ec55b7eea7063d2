"""Runs on data whose labels a transform has changed."""

import json

import numpy as np
import pytest

from compare_ssgan.datasets import base
from compare_ssgan.datasets.transforms import label_files
from compare_ssgan.errors import InputError
from compare_ssgan.studies import experiment, files, images, run, spec
from compare_ssgan.studies.record import Record

KEEP = ("run.transforms = [@labels.keep()]", "labels.keep.percent = 10")


@pytest.fixture
def labels(tmp_path):
    """Writes a file of labels for the toy's examples."""
    base.set_data_directory(tmp_path)

    def write(values):
        (tmp_path / "labels.npz").unlink(missing_ok=True)
        label_files.write(tmp_path / "labels.npz", np.arange(len(values)), values)

    yield write
    base.set_data_directory(None)


REPLACE = ("run.transforms = [@labels.replace()]", "labels.replace.file = 'labels.npz'")


def hashes(request):
    return Record(request.run_directory).read()["data"]


def test_the_record_tells_the_data_with_their_labels(load):
    plain = load("STEPS = 1")
    run.execute(plain)
    kept = load("STEPS = 1", *KEEP)
    run.execute(kept)
    assert plain.run_id != kept.run_id
    assert hashes(plain)["train"] != hashes(kept)["train"]
    assert hashes(plain)["test"] == hashes(kept)["test"]
    assert Record(kept.run_directory).read()["dataset"] == "toy"


def test_a_run_does_not_go_on_with_another_file_of_labels(load, labels):
    labels(np.arange(50) % 3)
    request = load("STEPS = 2", *REPLACE)
    run.execute(request)
    (request.run_directory / "DONE").unlink()
    path = request.run_directory / "run.json"
    files.write_json(path, json.loads(path.read_text()) | {"status": "running"})
    labels(np.arange(50)[::-1] % 3)
    with pytest.raises(InputError, match=r"begun on other data: its train examples"):
        run.execute(load("STEPS = 2", *REPLACE))


def test_images_are_drawn_without_the_file_of_labels(load, labels, tmp_path):
    labels(np.arange(50) % 5)
    settings = (*REPLACE, "labels.replace.num_classes = 5")
    finished = run.execute(load("STEPS = 1", *settings)).run_dir
    base.set_data_directory(None)
    drawn = images.save_images(finished, 10, tmp_path / "drawn.npz", seed=0)
    with np.load(drawn) as arrays:
        assert arrays["images"].shape == (10, 8, 8, 1)


def test_a_file_of_labels_that_does_not_fit_leaves_no_run_behind(load, labels):
    labels(np.arange(49) % 3)
    request = load("STEPS = 2", *REPLACE)
    with pytest.raises(InputError, match=r"labels.npz.*lacks example 49"):
        run.execute(request)
    assert not request.run_directory.exists()


@pytest.mark.parametrize(
    ("transform", "message"),
    [("keep", "Set labels.keep.percent, e.g"), ("replace", "labels.replace.file")],
)
def test_a_transform_without_its_settings_is_refused(load, transform, message):
    load(f"run.transforms = [@labels.{transform}()]")
    with pytest.raises(InputError, match=message):
        experiment.build()


DIGITS = ("resnet_cifar.Generator.channels = 2", "resnet_cifar.Backbone.channels = 2")


def load_digits(*settings, method="cond_gan"):
    file = f"gin_configs/{method}.gin"
    spec.load(spec.RunRequest((file,), settings=(*DIGITS, *settings)))


def test_a_conditional_method_without_a_single_label_is_refused(labels):
    labels(np.full(1197, -1))
    message = r"conditional .*no training example of digits has a label.*run.transforms"
    load_digits(*REPLACE)
    with pytest.raises(InputError, match=message):
        experiment.build()
    load_digits(*REPLACE, method="sn_gan")
    experiment.build()


@pytest.mark.parametrize(
    ("metric", "settings", "message"),
    [
        ("label_accuracy", ("run.transforms = [@labels.random()]",), "none that it kn"),
        (
            "label_accuracy",
            ("run.transforms = [@labels.single()]",),
            "of the 1 classes",
        ),
        ("intra_fid", ("run.transforms = [@labels.random()]",), "in the test split of"),
        (
            "classification_accuracy_score",
            ("run.transforms = [@labels.random()]",),
            r"'cas' needs labelled real images.*labels.replace.test_file",
        ),
        ("probe", ("run.transforms = [@labels.random()]",), "'probe' needs labelled"),
    ],
)
def test_a_metric_that_has_no_labels_to_compare_with_is_refused(
    metric, settings, message
):
    load_digits(*settings, f"evaluate.metrics = [@metrics.{metric}()]")
    with pytest.raises(InputError, match=message):
        experiment.build()
