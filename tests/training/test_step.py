"""The step: who moves when, and by how much."""

import numpy as np
import pytest
import tensorflow as tf
import tiny

from compare_ssgan.gans import losses
from compare_ssgan.gans.tasks import Rotation
from compare_ssgan.layers.basic import Kernel
from compare_ssgan.layers.initializers import normal
from compare_ssgan.layers.normalization import BatchNorm
from compare_ssgan.layers.weights import Weights
from compare_ssgan.training.ema import ExponentialMovingAverage
from compare_ssgan.training.optimizers import adam
from compare_ssgan.training.step import make_train_step
from compare_ssgan.types import objective, variables_of


class Tug(tf.Module):
    """D minimizes (d - 1)^2 on a batch's scalar, G minimizes 3 g: gradients known."""

    def __init__(self):
        super().__init__()
        self.generator_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.d = tf.Module()
        self.d.x = tf.Variable(0.0)
        self.g = tf.Module()
        self.g.x = tf.Variable(0.0)
        self.discriminator_modules, self.generator_modules = [self.d], [self.g]

    def discriminator_objective(self, batch):
        return objective({"pull": batch * (self.d.x - 1.0) ** 2, "none": 0.0 * batch})

    def generator_objective(self, batch):
        return objective({"push": 3.0 * self.g.x})


class Descent:
    """Plain gradient descent, to see gradients."""

    def __init__(self, rate):
        self.rate = rate

    def build(self, variables):
        self.built = variables

    def apply_gradients(self, pairs):
        for gradient, variable in pairs:
            variable.assign_sub(self.rate * gradient)


def test_a_step_moves_each_player_along_its_own_gradient():
    game = Tug()
    step = make_train_step(game, Descent(0.1), Descent(0.01), discriminator_steps=2)
    terms = step([tf.constant(1.0), tf.constant(2.0)])
    # d: 0 -> 0 + 0.1 * 2 * 1 -> 0.2 + 0.1 * 2 * 2 * 0.8
    assert game.d.x.numpy() == pytest.approx(0.52)
    assert game.g.x.numpy() == pytest.approx(-0.03)
    assert game.generator_steps.numpy() == 1
    assert set(terms) == {
        "discriminator/pull",
        "discriminator/none",
        "generator/push",
    }
    mean = (1 * 1**2 + 2 * 0.8**2) / 2
    assert terms["discriminator/pull"].numpy() == pytest.approx(mean)


def test_the_number_of_batches_is_checked():
    step = make_train_step(Tug(), Descent(0.1), Descent(0.1), discriminator_steps=2)
    with pytest.raises(ValueError, match="Expected 2 batches, received 1"):
        step([tf.constant(1.0)])


def test_a_variable_without_gradient_is_named():
    game = Tug()
    game.g.lost = tf.Variable(1.0, name="lost")
    step = make_train_step(game, Descent(0.1), Descent(0.1))
    with pytest.raises(ValueError, match=r"No gradient reaches .*lost"):
        step([tf.constant(1.0)])


def test_the_step_is_traced_once():
    game = tiny.game(tasks=[Rotation])
    optimizer = adam(1e-3)
    step = make_train_step(game, optimizer(2), optimizer(1), discriminator_steps=2)
    for seed in range(3):
        step([tiny.batch(seed=seed), tiny.batch(seed=seed + 10)])
    assert step.experimental_get_tracing_count() == 1


class Spectral(tf.Module):
    """Players whose kernels are spectrally normalized, and are not moved."""

    def __init__(self):
        super().__init__()
        self.generator_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        weights = Weights(np.random.default_rng(0), normal(), spectral_norm=True)
        self.d, self.g = Kernel([7, 5], weights), Kernel([7, 5], weights)
        self.discriminator_modules, self.generator_modules = [self.d], [self.g]

    def discriminator_objective(self, batch):
        return objective({"sum": tf.reduce_sum(self.d())})

    def generator_objective(self, batch):
        return objective({"sum": tf.reduce_sum(self.g() + self.d())})


@pytest.mark.parametrize("discriminator_steps", [1, 3])
def test_spectral_norms_advance_once_per_step_of_their_player(discriminator_steps):
    game = Spectral()
    expected = []
    for kernel, iterations in ((game.d, discriminator_steps), (game.g, 1)):
        matrix, u = kernel.raw.numpy(), kernel.norm.u.numpy()
        for _ in range(iterations):
            v = matrix.T @ u
            u = matrix @ (v / np.linalg.norm(v))
            u /= np.linalg.norm(u)
        expected.append(u)
    step = make_train_step(game, Descent(0.0), Descent(0.0), discriminator_steps)
    step([tf.zeros([2])] * discriminator_steps)
    np.testing.assert_allclose(game.d.norm.u, expected[0], atol=1e-6)
    np.testing.assert_allclose(game.g.norm.u, expected[1], atol=1e-6)


class Line(tf.Module):
    """D fits a line to examples, G moves towards their mean: no batch statistics."""

    def __init__(self):
        super().__init__()
        self.generator_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.d, self.g = tf.Module(), tf.Module()
        self.d.x = tf.Variable([0.5, -0.3, 0.2])
        self.g.x = tf.Variable([0.1, 0.1, 0.1])
        self.discriminator_modules, self.generator_modules = [self.d], [self.g]
        self.sizes = set()

    def discriminator_objective(self, batch):
        self.sizes.add(batch.shape[0])
        error = tf.linalg.matvec(batch, self.d.x) - 1.0
        return objective({"fit": tf.reduce_mean(error**2)})

    def generator_objective(self, batch):
        distance = tf.reduce_sum((batch - self.g.x) ** 2, axis=1)
        return objective({"distance": tf.reduce_mean(distance)})


def test_accumulated_gradients_equal_those_of_the_large_batch():
    rng = np.random.default_rng(0)
    data = [tf.constant(rng.normal(size=[12, 3]), tf.float32) for _ in range(4)]
    ends = []
    for accumulation in (1, 4):
        game = Line()
        optimizer = adam(1e-2)
        step = make_train_step(
            game, optimizer(2), optimizer(1), 2, accumulation=accumulation
        )
        terms = [step(data[i : i + 2]) for i in (0, 2)]
        assert game.sizes == {12 // accumulation}
        ends.append(
            [game.d.x.numpy(), game.g.x.numpy(), *(float(t) for t in terms[1].values())]
        )
    for whole, parts in zip(*ends, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_a_game_trains_in_parts_of_its_batch():
    problem = tiny.PROBLEM._replace(batch_size=4)
    game = tiny.game(problem, tasks=[Rotation], generator_norm=BatchNorm)
    optimizer = adam(1e-3)
    step = make_train_step(
        game, optimizer(2), optimizer(1), discriminator_steps=2, accumulation=2
    )
    before = [v.numpy() for v in variables_of(game.generator_modules)]
    terms = step([tiny.batch(seed=0), tiny.batch(seed=1)])
    assert all(np.isfinite(value) for value in terms.values())
    after = [v.numpy() for v in variables_of(game.generator_modules)]
    assert all(np.any(a != b) for a, b in zip(after, before, strict=True))


def test_a_step_compiled_by_xla_equals_one_that_is_not():
    ends = []
    for jit_compile in (False, True):
        game = tiny.game(
            tasks=[Rotation],
            generator_norm=BatchNorm,
            discriminator_spectral_norm=True,
            # XLA has random numbers of its own.
            latent_distribution=lambda num, size, rng, truncation: tf.reshape(
                tf.linspace(-1.0, 1.0, num * size), [num, size]
            ),
        )
        # Adam would turn rounding errors of vanishing gradients into whole steps.
        step = make_train_step(
            game, Descent(0.1), Descent(0.1), 2, jit_compile=jit_compile
        )
        for _ in range(2):
            terms = step([tiny.batch(seed=0), tiny.batch(seed=1)])
        ends.append([float(value) for value in terms.values()])
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-4)


def test_training_changes_every_trainable_variable():
    # The bias of the realness head has no gradient inside the margins of the hinge.
    game = tiny.game(
        tasks=[Rotation],
        discriminator_spectral_norm=True,
        loss=losses.non_saturating(),
    )
    optimizer = adam(1e-2)
    step = make_train_step(game, optimizer(1), optimizer(1))
    variables = variables_of([*game.discriminator_modules, *game.generator_modules])
    before = [v.numpy() for v in variables]
    for seed in range(2):
        step([tiny.batch(seed=seed)])
    for old, variable in zip(before, variables, strict=True):
        assert np.any(old != variable.numpy()), variable.name


def test_the_same_seed_trains_to_the_same_weights():
    results = []
    for _ in range(2):
        game = tiny.game(tasks=[Rotation], seed=5)
        optimizer = adam(1e-3)
        step = make_train_step(game, optimizer(1), optimizer(1))
        for seed in range(3):
            step([tiny.batch(seed=seed)])
        results.append([v.numpy() for v in game.variables])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_moving_average_copies_before_its_start_step_and_trails_from_it_on():
    game = Tug()
    ema = ExponentialMovingAverage(game.g, decay=0.9, start_step=3)
    step = make_train_step(game, Descent(0.1), Descent(1.0), ema=ema)
    values = []
    for _ in range(4):
        step([tf.constant(1.0)])
        values.append(float(ema.generator.x))
    # g is -3, -6, -9, -12.
    expected = [-3, -6, 0.9 * -6 + 0.1 * -9]
    expected.append(0.9 * expected[-1] + 0.1 * -12)
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert float(game.g.x) == -12
    # The original is not part of the average: it would be saved and restored twice.
    assert len(ema.variables) == 1


@pytest.mark.parametrize(
    ("decay", "start", "message"),
    [(1.0, 0, "ema_decay must be in"), (0.9, -1, "ema_start_step must not be")],
)
def test_a_moving_average_that_cannot_be_is_refused(decay, start, message):
    with pytest.raises(ValueError, match=message):
        ExponentialMovingAverage(Tug().g, decay, start)
