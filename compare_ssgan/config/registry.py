"""Components that gin files can name."""

import difflib
import functools
import importlib.util  # gin 0.5.0 uses importlib.util without importing it.
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import gin

from compare_ssgan.errors import InputError

Component = TypeVar("Component", bound=Callable[..., Any])
REQUIRED: Any = gin.REQUIRED
assert importlib.util  # Keeps the import above from looking unused.

_ROOTS = "roots"
_components: dict[str, Callable[..., Any]] = {}


def register(group: str) -> Callable[[Component], Component]:
    """Makes a component available to gin files as `@group.name`.

    The component itself is returned unchanged: calling it from Python never
    consults the gin configuration. Only references in gin files do.

    Args:
        group: Name of the family of components, e.g. "losses".

    Returns:
        A decorator that registers its argument and returns it.
    """

    def decorate(component: Component) -> Component:
        gin.register(component, module=group)
        _components[f"{group}.{component.__name__}"] = component
        return component

    return decorate


def entry_point(component: Component) -> Component:
    """Lets gin supply the missing arguments when Python calls `component`."""
    configured: Component = gin.configurable(component, module=_ROOTS)
    _components[f"{_ROOTS}.{component.__name__}"] = component
    return configured


def registered() -> dict[str, Callable[..., Any]]:
    """Returns every registered component by its full name, roots included."""
    return dict(sorted(_components.items()))


def nearest(name: str, known: Sequence[str]) -> str:
    """Returns ' Did you mean ...?', or '' if nothing known is similar to `name`."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def complete(selector: str, place: str) -> str:
    """Returns the full name of the component that `selector` abbreviates."""
    matches = [
        name
        for name in _components
        if name == selector or name.endswith(f".{selector}")
    ]
    if selector in matches:
        return selector
    if len(matches) == 1:
        return matches[0]
    if matches:
        choices = " or ".join(sorted(matches))
        raise InputError(f"{place}: '{selector}' is ambiguous: {choices}.")
    stems = {name.rsplit(".", 1)[-1]: name for name in _components}
    hint = nearest(selector, list(_components)) or nearest(selector, list(stems))
    raise InputError(f"{place}: there is no component '{selector}'.{hint}")


def check_parameter(selector: str, parameter: str, place: str) -> None:
    """Refuses a parameter that the component does not have.

    Raises:
        InputError: With the place and the nearest parameter.
    """
    parameters = _signature(_components[selector]).parameters
    if parameter not in parameters:
        raise InputError(
            f"{place}: '{selector}' has no parameter '{parameter}'."
            f"{nearest(parameter, list(parameters))}"
        )


def component(name: str) -> Callable[..., Any]:
    """Returns the component of a full name."""
    return _components[name]


def default_of(selector: str, parameter: str) -> Any:
    """Returns the default of a component's parameter."""
    return _signature(_components[selector]).parameters[parameter].default


# A study of many runs asks for the same ones over and over.
@functools.cache
def _signature(factory: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(factory)
