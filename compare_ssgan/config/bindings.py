"""What the bindings say: values, identity of a run, bindings without effect."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gin
from gin import config as gin_config

from compare_ssgan.config.parsing import MACRO, macros, origins
from compare_ssgan.config.registry import REQUIRED, default_of, nearest
from compare_ssgan.errors import InputError


def query(name: str, default: Any = REQUIRED) -> Any:
    """Returns the value bound to 'component.parameter' or '%MACRO'.

    References come back as text, nothing is called.

    Raises:
        InputError: If nothing is bound and there is no default.
    """
    try:
        return _plain(_resolve(gin.query_parameter(name)))
    except ValueError as error:
        if default is not REQUIRED:
            return default
        raise InputError(f"Nothing sets {name}.") from error


def take(name: str) -> Any:
    """Returns the value bound to 'component.parameter', and removes the binding.

    gin builds what a parameter is bound to also where the caller passes another value.

    Raises:
        InputError: If nothing is bound.
    """
    value = query(name)
    key = gin_config.ParsedBindingKey.parse(name)
    del gin_config._CONFIG[key.config_key][key.arg_name]
    return value


def make(reference: str) -> Any:
    """Returns what a component returns when a gin file calls it.

    Args:
        reference: As `query` returns it, "@group.name()".

    Raises:
        InputError: If a setting of the component is wrong.
    """
    with construction():
        return gin.get_configurable(reference.removeprefix("@").removesuffix("()"))()


def canonical() -> list[str]:
    """Returns the bindings that define a run, one "name = value" line each.

    Macros are resolved, bindings equal to the component's own default are left
    out (so that an option added later changes no old identity), and lines are
    sorted. The lines are gin and can be loaded again.

    Raises:
        InputError: If a required macro has no value.
    """
    bound = resolved_bindings()
    for (scope, selector, parameter), value in bound.items():
        if value is REQUIRED:
            macro = gin_config._CONFIG[scope, selector][parameter]
            name = _name(scope, selector, parameter).removeprefix("roots.")
            raise InputError(f"No file sets {macro!r}, which {name} needs.")
    scoped = {(c, p) for (scope, c, p) in bound if scope}
    lines = []
    for (scope, selector, parameter), value in bound.items():
        default = default_of(selector, parameter)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        # Below a scope, a value equal to the default may still override another.
        alone = (selector, parameter) not in scoped
        if alone and _same(value, default):
            continue
        lines.append(f"{scope}/{selector}.{parameter} = {_text(value)}".lstrip("/"))
    return sorted(lines)


def resolved_bindings() -> dict[tuple[str, str, str], Any]:
    """Returns values by (scope, component, parameter), macros resolved.

    Raises:
        InputError: If a macro has no value, or refers to itself.
    """
    return {
        (scope, selector, parameter): _resolve(value)
        for (scope, selector), parameters in gin_config._CONFIG.items()
        if selector != MACRO
        for parameter, value in parameters.items()
    }


def digest(lines: Sequence[str]) -> str:
    """Returns the 8 hexadecimal digits that identify `lines` in a run's id."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]


def operative() -> str:
    """Returns every parameter that was read, defaults included, as gin."""
    return gin.operative_config_str()


def unread_bindings(include_shipped: bool = False) -> list[str]:
    """Returns bindings that had no effect, each with the place it was written.

    Call it after everything has been built. A binding counts as read if some call
    of the component received its value: not if the caller passed the argument
    itself, nor if every call was served by a binding of a narrower scope.

    Args:
        include_shipped: Whether to report bindings of the suite's own files, which
            describe components that a particular run may not use.
    """
    read = set()
    for (scope, selector), parameters in gin_config._OPERATIVE_CONFIG.items():
        prefixes = _prefixes(scope)
        for parameter in parameters:
            for prefix in prefixes:
                if parameter in gin_config._CONFIG.get((prefix, selector), {}):
                    read.add((prefix, selector, parameter))
                    break
    return sorted(
        f"{_name(*key).removeprefix('roots.')} ({origin.place})"
        for key, origin in origins.items()
        if key not in read
        and (include_shipped or not origin.shipped)
        # Read by a query, not by a component.
        and key != ("FAMILY", MACRO, "value")
    )


@contextmanager
def construction() -> Iterator[None]:
    """Turns what components say about wrong settings into an `InputError`."""
    try:
        yield
    except (ValueError, RuntimeError) as error:
        text = str(error)
        wrong = isinstance(error, ValueError) or "Required bindings" in text
        if not wrong:
            raise
        # gin appends the chain of calls, which names no line a user could change.
        message = text.split("\n  In call to configurable")[0].strip()
        raise InputError(message) from error


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return type(value) is type(default) and bool(value == default)


def _resolve(value: Any, within: tuple[str, ...] = ()) -> Any:
    """Replaces macros in a bound value by their values.

    Args:
        value: A bound value.
        within: Macros whose values it is part of.
    """
    if isinstance(value, gin_config.ConfigurableReference):
        if value.config_key == ("gin.REQUIRED", "gin.constant"):
            return REQUIRED
        if value.config_key[1] != MACRO:
            return value
        name = "/".join(value.scopes)
        found = macros()
        if name not in found:
            raise InputError(f"No file sets the macro {name}.{nearest(name, [*found])}")
        if name in within:
            raise InputError(f"The macro {name} refers to itself.")
        return _resolve(found[name], (*within, name))
    if value is REQUIRED:
        return value
    if isinstance(value, dict):
        return {_resolve(k, within): _resolve(v, within) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_resolve(v, within) for v in value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, gin_config.ConfigurableReference):
        return repr(value)
    if isinstance(value, list | tuple):
        return type(value)(_plain(v) for v in value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, gin_config.ConfigurableReference):
        scope, selector = value.config_key
        call = "()" if value.evaluate else ""
        return f"@{scope}/{selector}{call}".replace("@/", "@")
    if isinstance(value, dict):
        pairs = sorted(f"{_text(k)}: {_text(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, tuple) and len(value) == 1:
        return f"({_text(value[0])},)"
    if isinstance(value, list | tuple):
        inner = ", ".join(_text(v) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return repr(value)


def _prefixes(scope: str) -> list[str]:
    """Returns the scopes whose bindings a call in `scope` sees, narrowest first."""
    parts = scope.split("/") if scope else []
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _name(scope: str, selector: str, parameter: str) -> str:
    if selector == MACRO:
        return scope
    return f"{scope}/{selector}.{parameter}".lstrip("/")
