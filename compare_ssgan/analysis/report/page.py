"""Writes a study's results as one HTML page that needs nothing else.

A page is a skeleton, a style, scripts that are put together as they are, and data. It
runs nothing but these scripts, whose hashes it names, and loads nothing: what a run
says of itself is text, whatever it looks like.
"""

import base64
import hashlib
import html
import importlib.resources
import json
import logging
import os
import pathlib
from typing import Any

from compare_ssgan.analysis import output_files
from compare_ssgan.analysis.records.run_records import Directories
from compare_ssgan.analysis.report import document, thumbnails
from compare_ssgan.errors import InputError

_logger = logging.getLogger(__name__)

# What a page may take, in bytes. Pictures take what data leave; a page whose data
# alone take more says so.
LARGEST = 20_000_000
_SLACK = 200_000

# In the order in which they need each other.
SCRIPTS = (
    "text.js",
    "elements.js",
    "data.js",
    "state.js",
    "table.js",
    "methods.js",
    "scales.js",
    "series.js",
    "chart.js",
    "curves.js",
    "samples.js",
    "difference.js",
    "details.js",
    "runs.js",
    "problems.js",
    "main.js",
)

# What would end or begin an element, and what JavaScript takes for ends of lines.
_ESCAPES = {
    character: f"\\u{ord(character):04x}"
    for character in ("<", ">", "&", "\u2028", "\u2029")
}


def write(
    directories: Directories,
    out: str | os.PathLike[str],
    metric: str | None = None,
) -> pathlib.Path:
    """Writes the page of some directories, and returns its path.

    A page that was there stays as it is until the new one is complete.

    Args:
        directories: One or several directories of runs or studies.
        out: File to write.
        metric: What is shown first: a kind such as "fid", or a full name.

    Raises:
        InputError: As for `document.build`, or if the file cannot be written.
        CommandError: If the disk is full.
    """
    path = pathlib.Path(out)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out must be the path of a .html, not '{path}'.")
    content = render(directories, metric).encode()
    output_files.write(path, lambda file: file.write_bytes(content), "report")
    return path


def render(directories: Directories, metric: str | None = None) -> str:
    """Returns the page of some directories.

    A warning is logged, and stands in the page, if it is larger than `LARGEST`.

    Args:
        directories: One or several directories of runs or studies.
        metric: What is shown first: a kind such as "fid", or a full name.

    Raises:
        InputError: As for `document.build`.
    """
    built = document.build(directories, metric)
    data, configs = embedded(built.data), embedded(built.configs)
    taken = _SLACK + len(data.encode()) + len(configs.encode())
    room = LARGEST - taken
    if room < 0:
        said = (
            f"This page has {taken / 1e6:.1f} MB, more than the {LARGEST / 1e6:.0f} MB "
            "that open fast everywhere, and no pictures for want of room. A report of "
            "fewer directories is smaller."
        )
        _logger.warning("%s", said)
        caveats = [*built.data["caveats"], said]
        data = embedded({**built.data, "caveats": caveats})
    budget = max(0, min(thumbnails.LARGEST_TOTAL, room))
    images = embedded(document.pictures(built.found, budget))
    style, script = asset("page.css"), "\n".join(map(asset, SCRIPTS))
    # Modules of their own could not be loaded from a file's address.
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    parts = {
        "policy": _policy(style, script),
        "title": html.escape(f"{', '.join(built.data['studies'][:3])}: compare_ssgan"),
        "style": style,
        "data": data,
        "configs": configs,
        "images": images,
        "script": script,
    }
    # In one go: what is put in may look like a place to put something.
    pieces = asset("page.html").split("@@")
    return "".join(
        parts[piece] if number % 2 else piece for number, piece in enumerate(pieces)
    )


def embedded(content: Any) -> str:
    """Returns JSON that is harmless inside an element of a page.

    Args:
        content: What JSON can say, without NaN.
    """
    text = json.dumps(
        content, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    # Half of a pair of code units is no character, and has no UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()


def asset(name: str) -> str:
    """Returns a file of the page by its name."""
    assets = importlib.resources.files(__package__) / "assets"
    return (assets / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Returns a Content Security Policy that allows nothing but these two texts."""
    return (
        f"default-src 'none'; script-src {_digest(script)}; "
        f"style-src {_digest(style)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
