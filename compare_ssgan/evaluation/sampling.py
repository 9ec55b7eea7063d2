"""How images are drawn from a trained generator: part of a metric's protocol."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.protocols import abbreviate
from compare_ssgan.types import Samples

BATCH_SIZE = 100

Draw = Callable[[int, tf.random.Generator], Samples]


class Sampling(NamedTuple):
    """How images are drawn.

    Attributes:
        truncation: Largest magnitude of latents, in standard deviations; None for no
            limit.
        standing_statistics: Number of samples whose statistics batch normalizations
            use; None for their moving averages.
        batch_size: Images per call of the sampler; another one takes other random
            numbers.
    """

    truncation: float | None = None
    standing_statistics: int | None = None
    batch_size: int = BATCH_SIZE

    @property
    def suffix(self) -> str:
        """The end of a metric's name, empty where nothing is changed."""
        suffix = ""
        if self.batch_size != BATCH_SIZE:
            suffix += f"_batch{self.batch_size}"
        if self.truncation is not None:
            # All digits: others would be another protocol.
            text = repr(float(self.truncation)).removesuffix(".0")
            suffix += f"_truncation{text}"
        if self.standing_statistics is not None:
            suffix += f"_standing{abbreviate(self.standing_statistics)}"
        return suffix


def configured() -> Sampling:
    """Returns how the evaluation of the current configuration draws images."""
    return Sampling(
        config.query("evaluate.truncation", None),
        config.query("evaluate.standing_statistics", None),
        config.query("evaluate.batch_size", BATCH_SIZE),
    )


def check_number(standing_statistics: int | None) -> None:
    """Raises an `InputError` unless the number of samples is a positive integer."""
    if standing_statistics is None:
        return
    is_number = type(standing_statistics) is int
    if not is_number or standing_statistics < 1:
        raise InputError(
            "evaluate.standing_statistics must be a positive number of samples or "
            f"None, not {standing_statistics!r}."
        )
