"""Functions compiled for a model, once for all its evaluations."""

import weakref
from collections.abc import Callable, Hashable
from typing import Any

from compare_ssgan.evaluation.model import Model

# A run makes its metrics anew for every evaluation, but has one model.
_known: weakref.WeakKeyDictionary[Model, dict[Hashable, Any]] = (
    weakref.WeakKeyDictionary()
)


def compiled(model: Model, key: Hashable, make: Callable[[], Any]) -> Any:
    """Returns what `make` made when it was first asked for, for as long as that lives.

    Args:
        model: For which it was made.
        key: Which of the things made for the model; includes all they depend on.
        make: Makes it. What it makes may hold the game and its generator, but not
            the model itself, which it would keep alive.
    """
    of_model = _known.setdefault(model, {})
    if key not in of_model:
        of_model[key] = make()
    return of_model[key]
