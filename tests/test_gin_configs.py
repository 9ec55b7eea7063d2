"""Every gin file of the suite: it loads, it trains, it leaves nothing unread."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from compare_ssgan import cache, config
from compare_ssgan.datasets import base
from compare_ssgan.datasets.pairs import PairedDataset
from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features import domain_classifier
from compare_ssgan.studies import experiment, plan, provenance, spec

CONFIGS = config.shipped_directory()
METHODS = sorted(path.stem for path in CONFIGS.glob("*.gin") if path.stem != "base")
# Files of pairs name no networks: those are the image-to-image methods'.
DATASETS, PAIRED = (
    sorted(
        path.stem
        for path in CONFIGS.glob("datasets/*.gin")
        if ("GENERATOR" in path.read_text()) == single
    )
    for single in (True, False)
)
# Data sets of one's own files.
OWN = ("arrays", "folder", "tfrecords")
# Data sets whose networks others have, or tests/architectures builds at this size.
LIKE_OTHERS = {
    "celeb_a_128",
    "celeb_a_hq_128",
    "cifar100",
    "fashion_mnist",
    "imagenet_512",
    "imagenet_64",
    "imagenet_resized_32",
    "imagenet_resized_64",
    "lsun_bedroom_128",
    "stl10_48",
    "stl10_96",
    "svhn",
}
STUDIES = sorted(CONFIGS.glob("studies/*.gin"))
# Methods with networks or data of their own; others test their settings.
ELSEWHERE = {
    "biggan": "imagenet_128",
    "biggan_deep": "imagenet_128",
    "infogan": "mnist",
    "sagan": "imagenet_128",
}
PAIRS = sorted(
    (path.parent.name, path.stem)
    for path in CONFIGS.glob("paper/cifar10/*.gin")
    if path.stem not in ELSEWHERE
)
# Where a method differs from SS-GAN's setting or counts; reference: compare_gan's
# counts, Table 1 of arXiv 1811.11212 and the papers named in the files.
PUBLISHED = {"gan": (40_000, 5, 0.5, 0.999), "wgan_gp": (100_000, 5, 0.0, 0.9)}
GENERATORS = {
    "sbn_gan": 5_993_187,
    "sbn_ssgan": 5_993_187,
    "cond_gan": 5_881_859,
    "acgan": 5_881_859,
}
# Projection adds an embedding of 10 classes in 128 features.
DISCRIMINATORS = {"cond_gan": 1_483_137 + 1_280}
# Parameters above which networks are built and not run.
RUN_BELOW = 10_000_000
NARROW = (
    "resnet_cifar.Generator.channels = 4",
    "resnet_cifar.Backbone.channels = 4",
    "BATCH_SIZE = 8",
)
# Methods that bring their networks, so that those of the data set are not built.
NETWORKS = {
    "biggan": "resnet_biggan",
    "biggan_deep": "resnet_biggan_deep",
    "sagan": "sagan",
}


@pytest.fixture(scope="session")
def files(prepared):
    """The files of datasets in the real formats, small."""
    _write_own_images(prepared)
    return prepared


@pytest.fixture(autouse=True)
def data(files):
    """What --data_dir names."""
    base.set_data_directory(files)
    yield
    base.set_data_directory(None)


def _write_own_images(directory):
    """Images of 64x64 as a folder, an archive and a TFRecord file."""
    arrays = _arrays((64, 64, 3), 72)
    np.savez(directory / "images.npz", **arrays)
    (directory / "images").mkdir()
    with tf.io.TFRecordWriter(str(directory / "images" / "all.tfrecord")) as writer:
        for index, image in enumerate(arrays["x_train"]):
            content = tf.io.encode_png(image, compression=0).numpy()
            (directory / "images" / f"{index}.png").write_bytes(content)
            values = tf.train.BytesList(value=[content])
            features = tf.train.Features(feature={"image": {"bytes_list": values}})
            writer.write(tf.train.Example(features=features).SerializeToString())


def _arrays(shape, number):
    rng = np.random.default_rng(0)
    arrays = {}
    for split in ("train", "test"):
        arrays[f"x_{split}"] = rng.integers(0, 256, (number, *shape), np.uint8)
        arrays[f"y_{split}"] = rng.integers(0, 10, number)
    return arrays


def request(method, dataset="digits", budget="short", settings=()):
    return spec.RunRequest(
        gin_files=(f"gin_configs/{method}.gin",),
        dataset=dataset,
        budget=budget,
        seed=0,
        settings=tuple(settings),
    )


def build(request):
    loaded = spec.load(request)
    with config.construction():
        return loaded, experiment.run()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_trains_two_steps_and_leaves_no_binding_unread(method):
    network = NETWORKS.get(method, "resnet_cifar")
    settings = [line.replace("resnet_cifar", network) for line in NARROW]
    if method in NETWORKS:  # Tracing them takes a while.
        settings.append("DISCRIMINATOR_STEPS = 1")
    if network == "sagan":  # Attention needs 8 channels.
        settings = [line.replace("= 4", "= 8") for line in settings]
    loaded, built = build(request(method, settings=settings))
    batches = built.dataset.train.training_batches(8, seed=0)
    for _ in range(2):
        terms = built.train_step(
            [next(batches) for _ in range(built.discriminator_steps)]
        )
    for name, term in terms.items():
        assert np.isfinite(term), name
    assert int(built.game.generator_steps) == 2
    assert loaded.family in ("unconditional", "conditional", "self-supervised")
    assert (loaded.family == "conditional") == (built.game.num_classes > 0)
    # The evaluation, which this test does not run, reads the rest.
    unread = [line for line in config.unread_bindings(include_shipped=True)]
    if method in NETWORKS:
        unread = [line for line in unread if "resnet_cifar" not in line]
    assert [u for u in unread if "evaluate" not in u and "EVAL_SAMPLES" not in u] == []


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dataset_file_describes_its_dataset(dataset):
    found = spec.load_dataset(dataset)
    assert found.train.num_examples >= found.test.num_examples > 0
    if found.get is None:  # Neither complete nor named as a whole set is.
        return
    base.set_data_directory(None)
    whole = spec.load_dataset(dataset)
    assert whole[1:3] == found[1:3]
    assert int(config.query("%EVAL_SAMPLES")) <= whole.test.num_examples
    # The same set with other networks.
    name = dataset.removesuffix("_narrow")
    assert (whole.name, found.name) == (name, f"{name}_subset")


@pytest.mark.parametrize(
    "dataset",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in LIKE_OTHERS else [])
        for name in DATASETS
    ],
)
def test_a_dataset_file_builds_networks_that_fit(dataset):
    settings = ["BATCH_SIZE = 8"]
    if dataset in OWN:
        players = ("Generator", "Backbone")
        settings += [f"sndcgan.{player}.channels = 8" for player in players]
    _, built = build(request("sbn_ssgan", dataset, settings=settings))
    batch = next(built.dataset.train.training_batches(8, seed=0))
    assert tuple(batch.images.shape[1:]) == built.problem.image_shape
    counts = provenance.networks(built.game)
    if counts["generator"]["parameters"] > RUN_BELOW:
        return
    sample = built.game.sample(1, built.game.rng)
    assert sample.images.shape[1:] == built.problem.image_shape


@pytest.mark.parametrize("dataset", PAIRED)
def test_a_dataset_file_of_pairs_is_read_but_no_method_trains_on_it(dataset):
    pairs = spec.load_dataset(dataset)
    assert isinstance(pairs, PairedDataset)
    assert pairs.name.startswith(dataset)
    # One method finds no networks, the other brings them.
    for method in ("gan", "biggan"):
        with pytest.raises(InputError, match=f"{pairs.name} has pairs .*DATASET"):
            build(request(method, dataset))


@pytest.mark.parametrize(("dataset", "method"), PAIRS)
def test_a_paper_file_is_the_published_setting(dataset, method):
    _, built = build(request(method, dataset, "paper"))
    lines = config.canonical()
    assert "roots.evaluate.num_samples = 10000" in lines
    assert "roots.evaluate.features = @features.inception()" in lines
    assert built.batch_size == 64
    counts = provenance.networks(built.game)
    assert counts["generator"]["parameters"] == GENERATORS.get(method, 5_849_603)
    assert counts["discriminator"]["parameters"] == DISCRIMINATORS.get(
        method, 1_483_137
    )
    steps, discriminator_steps, beta_1, beta_2 = PUBLISHED.get(
        method, (100_000, 2, 0.0, 0.9)
    )
    assert built.schedule.steps == steps
    assert built.discriminator_steps == discriminator_steps
    optimizer = built.parts["generator_optimizer"]
    assert float(optimizer.learning_rate) == pytest.approx(2e-4)
    assert (optimizer.beta_1, optimizer.beta_2) == (beta_1, beta_2)
    assert optimizer.epsilon == 1e-8
    assert built.ema is None
    unread = config.unread_bindings(include_shipped=True)
    assert [u for u in unread if "evaluate" not in u and "EVAL_SAMPLES" not in u] == []


def test_published_settings_without_the_weights_of_inception_say_how_to_get_them(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    spec.load(request("sn_gan", "cifar10", "paper"))
    with pytest.raises(InputError, match="compare_ssgan weights get"):
        experiment.build()


def test_every_method_has_its_paper_file_for_cifar10_or_elsewhere():
    for method in METHODS:
        dataset = ELSEWHERE.get(method, "cifar10")
        assert (CONFIGS / "paper" / dataset / f"{method}.gin").is_file(), method


def test_the_paper_file_of_infogan_is_the_published_setting():
    spec.load(request("infogan", "mnist", "paper"))
    lines = set(config.canonical())
    assert lines >= {
        "roots.run.steps = 5000",
        "roots.run.batch_size = 128",
        "roots.run.discriminator_steps = 1",
        "gans.ModularGAN.latent_size = 62",
        "gans.ModularGAN.generator = @infogan.Generator",
        "tasks.MutualInformation.hidden_size = 128",
        "tasks.MutualInformation.continuous_weight = 1.0",
        "optimizers.adam.learning_rate = 0.0002",
        "generator/optimizers.adam.learning_rate = 0.001",
    }


# On other data sets: steps, D steps, rate, both decays, latents and loss. Reference:
# compare_gan's examples, Table 2 of arXiv 1807.04720, Sec. 4.2 of arXiv 1802.05957.
OTHERS = {
    ("celeb_a_64", "gan"): (100_000, 1, 2e-4, 0.5, 0.999, "dcgan", "non_saturating"),
    ("celeb_a_hq_128", "sn_gan"): (
        100_000, 1, 2e-4, 0.5, 0.9, "sndcgan", "non_saturating",
    ),
    ("lsun_bedroom_128", "wgan_gp"): (
        40_000, 5, 1e-4, 0.5, 0.9, "resnet5", "wasserstein",
    ),
    ("stl10_48", "sn_gan"): (100_000, 5, 2e-4, 0.0, 0.9, "resnet_stl", "hinge"),
}  # fmt: skip


def test_the_settings_of_every_paper_file_are_tested():
    found = {(path.parent.name, path.stem) for path in CONFIGS.glob("paper/*/*.gin")}
    elsewhere = {(dataset, method) for method, dataset in ELSEWHERE.items()}
    assert found - set(PAIRS) - set(OTHERS) - elsewhere <= {("cifar10", "biggan")}


@pytest.mark.parametrize(("dataset", "method"), OTHERS)
def test_a_paper_file_of_another_data_set_is_the_published_setting(dataset, method):
    steps, d_steps, rate, beta_1, beta_2, network, loss = OTHERS[dataset, method]
    spec.load(request(method, dataset, "paper"))
    lines = set(config.canonical())
    assert lines >= {
        f"roots.run.steps = {steps}",
        f"roots.run.discriminator_steps = {d_steps}",
        "roots.run.batch_size = 64",
        f"optimizers.adam.learning_rate = {rate}",
        f"gans.ModularGAN.generator = @{network}.Generator",
        f"gans.ModularGAN.backbone = @{network}.Backbone",
        f"gans.ModularGAN.loss = @losses.{loss}()",
    }
    assert config.query("%LATENT_SIZE") == 128
    assert config.query("optimizers.adam.beta_1") == beta_1
    assert config.query("optimizers.adam.beta_2") == beta_2
    base.set_data_directory(None)
    evaluated = config.query("%EVAL_SAMPLES")
    assert evaluated <= spec.load_dataset(dataset).test.num_examples
    uniform = "gans.ModularGAN.latent_distribution = @latents.uniform()"
    assert (uniform in lines) == (dataset != "stl10_48")


@pytest.fixture
def trained_classifier():
    """Stands for what `tools/train_features.py` makes of a part of CIFAR-10."""
    sizes = {"convolution1": [3, 3, 3, 2], "features": [512, 4], "logits": [4, 10]}
    biases = {f"{name}_bias": [size[-1]] for name, size in sizes.items()}
    weights = {
        name: np.zeros(size, np.float32) for name, size in (sizes | biases).items()
    }
    name = domain_classifier.file_name("cifar10_subset", weights)
    path = domain_classifier.directory() / name
    domain_classifier.store(path, weights, {"image_shape": (32, 32, 3)})


@pytest.mark.usefixtures("trained_classifier")
@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_a_study_plans_every_run_once(study):
    # The sets at hand are small.
    overrides = plan.Overrides(settings=("BATCH_SIZE = 4", "EVAL_SAMPLES = 4"))
    planned = plan.plan(str(study), overrides=overrides).requests
    ids = [each.run_id for each in planned]
    assert len(set(ids)) == len(ids) > 0
    # Seeds are outermost: an interrupted study compares all methods on some seeds.
    seeds = [each.seed for each in planned]
    assert seeds == sorted(seeds)


@pytest.mark.parametrize(
    "path", sorted(CONFIGS.glob("*.gin")), ids=lambda path: path.stem
)
def test_a_method_file_includes_base_only_and_tells_its_source(path):
    text = path.read_text()
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 60
    if path.stem != "base":
        assert "arxiv.org" in text.split("include")[0]
        assert text.count("include '") == 1
        assert "include 'gin_configs/base.gin'" in text
        assert "datasets." not in text
        assert "DATASET" not in text


def test_the_readme_names_every_method_network_and_dataset():
    text = pathlib.Path(__file__).parents[1].joinpath("README.md").read_text()
    rows = [line.split("|")[1].strip() for line in text.splitlines() if "|" in line]
    spec.import_roots()
    networks = {
        name.split(".")[0]
        for name, component in config.registered().items()
        if component.__module__.startswith("compare_ssgan.architectures.")
    }
    assert [f"`{name}`" for name in METHODS if f"`{name}`" not in rows] == []
    assert [f"`{name}`" for name in networks if f"`{name}`" not in rows] == []
    datasets = {name for row in rows for name in row.replace("`", "").split(", ")}
    assert [name for name in (*DATASETS, *PAIRED) if name not in datasets] == []


def test_files_are_found_from_another_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config.find_file("gin_configs/base.gin") == CONFIGS / "base.gin"
    assert pathlib.Path.cwd() == tmp_path
