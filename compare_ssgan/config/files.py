"""Where gin files are found."""

import pathlib

from compare_ssgan.config.registry import nearest
from compare_ssgan.errors import InputError


class MissingFileError(InputError):
    """There is no gin file of that name."""


_PACKAGE = pathlib.Path(__file__).resolve().parent.parent


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
        try:
            path = (directory / name).resolve()
            if path.is_file():
                return path
        except OSError as error:
            raise InputError(
                f"Cannot read the gin file '{name}': {error.strerror}. Name another "
                "one (--gin, a study, or an include)."
            ) from error
    if pathlib.Path(name).is_dir():
        raise MissingFileError(f"'{name}' is a directory, not a gin file.")
    stem = pathlib.PurePath(name).stem
    shipped = shipped_directory() / f"{stem}.gin"
    if shipped.is_file():
        hint = f" Did you mean 'gin_configs/{stem}.gin'?"
    else:
        siblings = [
            str(pathlib.Path(name).parent / sibling.name)
            for directory in search_path()
            for sibling in (directory / name).parent.glob("*.gin")
        ]
        hint = nearest(name, siblings)
    raise MissingFileError(
        f"There is no gin file '{name}' in the working directory or among the "
        f"installed ones.{hint}"
    )
