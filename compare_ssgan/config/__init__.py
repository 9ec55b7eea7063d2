"""The only package that imports gin: registration, parsing, identity of a run."""

from compare_ssgan.config.bindings import (
    canonical,
    construction,
    digest,
    make,
    operative,
    query,
    take,
    unread_bindings,
)
from compare_ssgan.config.files import find_file, search_path, shipped_directory
from compare_ssgan.config.frozen import Frozen, freeze, thaw
from compare_ssgan.config.parsing import bind_macro, load, macros
from compare_ssgan.config.registry import (
    REQUIRED,
    entry_point,
    nearest,
    register,
    registered,
)
from compare_ssgan.config.values import check_values

__all__ = [
    "REQUIRED",
    "Frozen",
    "bind_macro",
    "canonical",
    "check_values",
    "construction",
    "digest",
    "entry_point",
    "find_file",
    "freeze",
    "load",
    "macros",
    "make",
    "nearest",
    "operative",
    "query",
    "register",
    "registered",
    "search_path",
    "shipped_directory",
    "take",
    "thaw",
    "unread_bindings",
]
