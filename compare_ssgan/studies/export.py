"""A trained run as a SavedModel, for programs that do not have this package."""

import contextlib
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

import compare_ssgan
from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.studies import files, provenance, restore
from compare_ssgan.studies.record import Record
from compare_ssgan.studies.restore import Truncation
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import ImageGame, Samples, Verdict

METADATA = "export.json"
README = "README.md"
CONFIG = "config.gin"
_README = """\
# {run_id}, generator step {step}

A GAN of the method {method} ({family}), trained on {dataset}, written by
compare_ssgan {package_version}; {metadata} says where it comes from and config.gin how
it was trained.

    import tensorflow as tf, tensorflow_hub as hub
    gan = hub.load("{name}")

    images = gan.generate({latents})
    judged = gan.discriminate({images})
    drawn = gan.sample(16, 0)

* `generate`: latents [batch, {latent_size}] {conditions}to images
  [batch, {height}, {width}, {channels}] float32 in [0, 1]. Latents are drawn from
  {latent_distribution}. With `training=True` batch normalization uses the statistics of
  the batch and updates its moving averages.
* `discriminate`: images in [0, 1] {judged}to `logits` (realness, the higher the more
  real), `features`, `blocks` by name, and `heads` by name: {heads}.
* `sample`: a number and a seed to `images`, `latents`{and_labels}; as one batch of the
  command `compare_ssgan sample`, which draws batches of 100.

`generator_variables` and `discriminator_variables` can be trained further.
"""


class _Exported(tf.Module):
    """What is saved: functions, and the variables they use."""

    def __init__(self, game: ImageGame, sampler: Sampler, sampling: Sampling) -> None:
        """Collects the networks.

        Args:
            game: The players.
            sampler: Has the generator, a moving average where one is kept.
            sampling: How `sample` draws.
        """
        super().__init__("gan")
        self._networks = [sampler.generator, *game.discriminator_modules]
        self._rng = tf.random.Generator.from_seed(0)
        self.generator_variables = list(sampler.generator.trainable_variables)
        self.discriminator_variables = [
            variable
            for module in game.discriminator_modules
            for variable in module.trainable_variables
        ]
        self.generate = _generate(game, sampler.generator)
        self.discriminate = _discriminate(game)
        self.sample = self._sample(game, sampler, sampling.truncation)

    def _sample(
        self, game: ImageGame, sampler: Sampler, truncation: float | None
    ) -> Any:
        @tf.function(
            autograph=False,
            input_signature=[
                tf.TensorSpec([], tf.int32, "num"),
                tf.TensorSpec([], tf.int64, "seed"),
            ],
        )
        def sample(num: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
            # The state of tf.random.Generator.from_seed(seed).
            self._rng.reset(tf.stack([seed, 0, 0]))
            samples = game.sample(
                num, self._rng, generator=sampler.generator, truncation=truncation
            )
            found = {"images": samples.images, "latents": samples.latents}
            if samples.labels is not None:
                found["labels"] = samples.labels
            return found

        return sample


class _Facts(NamedTuple):
    """What functions take, for the text beside them."""

    latent_size: int
    num_classes: int
    judges_labels: bool
    heads: tuple[str, ...]


def export(
    run_dir: pathlib.Path,
    to: pathlib.Path,
    *,
    step: int | None = None,
    truncation: Truncation = "run",
) -> pathlib.Path:
    """Writes the players of a run as a SavedModel.

    The generator is the moving average where the run keeps one, with standing
    statistics where its evaluations use them. `tensorflow_hub.load` of the directory
    has the functions generate(latents[, labels], training=False),
    discriminate(images[, labels]) and sample(num, seed), for any number of examples;
    labels are one-hot. Beside it lie export.json, README.md and config.gin.

    Args:
        run_dir: The run's directory.
        to: A directory that is empty or does not exist.
        step: Generator step of the checkpoint; None for the last.
        truncation: Of the latents that the function `sample` draws; see
            `images.save_grid`.

    Returns:
        The directory.

    Raises:
        InputError: If there is something in the directory, it cannot be written, there
            is no such checkpoint, or the latents cannot be truncated.
        CommandError: If no checkpoint can be read, or the disk is full.
    """
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise InputError(f"--to: {to} is not empty. Choose another directory.")
    restored = restore.load_game(run_dir, step)
    sampling = restored.truncated(truncation)
    facts = _facts(restored.game)
    metadata = _metadata(Record(run_dir), restored, sampling, facts)
    with _writing(to) as partial, restored.sampler.drawing(sampling):
        exported = _Exported(restored.game, restored.sampler, sampling)
        tf.saved_model.save(exported, str(partial), _signatures(exported, facts))
        files.write_json(partial / METADATA, metadata)
        text = _readme(to.absolute().name, metadata, facts)
        (partial / README).write_text(text, encoding="utf-8")
        shutil.copyfile(Record(run_dir).read_config(), partial / CONFIG)
    return to


def _generate(game: ImageGame, generator: Any) -> Any:
    latents = tf.TensorSpec([None, _latent_size(game)], tf.float32, "latents")
    labels = tf.TensorSpec([None, game.num_classes], tf.float32, "labels")
    shape = game.problem.image_shape

    def run(z: tf.Tensor, y: tf.Tensor | None, training: bool) -> tf.Tensor:
        return tf.ensure_shape(generator(z, y, training), [None, *shape])

    if game.num_classes:

        @tf.function(autograph=False)
        def generate(
            latents: tf.Tensor, labels: tf.Tensor, training: bool = False
        ) -> tf.Tensor:
            return run(latents, labels, training)

        specs = [latents, labels]
    else:

        @tf.function(autograph=False)
        def generate(latents: tf.Tensor, training: bool = False) -> tf.Tensor:
            return run(latents, None, training)

        specs = [latents]
    # What was traced is what is saved.
    for training in (False, True):
        generate.get_concrete_function(*specs, training=training)
    return generate


def _discriminate(game: ImageGame) -> Any:
    images = tf.TensorSpec([None, *game.problem.image_shape], tf.float32, "images")
    labels = tf.TensorSpec([None, game.num_classes], tf.float32, "labels")

    def judge(samples: Samples) -> dict[str, Any]:
        verdict: Verdict = game.judge(samples)
        return {
            "logits": verdict.logits,
            "features": verdict.features,
            "blocks": dict(verdict.blocks),
            "heads": {
                name: head(verdict.features) for name, head in game.heads.items()
            },
        }

    if _judges_labels(game):
        return tf.function(
            lambda images, labels: judge(Samples(images, labels)),
            input_signature=[images, labels],
            autograph=False,
        )
    return tf.function(
        lambda images: judge(Samples(images)),
        input_signature=[images],
        autograph=False,
    )


def _signatures(exported: _Exported, facts: _Facts) -> dict[str, Any]:
    """Returns flat forms of the functions, for what serves models."""
    latents = tf.TensorSpec([None, facts.latent_size], tf.float32, "latents")
    labels = tf.TensorSpec([None, facts.num_classes], tf.float32, "labels")
    specs = [latents, labels] if facts.num_classes else [latents]

    @tf.function(autograph=False)
    def generate(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": exported.generate(*inputs, training=False)}

    @tf.function(autograph=False)
    def discriminate(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        found = exported.discriminate(*inputs)
        flat = {"logits": found["logits"], "features": found["features"]}
        for group in ("blocks", "heads"):
            for name, value in found[group].items():
                flat[f"{group}_{name}"] = value
        return flat

    generating = generate.get_concrete_function(*specs)
    return {
        "serving_default": generating,
        "generate": generating,
        "discriminate": discriminate.get_concrete_function(
            *exported.discriminate.input_signature
        ),
    }


def _latent_size(game: ImageGame) -> int:
    rng = tf.random.Generator.from_seed(0)
    # Latents are all that is wanted, so that the network is left out.
    drawn = game.sample(1, rng, generator=lambda latents, *_: latents)
    return int(drawn.images.shape[1])


def _judges_labels(game: Any) -> bool:
    """Whether the verdict depends on labels; that of an AC-GAN does not."""
    player = game.discriminator
    told = player.conditioning is not None or player.concatenate_labels
    return bool(game.num_classes and told)


def _facts(game: ImageGame) -> _Facts:
    return _Facts(
        _latent_size(game), game.num_classes, _judges_labels(game), tuple(game.heads)
    )


def _metadata(
    record: Record, restored: restore.Restored, sampling: Sampling, facts: _Facts
) -> dict[str, Any]:
    run = record.read()
    kept = ("run_id", "study", "dataset", "method", "family", "seed", "image_shape")
    measured = [row for row in record.measurements() if row["step"] == restored.step]
    return {
        **{name: run.get(name) for name in kept},
        "step": restored.step,
        "averaged": restored.sampler.generator is not restored.game.generator,
        "num_classes": facts.num_classes,
        "discriminator_takes_labels": facts.judges_labels,
        "heads": list(facts.heads),
        "latent_size": facts.latent_size,
        "latent_distribution": config.query(
            "gans.ModularGAN.latent_distribution", "@latents.normal()"
        ),
        "codes": config.query("gans.ModularGAN.codes", None),
        "truncation": sampling.truncation,
        "standing_statistics": sampling.standing_statistics,
        "metrics": {row["metric"]: row["value"] for row in measured},
        "trained_with": run.get("versions"),
        "git_commit": run.get("git_commit"),
        "exported_with": provenance.versions(),
        "package_version": compare_ssgan.__version__,
    }


def _readme(name: str, metadata: Mapping[str, Any], facts: _Facts) -> str:
    height, width, channels = metadata["image_shape"]
    latents = f"tf.random.normal([16, {facts.latent_size}])"
    labels = f"tf.one_hot([0] * 16, {facts.num_classes})"
    heads = ", ".join(facts.heads) or "(none)"
    with_codes = f" and {metadata['codes']}" if metadata["codes"] else ""
    return _README.format(
        **{key: metadata[key] for key in ("run_id", "step", "method", "family")},
        dataset=metadata["dataset"],
        package_version=metadata["package_version"],
        metadata=METADATA,
        name=name,
        latents=f"{latents}, {labels}" if facts.num_classes else latents,
        images=f"images, {labels}" if facts.judges_labels else "images",
        latent_size=facts.latent_size,
        conditions=f"and one-hot labels [batch, {facts.num_classes}] "
        if facts.num_classes
        else "",
        judged="and one-hot labels " if facts.judges_labels else "",
        and_labels=" and `labels`" if facts.num_classes else "",
        latent_distribution=f"{metadata['latent_distribution']}{with_codes}",
        height=height,
        width=width,
        channels=channels,
        heads=heads,
    )


@contextlib.contextmanager
def _writing(to: pathlib.Path) -> Iterator[pathlib.Path]:
    """Returns a context with a directory that becomes `to` if all goes well."""
    try:
        with files.whole_directory(to, "--to") as partial:
            yield partial
    except (OSError, tf.errors.OpError) as error:
        if files.is_disk_full(error):
            raise files.disk_full(to) from error
        raise InputError(f"--to: cannot write {to}: {error}.") from error
