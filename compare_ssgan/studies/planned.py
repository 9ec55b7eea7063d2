"""Planned runs as files, so that what is queued outlives edits of the gin files."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from compare_ssgan import config
from compare_ssgan.analysis.records import schema
from compare_ssgan.config import Frozen
from compare_ssgan.errors import InputError
from compare_ssgan.studies import files, spec
from compare_ssgan.studies.request import RunRequest

FOLDER = "planned"
SCHEMA = 1

# What a file has of the request, and what else.
_OF_REQUEST: dict[str, schema.Types] = {
    "run_id": str,
    "study": str,
    "dataset": str,
    "method": str,
    "family": str,
    "budget": str,
    "seed": int,
    "settings": list,
    "gin_files": list,
}
_FIELDS = {"schema": int, **_OF_REQUEST, "shipped": list, "written": list}
_AGAIN = "Repeat the sweep, which plans the run anew, or use --gin."


def write(request: RunRequest, frozen: Frozen) -> RunRequest:
    """Writes a planned run to planned/<run_id>.json in the directory of its study.

    The file holds all of the configuration: editing or removing gin files changes
    nothing. What to compute on, and with what data directory, is not part of it.

    Args:
        request: As returned by `spec.load`.
        frozen: The configuration that was current then.

    Returns:
        The request, with the path of the file.
    """
    folder = request.directory / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{request.run_id}.json"
    described = {name: getattr(request, name) for name in _OF_REQUEST}
    content = {"schema": SCHEMA, **described, **frozen._asdict()}
    text = json.dumps({**content, "sha256": _digest(content)}, indent=1) + "\n"
    # Of two sweeps that plan a run, the second has nothing to add.
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        files.write_atomically(path, text)
    return dataclasses.replace(request, planned=path)


def load(request: RunRequest) -> RunRequest:
    """Makes the configuration of a planned run the current one, as `spec.load` does.

    Args:
        request: Says which file (`planned`), and where and on what to compute. Without
            `out`, that is the directory which the file was planned in.

    Returns:
        The request as it was planned.

    Raises:
        InputError: If the file cannot be read, was edited, or means another run to
            this version of the package.
    """
    path = request.planned
    assert path is not None
    content = schema.check(files.read_json(path), str(path), {"schema": int})
    if content["schema"] > SCHEMA:
        raise InputError(
            f"{path} was written by a newer version (schema {content['schema']}, this "
            f"one reads {SCHEMA}). Update compare_ssgan."
        )
    recorded = content.pop("sha256", None)
    if recorded != _digest(content):
        raise InputError(f"{path} was edited, or is damaged: it is not used. {_AGAIN}")
    schema.check(content, str(path), _FIELDS)
    spec.import_roots()
    spec.check_strategy(request)
    try:
        config.thaw(
            Frozen(
                tuple(content["shipped"]),
                tuple((line, place) for line, place in content["written"]),
            )
        )
        config.check_values()
        digest = config.digest(config.canonical())
    except InputError as error:
        raise InputError(
            f"{path} was planned by another version of the package: {error} {_AGAIN}"
        ) from error
    if not content["run_id"].endswith(f"-{digest}"):
        raise InputError(
            f"{path} was planned by another version of the package, to which the same "
            f"configuration is another run (-{digest}). {_AGAIN}"
        )
    described = {name: content[name] for name in _OF_REQUEST}
    for name in ("settings", "gin_files"):
        described[name] = tuple(described[name])
    out = request.out or _directory(path)
    return dataclasses.replace(request, **described, out=out)


def _directory(path: pathlib.Path) -> pathlib.Path:
    """Returns the directory of the study that a file is in."""
    folder = path.absolute().parent
    if folder.name != FOLDER:
        raise InputError(
            f"{path} is not in the folder {FOLDER} of a study. Say with --out where "
            "the run shall be."
        )
    return folder.parent


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
