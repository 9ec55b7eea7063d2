"""The only module that imports gin: registration, parsing, identity of a config."""

import difflib
import hashlib
import importlib.util  # gin 0.5.0 uses importlib.util without importing it.
import inspect
import pathlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, TypeVar

import gin
from gin import config as gin_config
from gin import config_parser

from compare_ssgan.errors import InputError

Component = TypeVar("Component", bound=Callable[..., Any])
REQUIRED: Any = gin.REQUIRED
assert importlib.util  # Keeps the import above from looking unused.

_MACRO = "gin.macro"
_PACKAGE = pathlib.Path(__file__).resolve().parent
_ROOTS = "roots"

_components: dict[str, Callable[..., Any]] = {}
_origins: dict[tuple[str, str, str], "Origin"] = {}


class Origin(NamedTuple):
    """Where a binding was written.

    Attributes:
        place: File and line, or the option of the command line.
        shipped: Whether the file is one of the suite's own.
    """

    place: str
    shipped: bool


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


def search_path() -> list[pathlib.Path]:
    """Directories a gin file is looked for in.

    The working directory; the package's (where a wheel puts gin_configs); the one
    above it (a checkout or an editable installation).
    """
    return [pathlib.Path.cwd(), _PACKAGE, _PACKAGE.parent]


def shipped_directory() -> pathlib.Path:
    """Returns the directory of the gin files that come with the suite."""
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / "gin_configs" / "base.gin").is_file():
            return parent / "gin_configs"
    raise InputError("The installation is incomplete: it has no gin_configs/base.gin.")


def find_file(name: str) -> pathlib.Path:
    """Returns the absolute path of a gin file.

    Raises:
        InputError: If no directory of the search path has it.
    """
    for directory in search_path():
        path = (directory / name).resolve()
        if path.is_file():
            return path
    siblings = [
        str(pathlib.Path(name).parent / sibling.name)
        for directory in search_path()
        for sibling in (directory / name).parent.glob("*.gin")
    ]
    raise InputError(
        f"There is no gin file '{name}' in the working directory or among the "
        f"installed ones.{nearest(name, siblings)}"
    )


def nearest(name: str, known: Sequence[str]) -> str:
    """Returns ' Did you mean ...?', or '' if nothing known is similar to `name`."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def load(files: Sequence[str], settings: Sequence[str] = ()) -> None:
    """Replaces the current configuration.

    A file that several others include is read once, at its first mention, so that
    reading a method file after a dataset file does not bring base.gin's values back.

    Args:
        files: gin files, later ones override earlier ones. The first one declares
            the macros that the others may set.
        settings: "name.parameter = value" lines; they override the files.

    Raises:
        InputError: If a file is missing, cannot be parsed, or names an unknown
            component, parameter or macro; with file, line and the nearest name.
    """
    gin.clear_config()
    _origins.clear()
    done: set[pathlib.Path] = set()
    shipped = shipped_directory()
    declared: set[str] | None = None
    for name in files:
        path = find_file(name)
        _parse_file(path, shipped, done, declared)
        if declared is None:
            declared = set(macros())
    for setting in settings:
        parser = _Parser(setting, f"--set '{setting}'", multiline=False)
        _bind_all(parser, False, declared, _refuse_include)


def macros() -> dict[str, Any]:
    """Returns the current macros, references as gin's reference objects."""
    return {
        scope: parameters["value"]
        for (scope, selector), parameters in gin_config._CONFIG.items()
        if selector == _MACRO
    }


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


def canonical() -> list[str]:
    """Returns the bindings that define a run, one "name = value" line each.

    Macros are resolved, bindings equal to the component's own default are left
    out (so that an option added later changes no old identity), and lines are
    sorted. The lines are gin and can be loaded again.

    Raises:
        InputError: If a required macro has no value.
    """
    bound = {
        (scope, selector, parameter): _resolve(value)
        for (scope, selector), parameters in gin_config._CONFIG.items()
        if selector != _MACRO
        for parameter, value in parameters.items()
    }
    scoped = {(c, p) for (scope, c, p) in bound if scope}
    lines = []
    for (scope, selector, parameter), value in bound.items():
        default = _default(selector, parameter)
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        # Below a scope, a value equal to the default may still override another.
        alone = (selector, parameter) not in scoped
        if alone and _same(value, default):
            continue
        lines.append(f"{scope}/{selector}.{parameter} = {_text(value)}".lstrip("/"))
    return sorted(lines)


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
        f"{_name(*key)} ({origin.place})"
        for key, origin in _origins.items()
        if key not in read
        and (include_shipped or not origin.shipped)
        # Read by a query, not by a component.
        and key != ("FAMILY", _MACRO, "value")
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


class _Parser(config_parser.ConfigParser):
    """gin's parser, with errors that name the place."""

    def __init__(self, text: Any, place: str, multiline: bool = True) -> None:
        self.place, self._multiline = place, multiline
        try:
            super().__init__(text, _Delegate(self))
        except (SyntaxError, ValueError) as error:
            self._fail(error)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except InputError:
            raise
        except StopIteration:
            raise
        except (SyntaxError, ValueError) as error:
            self._fail(error)
        except Exception as error:
            # tokenize.TokenError is not a SyntaxError before Python 3.12.
            if type(error).__name__ != "TokenError":
                raise
            self._fail(error)

    def at(self, line: int) -> str:
        return f"{self.place}, line {line}" if self._multiline else self.place

    def here(self) -> str:
        return self.at(self.current_token.start[0])

    def _fail(self, error: Exception) -> NoReturn:
        if isinstance(error, SyntaxError):
            line, reason = error.lineno, error.msg
        elif len(error.args) == 2 and isinstance(error.args[1], tuple):
            line, reason = error.args[1][0], error.args[0]
        else:
            line, reason = None, str(error).split("\n")[0]
        token = getattr(self, "_current_token", None)
        line = line or (token.start[0] if token else 1)
        raise InputError(f"{self.at(line)}: not valid gin: {reason}") from error


class _Delegate(gin_config.ParserDelegate):
    """Makes references, and names what a wrong one probably meant."""

    def __init__(self, parser: _Parser) -> None:
        super().__init__()
        self._parser = parser

    def configurable_reference(self, scoped_selector: str, evaluate: bool) -> Any:
        selector = scoped_selector.rsplit("/", 1)[-1]
        _complete(selector, self._parser.here())
        return super().configurable_reference(scoped_selector, evaluate)


def _parse_file(
    path: pathlib.Path,
    shipped: pathlib.Path,
    done: set[pathlib.Path],
    declared: set[str] | None,
) -> None:
    if path in done:
        return
    done.add(path)

    def include(name: str) -> None:
        _parse_file(find_file(name), shipped, done, declared)

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}") from error
    _bind_all(_Parser(text, str(path)), path.is_relative_to(shipped), declared, include)


def _refuse_include(name: str) -> None:
    raise InputError(f"--set cannot include '{name}'; give it with --gin.")


def _bind_all(
    parser: _Parser,
    shipped: bool,
    declared: set[str] | None,
    include: Callable[[str], None],
) -> None:
    for statement in parser:
        place = parser.at(statement.location.line_num)
        if isinstance(statement, config_parser.IncludeStatement):
            include(statement.filename)
        elif isinstance(statement, config_parser.ImportStatement):
            raise InputError(f"{place}: gin files of the suite import nothing.")
        elif isinstance(statement, config_parser.BlockDeclaration):
            _complete(statement.selector, place)
        elif statement.arg_name:
            selector = _complete(statement.selector, place)
            _check_parameter(selector, statement.arg_name, place)
            key = (statement.scope, selector, statement.arg_name)
            gin.bind_parameter(key, statement.value)
            _origins[key] = Origin(place, shipped)
        else:
            name = f"{statement.scope}/{statement.selector}".lstrip("/")
            if declared is not None and name not in declared:
                raise InputError(
                    f"{place}: base.gin declares no macro {name}."
                    f"{nearest(name, sorted(declared))}"
                )
            gin.bind_parameter((name, _MACRO, "value"), statement.value)
            _origins[name, _MACRO, "value"] = Origin(place, shipped)


def _complete(selector: str, place: str) -> str:
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
    known = list(_components)
    hint = nearest(selector, known) or nearest(selector.split(".")[-1], known)
    raise InputError(f"{place}: there is no component '{selector}'.{hint}")


def _check_parameter(selector: str, parameter: str, place: str) -> None:
    parameters = inspect.signature(_components[selector]).parameters
    if parameter not in parameters:
        raise InputError(
            f"{place}: '{selector}' has no parameter '{parameter}'."
            f"{nearest(parameter, list(parameters))}"
        )


def _default(selector: str, parameter: str) -> Any:
    return inspect.signature(_components[selector]).parameters[parameter].default


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return type(value) is type(default) and bool(value == default)


def _resolve(value: Any) -> Any:
    """Replaces macros in a bound value by their values."""
    if isinstance(value, gin_config.ConfigurableReference):
        if value.config_key[1] != _MACRO:
            return value
        name = "/".join(value.scopes)
        found = macros()
        if name not in found:
            raise InputError(f"No file sets the macro {name}.{nearest(name, [*found])}")
        return _resolve(found[name])
    if value is REQUIRED:
        return value
    if isinstance(value, dict):
        return {_resolve(k): _resolve(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_resolve(v) for v in value)
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
    if selector == _MACRO:
        return scope
    return f"{scope}/{selector}.{parameter}".lstrip("/")
