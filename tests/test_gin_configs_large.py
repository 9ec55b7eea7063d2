"""The gin files of BigGAN, BigGAN-deep and SAGAN: the settings of their papers.

Networks of this size are built in tests/architectures; here the configuration is read.
"""

import pytest

from compare_ssgan import config
from compare_ssgan.studies import spec

METHODS = ["biggan", "biggan_deep", "sagan"]
ENDS = ("Generator", "Backbone")
# Steps, batch, D steps, z, rates of G and D, second decay, width of G.
PUBLISHED = {
    "biggan": (250_000, 2048, 2, 120, 5e-05, 2e-4, 0.999, 96),
    "biggan_deep": (250_000, 2048, 2, 128, 5e-05, 2e-4, 0.999, 128),
    "sagan": (1_000_000, 256, 1, 128, 1e-4, 4e-4, 0.9, 64),
}


def lines(method, dataset, budget):
    request = spec.RunRequest(
        gin_files=(f"gin_configs/{method}.gin",), dataset=dataset, budget=budget, seed=0
    )
    loaded = spec.load(request)
    assert loaded.family == "conditional"
    return set(config.canonical())


@pytest.mark.parametrize("method", METHODS)
def test_a_paper_file_for_imagenet_is_the_published_setting(method):
    steps, batch, d_steps, z, g_rate, d_rate, beta_2, channels = PUBLISHED[method]
    network = method.replace("biggan", "resnet_biggan")
    found = lines(method, "imagenet_128", "paper")
    assert found >= {
        f"roots.run.steps = {steps}",
        f"roots.run.batch_size = {batch}",
        f"roots.run.discriminator_steps = {d_steps}",
        "roots.evaluate.num_samples = 50000",
        f"gans.ModularGAN.generator = @{network}.Generator",
        f"gans.ModularGAN.backbone = @{network}.Backbone",
        "gans.ModularGAN.generator_spectral_norm = True",
        "gans.ModularGAN.discriminator_spectral_norm = True",
        f"generator/optimizers.adam.learning_rate = {g_rate}",
        f"optimizers.adam.learning_rate = {d_rate}",
        "optimizers.adam.beta_1 = 0.0",
    }
    assert config.query("%LATENT_SIZE") == z
    # What is a component's own default is left out: 0.999, and the width of a network.
    decays = {line for line in found if ".beta_2 = " in line}
    assert decays == (
        {f"optimizers.adam.beta_2 = {beta_2}"} if beta_2 < 0.999 else set()
    )
    widths = {line for line in found if ".channels = " in line and network in line}
    assert widths <= {f"{network}.{end}.channels = {channels}" for end in ENDS}
    if "biggan" in method:
        assert "roots.run.ema_decay = 0.9999" in found
        assert "norms.ConditionalBatchNorm.epsilon = 0.0001" in found
        assert "norms.BatchNorm.epsilon = 0.0001" in found
        assert f"{network}.Generator.final_norm = @norms.BatchNorm" in found


def test_the_paper_file_for_cifar10_is_the_script_of_biggans_authors():
    assert lines("biggan", "cifar10", "paper") >= {
        "roots.run.steps = 125000",
        "roots.run.batch_size = 50",
        "roots.run.discriminator_steps = 4",
        "roots.run.ema_decay = 0.9999",
        "roots.run.ema_start_step = 1000",
        "optimizers.adam.learning_rate = 0.0002",
        "resnet_biggan.Generator.channels = 64",
        "resnet_biggan.Generator.attention = None",
        "resnet_biggan.Generator.hierarchical_z = False",
        "resnet_biggan.Generator.embed_y = False",
        "resnet_biggan.Backbone.channels = 128",
        "resnet_biggan.Backbone.attention = None",
    }
    assert config.query("%LATENT_SIZE") == 128
