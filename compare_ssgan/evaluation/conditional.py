"""What metrics of labels ask of a model."""

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.model import Model


def check_conditional(kind: str, model: Model | None) -> None:
    """Refuses a model whose images were not asked for by label.

    Args:
        kind: Of the metric.
        model: The players; None where there are only images.

    Raises:
        InputError: If there is no model or its players see no labels.
    """
    if model is None:
        raise InputError(
            f"The metric '{kind}' needs the labels that images were asked for, and "
            "there are only images. Choose another metric."
        )
    if not model.game.num_classes:
        raise InputError(
            f"The metric '{kind}' is of conditional models, and the players of this "
            "one see no labels. Choose another metric, or another method."
        )
