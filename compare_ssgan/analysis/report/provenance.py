"""Where the numbers of a run come from: code, versions, device, attempts."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from compare_ssgan.analysis.records import attempts, config_file, schema
from compare_ssgan.analysis.records.attempts import Attempt
from compare_ssgan.analysis.records.run_records import Run
from compare_ssgan.errors import InputError

_FIELDS: dict[str, schema.Types] = {
    "git_commit": str,
    "package_version": str,
    "versions": dict,
    "device": dict,
    "networks": dict,
    "batch_size": int,
    "discriminator_steps": int,
}


class Provenance(NamedTuple):
    """What a run says about itself, beside what `run_records.Run` has.

    Attributes:
        code: Commit, version of the package, other versions and the device, each as
            a text by its name: what runs that are compared should agree on.
        networks: Sizes of batch and networks, as texts by name.
        attempts: One text an attempt.
        config: Lines of config.gin; empty if there is none.
    """

    code: Mapping[str, str]
    networks: Mapping[str, str]
    attempts: tuple[str, ...]
    config: tuple[str, ...]


NOTHING = Provenance({}, {}, (), ())


def read(run: Run) -> Provenance:
    """Returns the provenance of a run; fields that it does not have are absent.

    Raises:
        InputError: If a file cannot be read or holds something else.
    """
    if run.directory is None:
        return NOTHING
    try:
        return _read(run.directory)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Cannot read the records of {run.directory}: {error}."
        ) from error


def _read(directory: pathlib.Path) -> Provenance:
    content: dict[str, Any] = {}
    path = directory / "run.json"
    if path.is_file():
        # Whether it is JSON was found when the run was read.
        content = json.loads(path.read_text(encoding="utf-8"))
        schema.check(content, str(path), {}, _FIELDS)
    lines = config_file.lines(directory) or []
    return Provenance(
        _code(content),
        _networks(content),
        tuple(map(_attempt, attempts.read(directory))),
        tuple(line for line in lines if line.strip()),
    )


def _code(content: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "git commit": content.get("git_commit"),
        "compare_ssgan": content.get("package_version"),
        **(content.get("versions") or {}),
    }
    device = content.get("device") or {}
    if device:
        kind, name = device.get("kind", "?"), device.get("name", "?")
        found["device"] = f"{name} ({kind})"
        found["threads"] = device.get("threads")
    return {name: str(value) for name, value in found.items() if value is not None}


def _networks(content: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "batch size": content.get("batch_size"),
        "discriminator steps": content.get("discriminator_steps"),
    }
    texts = {name: str(value) for name, value in found.items() if value is not None}
    networks = content.get("networks") or {}
    parts = {"generator": networks.get("generator")}
    parts["discriminator"] = networks.get("discriminator")
    tasks = networks.get("tasks")
    for name, task in (tasks if isinstance(tasks, dict) else {}).items():
        parts[f"task {name}"] = task
    for name, part in parts.items():
        if isinstance(part, dict):
            texts[name] = _network(part)
    return texts


def _network(part: Mapping[str, Any]) -> str:
    count = part.get("parameters")
    size = f"{count:,} parameters" if isinstance(count, int) else ""
    return ", ".join(filter(None, [str(part.get("name") or ""), size])) or "?"


def _attempt(attempt: Attempt) -> str:
    """Returns an attempt in words."""
    ended = f" to {attempt.ended.isoformat()}" if attempt.ended else ""
    return (
        f"{attempt.status}: steps {attempt.from_step:,} to {attempt.to_step:,}, "
        f"{attempt.started.isoformat()}{ended}"
    )
