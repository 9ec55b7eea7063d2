"""Floating-point operations of a training iteration, counted from the architecture.

Counted are the products of convolutions and dense layers in the form with the fewest
taps known to be exact: a 3x3 convolution next to a change of resolution is one of 4x4
taps and stride 2 (16 products per position of the smaller grid instead of 36), a 1x1
shortcut is on the smaller grid. The count does not depend on how a step computes them:
it is what a share of the machine's peak refers to. Left out, and together below a
thousandth at any width that is benchmarked: heads, power iterations, normalization,
elementwise operations, optimizers.
"""

from collections.abc import Sequence
from typing import NamedTuple

START = 4  # Height and width of the generator's first map.
SIZE = 32  # Height and width of the images.


class Product(NamedTuple):
    """A convolution or dense layer, applied to one image.

    Attributes:
        positions: Positions at which the kernel is applied.
        taps: Products per position, input and output channel.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        reads_data: Whether the input depends on no variable, so that nobody needs
            its gradient unless images are optimized.
    """

    positions: int
    taps: int
    in_channels: int
    out_channels: int
    reads_data: bool = False

    @property
    def operations(self) -> int:
        """Multiplications and additions of one pass."""
        return 2 * self.positions * self.taps * self.in_channels * self.out_channels


class Work(NamedTuple):
    """What an iteration consists of.

    Attributes:
        generator: Products of the generator, per image.
        discriminator: Products of the discriminator, per image.
        batch_size: Images the generator makes per step of a player.
        discriminator_images: Images judged in a discriminator step.
        generator_images: Images judged in a generator step.
        discriminator_steps: Discriminator steps per generator step.
    """

    generator: Sequence[Product]
    discriminator: Sequence[Product]
    batch_size: int
    discriminator_images: int
    generator_images: int
    discriminator_steps: int


def generator(
    channels: int, latent_size: int, image_channels: int, hidden_size: int = 0
) -> list[Product]:
    """Returns the products of resnet_cifar.Generator with 1x1 shortcuts.

    Args:
        channels: Width of every block.
        latent_size: Number of latent variables.
        image_channels: Channels of the image.
        hidden_size: Hidden units of self-modulated batch norm; 0 if the norms have
            no kernels.
    """
    found = [Product(1, START**2, latent_size, channels, reads_data=True)]
    for small in (START, 2 * START, 4 * START):
        found += [
            Product(small**2, 16, channels, channels),
            Product((2 * small) ** 2, 9, channels, channels),
            Product(small**2, 1, channels, channels),
        ]
    found.append(Product(SIZE**2, 9, channels, image_channels))
    if hidden_size:
        num_norms = 7  # Two per block, one at the end.
        found += num_norms * [
            Product(1, 1, latent_size, hidden_size, reads_data=True),
            Product(1, 1, hidden_size, 2 * channels),
        ]
    return found


def discriminator(channels: int, image_channels: int) -> list[Product]:
    """Returns the products of resnet_cifar.Backbone with 1x1 shortcuts.

    Args:
        channels: Width of every block.
        image_channels: Channels of the image.
    """
    half, quarter = SIZE // 2, SIZE // 4
    return [
        Product(SIZE**2, 9, image_channels, channels, reads_data=True),
        Product(half**2, 16, channels, channels),
        Product(half**2, 1, image_channels, channels, reads_data=True),
        Product(half**2, 9, channels, channels),
        Product(quarter**2, 16, channels, channels),
        Product(quarter**2, 1, channels, channels),
        *4 * [Product(quarter**2, 9, channels, channels)],
    ]


def of_discriminator_step(work: Work) -> int:
    """Returns the operations of a discriminator step.

    A forward pass of the generator; forward pass, gradients of kernels and of inputs,
    except the images, of the discriminator.
    """
    fakes = work.batch_size * _forward(work.generator)
    return fakes + work.discriminator_images * _trained(work.discriminator)


def of_generator_step(work: Work) -> int:
    """Returns the operations of a generator step.

    Forward pass and all gradients of the generator, latents excepted; a forward pass
    and the gradient of the inputs, no kernel's, of the discriminator.
    """
    judged = 2 * _forward(work.discriminator)
    fakes = work.batch_size * _trained(work.generator)
    return fakes + work.generator_images * judged


def of_iteration(work: Work) -> int:
    """Returns the operations of all discriminator steps and the generator step."""
    steps = work.discriminator_steps * of_discriminator_step(work)
    return steps + of_generator_step(work)


def _forward(products: Sequence[Product]) -> int:
    return sum(product.operations for product in products)


def _trained(products: Sequence[Product]) -> int:
    return sum((3 - product.reads_data) * product.operations for product in products)
