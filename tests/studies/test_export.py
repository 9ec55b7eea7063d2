"""Exported runs: what a process without this package makes of them."""

import functools
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.architectures import dcgan
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.gans import latents, losses, tasks
from compare_ssgan.gans.conditioning import Projection
from compare_ssgan.gans.modular_gan import ModularGAN
from compare_ssgan.gans.mutual_information import MutualInformation
from compare_ssgan.layers.batch_norm import moving_statistics
from compare_ssgan.layers.normalization import (
    BatchNorm,
    ConditionalBatchNorm,
    SelfModulatedBatchNorm,
)
from compare_ssgan.studies import export, restore
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.types import Codes, Problem, Samples

PROBLEM = Problem((20, 20, 1), num_classes=3, batch_size=8)
NUM, SEED = 5, 7
STANDING = Sampling(standing_statistics=16)
# Loads what the arguments name with nothing but TensorFlow and TF-Hub.
PROGRAM = """
import json, pathlib, sys
sys.modules["compare_ssgan"] = None
import numpy as np, tensorflow as tf, tensorflow_hub as hub
for name in sys.argv[1:]:
    directory = pathlib.Path(name)
    given = np.load(directory.with_suffix(".npz"))
    gan = hub.load(name)
    z = tf.constant(given["latents"])
    y = [tf.constant(given["labels"])] if "labels" in given else []
    found = {"images": gan.generate(z, *y)}
    about = json.loads((directory / "export.json").read_text())
    told = y if about["discriminator_takes_labels"] else []
    judged = gan.discriminate(found["images"], *told)
    found |= {name: judged[name] for name in ("logits", "features")}
    for group in ("blocks", "heads"):
        found |= {f"{group}_{name}": x for name, x in judged[group].items()}
    drawn = gan.sample(100, 7)
    found |= {f"drawn_{name}": x for name, x in drawn.items()}
    with tf.GradientTape() as tape:
        fake = gan.generate(z, *y, training=True)
        loss = tf.reduce_mean(gan.discriminate(fake, *told)["logits"])
    variables = [*gan.generator_variables, *gan.discriminator_variables]
    gradients = tape.gradient(loss, variables)
    found["generator_gradients"] = sum(
        g is not None and bool(tf.reduce_any(tf.convert_to_tensor(g) != 0))
        for g in gradients[:len(gan.generator_variables)])
    found["trainable"] = all(v.trainable for v in variables)
    np.savez(directory / "found.npz", **found)
"""


def game(**options):
    networks = {"backbone": tiny.Backbone, "generator": tiny.Generator}
    options = networks | {"loss": losses.hinge(), "latent_size": 6} | options
    return ModularGAN(PROBLEM, 0, **options)


GAMES = {
    "self_supervised": {
        "generator": functools.partial(dcgan.Generator, channels=4),
        "backbone": functools.partial(dcgan.Backbone, channels=4),
        "tasks": [tasks.Rotation],
        "generator_norm": SelfModulatedBatchNorm,
        "discriminator_spectral_norm": True,
    },
    "projection": {
        "conditional": True,
        "conditioning": Projection,
        "generator_norm": ConditionalBatchNorm,
        "generator_spectral_norm": True,
        "discriminator_spectral_norm": True,
    },
    "classification": {
        "conditional": True,
        "tasks": [tasks.Classification],
        "generator_norm": ConditionalBatchNorm,
        "latent_distribution": latents.uniform(),
    },
    "codes": {
        "codes": Codes((4,), 2),
        "tasks": [MutualInformation],
        "generator_norm": BatchNorm,
    },
}


def write_run(directory):
    directory.mkdir()
    run = {
        "run_id": "toy-ssgan-seed0-00000000", "dataset": "toy", "method": "ssgan",
        "family": "self-supervised", "seed": 0, "status": "complete",
        "image_shape": [20, 20, 1], "num_classes": 3, "batch_size": 8,
        "wall_seconds": 1.0,
    }  # fmt: skip
    (directory / "run.json").write_text(json.dumps(run))
    (directory / "config.gin").write_text("roots.run.seed = 0\n")
    rows = [{"step": s, "metric": "fid600_test_x", "value": 5.0 + s} for s in (3, 4)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (directory / "metrics.jsonl").write_text(text)
    return directory


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("trained") / "run")


def restored(name, monkeypatch, sampling):
    """Makes a game, whose weights are those of no beginning, what a run holds."""
    players = game(**GAMES[name])
    average = ExponentialMovingAverage(players.generator, 0.5, 0)
    rng = np.random.default_rng(1)
    for module in (average.generator, *players.discriminator_modules):
        for variable in module.variables:
            noise = rng.normal(size=variable.shape) * 0.1
            variable.assign_add(noise.astype(np.float32))
    for statistics in moving_statistics(average.generator):
        statistics.variance.assign(statistics.variance + 1.0)
    sampler = Sampler(players, average.generator)
    found = restore.Restored(players, sampler, 4, sampling)
    monkeypatch.setattr(restore, "load_game", lambda run_dir, step: found)
    return found


def expected(found):
    """Returns what the suite itself makes of the same latents."""
    rng = tf.random.Generator.from_seed(SEED)
    with found.sampler.drawing(found.sampling) as draw:
        drawn = draw(100, rng)
    labels = None if drawn.labels is None else drawn.labels[:NUM]
    judged = found.game.judge(Samples(drawn.images[:NUM], labels))
    values = {"images": drawn.images[:NUM], "latents": drawn.latents[:NUM]}
    values |= {"logits": judged.logits, "features": judged.features}
    values |= {f"blocks_{name}": block for name, block in judged.blocks.items()}
    values |= {
        f"heads_{k}": head(judged.features) for k, head in found.game.heads.items()
    }
    values |= {"drawn_images": drawn.images, "drawn_latents": drawn.latents}
    if labels is not None:
        values |= {"labels": labels, "drawn_labels": drawn.labels}
    return {name: np.asarray(value) for name, value in values.items()}


@pytest.fixture(scope="module")
def loaded(trained, tmp_path_factory):
    """Exports every game; one process without this package loads them all."""
    directory = tmp_path_factory.mktemp("exports")
    values = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in GAMES:
            sampling = STANDING if name == "self_supervised" else Sampling()
            found = restored(name, monkeypatch, sampling)
            export.export(trained, directory / name)
            values[name] = expected(found)
            np.savez(directory / f"{name}.npz", **values[name])
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, *(str(directory / n) for n in GAMES)],
        capture_output=True,
        text=True,
        cwd=directory,
    )
    assert done.returncode == 0, done.stderr
    return directory, values


@pytest.mark.parametrize("name", GAMES)
def test_a_process_without_the_package_gets_the_same(loaded, name):
    directory, values = loaded
    with np.load(directory / name / "found.npz") as found:
        for key, value in values[name].items():
            if key in ("latents", "labels"):
                continue
            np.testing.assert_allclose(found[key], value, atol=1e-6, err_msg=key)
        heads = {key for key in found if key.startswith("heads_")}
    assert heads == {key for key in values[name] if key.startswith("heads_")}


@pytest.mark.parametrize("name", GAMES)
def test_what_is_exported_can_be_trained(loaded, name):
    directory, _ = loaded
    with np.load(directory / name / "found.npz") as found:
        assert found["trainable"]
        assert found["generator_gradients"] >= 4


def test_an_export_says_where_it_comes_from(loaded):
    directory, _ = loaded
    about = json.loads((directory / "projection" / "export.json").read_text())
    assert about["run_id"] == "toy-ssgan-seed0-00000000"
    assert (about["step"], about["metrics"]) == (4, {"fid600_test_x": 9.0})
    assert (about["latent_size"], about["num_classes"]) == (6, 3)
    assert about["averaged"]
    assert about["discriminator_takes_labels"]
    about = json.loads((directory / "classification" / "export.json").read_text())
    assert not about["discriminator_takes_labels"]
    assert about["heads"] == ["classification"]
    about = json.loads((directory / "self_supervised" / "export.json").read_text())
    assert about["standing_statistics"] == 16
    text = (directory / "projection" / "README.md").read_text()
    assert "tf.random.normal([16, 6]), tf.one_hot([0] * 16, 3)" in text
    assert (directory / "projection" / "config.gin").exists()


def test_a_directory_with_something_in_it_is_refused(trained, tmp_path):
    (tmp_path / "file").touch()
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match=r"--to: .* is not empty"):
            export.export(trained, taken)


def test_a_failure_leaves_nothing_behind(trained, tmp_path, monkeypatch):
    restored("codes", monkeypatch, Sampling())

    def fail(*arguments):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(InputError, match=r"--to: cannot write .*Permission denied"):
        export.export(trained, tmp_path / "new")
    assert [*tmp_path.iterdir()] == []


def test_what_is_no_run_is_not_exported(tmp_path, command):
    code, _, err = command("export", tmp_path, "--to", tmp_path / "new")
    assert code == 2
    assert "is not the directory of a run" in err
    assert not pathlib.Path(tmp_path / "new").exists()
