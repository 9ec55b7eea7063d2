import numpy as np
import pytest
import tensorflow as tf
import tiny
from scipy import optimize, special, stats

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.evaluate import names_of
from compare_ssgan.evaluation.metric import Evidence, ImageSet
from compare_ssgan.evaluation.metrics.gilbo import Posterior, gilbo, lower_bound
from compare_ssgan.evaluation.sampling import Sampling
from compare_ssgan.gans import latents
from compare_ssgan.studies.sampler import Sampler
from compare_ssgan.types import Codes, Factor, Samples

SHAPE = (2, 2, 1)
BUDGET = {
    "num_steps": 200,
    "batch_size": 128,
    "learning_rate": 2e-3,
    "num_samples": 4096,
    "seed": 0,
}


def bound(generate, factors, **options):
    """Returns the bound of what maps (latents, noise) to [batch] brightnesses."""
    (factor,) = factors

    @tf.function(autograph=False)
    def draw(num, rng):
        if factor.family == "normal":
            z = rng.normal([num, factor.size], stddev=factor.stddev)
        elif factor.family == "uniform":
            z = rng.uniform([num, factor.size], factor.low, factor.high)
        else:
            drawn = rng.uniform([num], 0, factor.size, tf.int32)
            z = tf.one_hot(drawn, factor.size)
        brightness = generate(z, rng.normal([num]))
        images = brightness[:, None, None, None] * tf.ones([1, *SHAPE])
        return Samples(images, None, z)

    rng = tf.random.Generator.from_seed(0)
    return lower_bound(draw, rng, factors, SHAPE, **(BUDGET | options))


def test_of_a_noisy_linear_generator_it_is_the_information_of_the_channel():
    # Gaussian channel: x = z + 0.5 e has 1/2 log(1 + 1 / 0.25) nats, of which the
    # optimal posterior is normal.
    factors = [Factor("normal", 1, stddev=2.0)]
    found = bound(lambda z, noise: z[:, 0] / 2.0 + 0.5 * noise, factors)
    assert found == pytest.approx(0.5 * np.log(5), abs=0.06)


def test_of_a_uniform_latent_it_is_that_of_the_best_beta_density():
    # The image tells in which half the latent lies, say U(1/2, 1): the means of log u
    # and log(1 - u).
    log_u, log_rest = np.log(2) - 1, -np.log(2) - 1

    def loss(logarithms):
        alpha, beta = np.exp(logarithms)
        information = (alpha - 1) * log_u + (beta - 1) * log_rest
        return special.betaln(alpha, beta) - information

    best = optimize.minimize(loss, [0, 0], method="Nelder-Mead")
    factors = [Factor("uniform", 1, low=-1.0, high=3.0)]
    found = bound(
        lambda z, noise: tf.sign(z[:, 0] - 1),
        factors,
        num_steps=400,
        learning_rate=1e-2,
    )
    assert -best.fun < np.log(2)
    assert found == pytest.approx(-best.fun, abs=0.03)


def test_of_a_category_that_shows_it_is_the_entropy():
    factors = [Factor("categorical", 3)]
    found = bound(lambda z, noise: tf.linalg.matvec(z, [0.0, 0.5, 1.0]), factors)
    assert found == pytest.approx(np.log(3), abs=0.02)


@pytest.mark.parametrize("family", ["normal", "uniform", "categorical"])
def test_of_latents_that_are_ignored_it_is_about_zero(family):
    found = bound(lambda z, noise: noise, [Factor(family, 3)], num_steps=20)
    assert -0.1 < found < 0.01


@pytest.mark.parametrize(
    ("factor", "value"),
    [
        (Factor("normal", 2, stddev=3.0), [[1.0, -4.0]]),
        (Factor("categorical", 2), [[0.0, 1.0]]),
        (Factor("uniform", 2), [[0.3, -0.9]]),
    ],
)
def test_untrained_it_takes_the_posterior_for_the_prior(factor, value):
    posterior = Posterior(SHAPE, [factor], seed=0)
    found = posterior.information(tf.ones([1, *SHAPE]), tf.constant(value))
    # Betas begin as Beta(1.007, 1.007).
    atol = 0.02 if factor.family == "uniform" else 1e-5
    np.testing.assert_allclose(found, [0.0], atol=atol)


def test_densities_are_those_of_scipy():
    factors = [Factor("normal", 1, stddev=2.0), Factor("uniform", 1, low=0.0, high=4.0)]
    posterior = Posterior(SHAPE, factors, seed=0)
    posterior.output.bias.assign([0.7, -0.4, 3.0, 6.0])
    found = posterior.information(tf.ones([1, *SHAPE]), tf.constant([[1.5, 3.0]]))
    deviation = np.logaddexp(0, -0.4 + np.log(np.e - 1)) * 2
    alpha, beta = (1 + np.logaddexp(0, raw - 5) for raw in (3, 6))
    expected = stats.norm(1.4, deviation).logpdf(1.5) - stats.norm(0, 2).logpdf(1.5)
    expected += stats.beta(alpha, beta, 0, 4).logpdf(3) - np.log(1 / 4)
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


def measured(sampler, seed=0, sampling=None, **options):
    metric = gilbo(**({"num_steps": 5, "num_samples": 100} | options))
    evidence = Evidence(ImageSet(), model=sampler, seed=seed)
    if sampling:
        evidence = evidence._replace(sampling=sampling)
    return metric.compute(evidence)[0]


def test_of_a_game_it_is_a_function_of_the_seed():
    sampler = Sampler(tiny.game(codes=Codes((3,), 1)))
    assert measured(sampler) == measured(sampler)
    assert measured(sampler) != measured(sampler, seed=1)


def test_truncated_latents_are_compared_with_their_own_prior():
    # The network is untrained: the information is that of the truncation alone,
    # log P(|z| < 1) for each of four latents.
    found = measured(
        Sampler(tiny.game()), sampling=Sampling(truncation=1.0), learning_rate=1e-30
    )
    assert found == pytest.approx(4 * np.log(stats.norm.cdf(1) * 2 - 1), abs=1e-4)


def test_a_generator_that_diverged_has_no_bound():
    game = tiny.game()
    game.generator.network.output.kernel.raw.assign(tf.fill([6, 64], np.nan))
    assert np.isnan(measured(Sampler(game)))


def test_the_budget_is_part_of_the_name():
    assert names_of(gilbo(), 10_000, None) == ["gilbo10k"]
    other = gilbo(num_steps=50, batch_size=8, learning_rate=1e-3, num_samples=50)
    assert names_of(other, 50, None) == ["gilbo50_steps50_batch8_rate0.001"]


def test_unknown_densities_and_wrong_numbers_are_refused():
    def laplace(num, size, rng, truncation=None):
        return latents.normal()(num, size, rng, truncation)

    sampler = Sampler(tiny.game(latent_distribution=laplace))
    with pytest.raises(InputError, match="latents whose density is known"):
        gilbo().check(sampler, None)
    gilbo().check(Sampler(tiny.game(latent_distribution=latents.uniform())), None)
    with pytest.raises(InputError, match=r"gilbo\.num_steps must be a positive"):
        gilbo(num_steps=0)
    with pytest.raises(InputError, match=r"gilbo\.learning_rate must be positive"):
        gilbo(learning_rate=0.0)
