"""Checks bound values against the annotations of the components they are for."""

import collections.abc
import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

from gin import config as gin_config

from compare_ssgan.config.bindings import resolved_bindings
from compare_ssgan.config.parsing import MACRO, origins
from compare_ssgan.config.registry import REQUIRED, component
from compare_ssgan.errors import InputError

_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "a text in quotes",
    type(None): "None",
}


def check_values() -> None:
    """Refuses bound values of the wrong type, and references called or not by mistake.

    Numbers, texts, truth values, None, lists and Literals are compared with the
    annotation. Of callables, `Callable[..., X]` is by convention a component that its
    owner will call, bound as `@x`; `Callable[[A], X]`, like any class, is what a
    component returns, bound as `@x()`.

    Raises:
        InputError: With the place of the binding, its value, and what to write.
    """
    for key, value in resolved_bindings().items():
        _, selector, parameter = key
        hint = _hints(component(selector)).get(parameter, Any)
        if value is REQUIRED:
            continue
        wrong = _wrong(value, hint)
        if wrong:
            name = f"{selector.removeprefix('roots.')}.{parameter}"
            raise InputError(f"{_place(key)}{name} {wrong}")


def _place(key: tuple[str, str, str]) -> str:
    """Returns where the value of a binding was written, which may be a macro's."""
    scope, selector, parameter = key
    value = gin_config._CONFIG[scope, selector][parameter]
    while isinstance(value, gin_config.ConfigurableReference):
        macro, kind = value.config_key
        if kind != MACRO:
            break
        key = (macro, MACRO, "value")
        value = gin_config._CONFIG[macro, MACRO]["value"]
    return f"{origins[key].place}: " if key in origins else ""


@functools.cache
def _hints(factory: Callable[..., Any]) -> dict[str, Any]:
    target = factory.__init__ if inspect.isclass(factory) else factory
    return typing.get_type_hints(inspect.unwrap(target))


def _wrong(value: Any, hint: Any) -> str | None:
    """Returns what is wrong with a value, None if nothing is."""
    if isinstance(value, gin_config.ConfigurableReference):
        return _wrong_reference(value, hint)
    if any(_fits(value, option) for option in _options(hint)):
        return None
    # An element of a list tells more than the list.
    for option in _options(hint):
        if _is_sequence(option) and isinstance(value, list | tuple):
            for element in value:
                wrong = _wrong(element, _element(option))
                if wrong:
                    return f"(one of its elements) {wrong}"
    expected = " or ".join(_describe(option) for option in _options(hint))
    return f"must be {expected}, not {value!r}."


def _wrong_reference(value: Any, hint: Any) -> str | None:
    name = f"@{value.scoped_selector}"
    kinds = {_takes(option) for option in _options(hint)}
    if "anything" in kinds or ("called" if value.evaluate else "uncalled") in kinds:
        return None
    if value.evaluate and "uncalled" in kinds:
        return f"takes the component itself: write {name}, not {name}()."
    if not value.evaluate and "called" in kinds:
        return f"takes what the component returns: write {name}(), not {name}."
    expected = " or ".join(_describe(option) for option in _options(hint))
    return f"must be {expected}, not the component {name}."


def _options(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _takes(hint: Any) -> str:
    """Returns which references fit an annotation."""
    if hint is Any:
        return "anything"
    if typing.get_origin(hint) is collections.abc.Callable:
        return "uncalled" if typing.get_args(hint)[0] is Ellipsis else "called"
    plain = hint in _WORDS or typing.get_origin(hint) is typing.Literal
    return "neither" if plain or _is_sequence(hint) else "called"


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    if typing.get_origin(hint) is typing.Literal:
        return value in typing.get_args(hint)
    if _is_sequence(hint):
        return isinstance(value, list | tuple) and all(
            _wrong(element, _element(hint)) is None for element in value
        )
    if typing.get_origin(hint) is collections.abc.Mapping:
        return isinstance(value, dict)
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float)
    return hint in _WORDS and isinstance(value, hint)


def _is_sequence(hint: Any) -> bool:
    return typing.get_origin(hint) in (collections.abc.Sequence, list, tuple)


def _element(hint: Any) -> Any:
    arguments = typing.get_args(hint)
    return arguments[0] if arguments else Any


def _describe(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(hint))
    if _is_sequence(hint):
        return f"a list, each element {_describe(_element(hint))}"
    if _takes(hint) == "uncalled":
        return "a component, @name"
    return _WORDS.get(hint, "what a component returns, @name()")
