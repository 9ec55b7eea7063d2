"""From gin files to bindings, with errors that name the place."""

import pathlib
import tokenize
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import gin
from gin import config as gin_config
from gin import config_parser

from compare_ssgan.config.files import (
    MissingFileError,
    find_file,
    shipped_directory,
)
from compare_ssgan.config.registry import check_parameter, complete, nearest
from compare_ssgan.errors import InputError

MACRO = "gin.macro"


class Origin(NamedTuple):
    """Where a binding was written.

    Attributes:
        place: File and line, or the option of the command line.
        shipped: Whether the file is one of the suite's own.
    """

    place: str
    shipped: bool


# Where each binding, (scope, component, parameter), was written last.
origins: dict[tuple[str, str, str], Origin] = {}


def load(
    files: Sequence[str],
    settings: Sequence[str] = (),
    settable: Sequence[str] | None = None,
) -> None:
    """Replaces the current configuration.

    A file that several others include is read once, at its first mention, so that
    reading a method file after a dataset file does not bring base.gin's values back.

    Args:
        files: gin files, later ones override earlier ones. The first one declares
            the macros that the others may set.
        settings: "name.parameter = value" lines; they override the files.
        settable: Components, and groups of components, whose parameters settings may
            bind, where the files are settled: their bindings then need not be read.
            None for all, and macros.

    Raises:
        InputError: If a file is missing, cannot be parsed, or names an unknown
            component, parameter or macro; with file, line and the nearest name.
    """
    clear()
    done: set[pathlib.Path] = set()
    exempt = shipped_directory() if settable is None else pathlib.Path("/")
    declared: set[str] | None = None
    for name in files:
        path = find_file(name)
        _parse_file(path, exempt, done, declared)
        if declared is None:
            declared = set(macros())
    for setting in settings:
        place = f"--set '{setting}'"
        if settable is not None:
            _check_settable(_Parser(setting, place, multiline=False), settable)
        parser = _Parser(setting, place, multiline=False)
        _bind_all(parser, False, declared, _refuse_include)


def clear() -> None:
    """Forgets the current configuration."""
    gin.clear_config()
    origins.clear()


def bind_line(line: str, place: str, *, shipped: bool) -> None:
    """Adds one binding to the current configuration.

    Args:
        line: "name.parameter = value", or "MACRO = value".
        place: Where the user wrote it, for messages.
        shipped: Whether it is from a file of the suite's own.

    Raises:
        InputError: If it is not valid, or names an unknown component or parameter.
    """
    parser = _Parser(line, place, multiline=False)
    _bind_all(parser, shipped, None, _refuse_include)


def macros() -> dict[str, Any]:
    """Returns the current macros, references as gin's reference objects."""
    return {
        scope: parameters["value"]
        for (scope, selector), parameters in gin_config._CONFIG.items()
        if selector == MACRO
    }


class _Parser(config_parser.ConfigParser):
    """gin's parser, with errors that name the place."""

    def __init__(self, text: Any, place: str, multiline: bool = True) -> None:
        self.place, self._multiline = place, multiline
        try:
            super().__init__(text, _Delegate(self))
        except (SyntaxError, ValueError, tokenize.TokenError) as error:
            self._fail(error)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except InputError as error:
            # gin appends the position within the line.
            raise InputError(str(error).split("\n")[0]) from error
        except StopIteration:
            raise
        # tokenize.TokenError is not a SyntaxError before Python 3.12.
        except (SyntaxError, ValueError, tokenize.TokenError) as error:
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
            line, reason = None, str(error)
        # The last line says what failed, the ones before how Python put it.
        reason = str(reason).strip().split("\n")[-1].strip()
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
        complete(selector, self._parser.here())
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
        beside = path.parent / name
        target = beside if beside.is_file() else find_file(name)
        _parse_file(target.resolve(), shipped, done, declared)

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {path}: {error}") from error
    _bind_all(_Parser(text, str(path)), path.is_relative_to(shipped), declared, include)


def _check_settable(parser: _Parser, settable: Sequence[str]) -> None:
    for statement in parser:
        if not isinstance(statement, config_parser.BindingStatement):
            continue
        name = statement.selector
        if statement.arg_name:
            name = complete(statement.selector, parser.place)
            if any(f"{name}.".startswith(f"{each}.") for each in settable):
                continue
        allowed = ", ".join(each.removeprefix("roots.") for each in settable)
        raise InputError(
            f"{parser.place}: of what is settled, {name.removeprefix('roots.')} cannot "
            f"be changed. Only parameters of {allowed} can."
        )


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
            try:
                include(statement.filename)
            except MissingFileError as error:
                raise InputError(f"{place}: {error}") from error
        elif isinstance(statement, config_parser.ImportStatement):
            raise InputError(f"{place}: gin files of the suite import nothing.")
        elif isinstance(statement, config_parser.BlockDeclaration):
            complete(statement.selector, place)
        elif statement.arg_name:
            selector = complete(statement.selector, place)
            check_parameter(selector, statement.arg_name, place)
            key = (statement.scope, selector, statement.arg_name)
            _bind(key, statement.value, Origin(place, shipped))
        else:
            name = f"{statement.scope}/{statement.selector}".lstrip("/")
            if declared is not None and name not in declared:
                raise InputError(
                    f"{place}: base.gin declares no macro {name}."
                    f"{nearest(name, sorted(declared))}"
                )
            _bind((name, MACRO, "value"), statement.value, Origin(place, shipped))


def bind_macro(name: str, value: Any, place: str) -> None:
    """Sets a macro by an option of the command line.

    Args:
        name: Of the macro.
        value: Its value.
        place: The option, for messages.

    Raises:
        InputError: If the user has set it to something else elsewhere.
    """
    key = (name, MACRO, "value")
    before = origins.get(key)
    if before and not before.shipped and macros()[name] != value:
        raise InputError(f"{name} is set twice: {before.place}, and {place}.")
    _bind(key, value, Origin(place, shipped=False))


def _bind(key: tuple[str, str, str], value: Any, origin: Origin) -> None:
    """Sets a value; a file of the suite's must not undo what the user wrote."""
    scope, selector, parameter = key
    before = origins.get(key)
    if before and origin.shipped and not before.shipped:
        if value == gin_config._CONFIG[scope, selector][parameter]:
            return
        raise InputError(
            f"{before.place} has no effect: {origin.place}, which is read later, sets "
            "the same. Use --set instead."
        )
    gin.bind_parameter(key, value)
    origins[key] = origin
