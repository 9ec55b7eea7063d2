"""What a reader has to know before any number of a page."""

from collections.abc import Mapping, Sequence

from compare_ssgan.analysis.records import commits
from compare_ssgan.analysis.records.run_records import FINISHED, STATUSES, Run

_SHOWN = 4
# Threads change no result, but bits.
_COMPARED = ("git commit", "compare_ssgan", "tensorflow", "device")


def of(
    runs: Sequence[Run],
    code: Mapping[str, Mapping[str, str]],
    made: str,
) -> list[str]:
    """Returns sentences on what makes the runs less comparable than they look.

    Args:
        runs: All runs.
        code: What `provenance.Provenance.code` says, by run_id.
        made: When the page was made, in words.
    """
    return [*_unfinished(runs, made), *_without_result(runs), *_mixed(code)]


def _unfinished(runs: Sequence[Run], made: str) -> list[str]:
    counts = {
        status: sum(run.status == status for run in runs)
        for status in STATUSES
        if status not in (*FINISHED, "failed")
    }
    said = {"partial": "interrupted", "missing": "not started"}
    parts = [f"{n} {said.get(name, name)}" for name, n in counts.items() if n]
    if not parts:
        return []
    number = sum(counts.values())
    return [
        f"{number} of {len(runs)} runs {_were(number)} not finished when this page was "
        f"made ({made}): {', '.join(parts)}."
    ]


def _without_result(runs: Sequence[Run]) -> list[str]:
    said = []
    for status, word in (("failed", "failed"), ("diverged", "diverged")):
        methods = [run.method for run in runs if run.status == status]
        if methods:
            counts = {method: methods.count(method) for method in methods}
            parts = [f"{method} ({n})" for method, n in counts.items()]
            said.append(f"{len(methods)} of {len(runs)} runs {word}: {_some(parts)}.")
    return said


def _mixed(code: Mapping[str, Mapping[str, str]]) -> list[str]:
    said = []
    for name in _COMPARED:
        values = [each.get(name, "unknown") for each in code.values()]
        counts = {value: values.count(value) for value in dict.fromkeys(values)}
        if len(counts) > 1:
            parts = [
                f"{commits.short(value) if name == 'git commit' else value} ({n} runs)"
                for value, n in sorted(counts.items(), key=lambda item: -item[1])
            ]
            said.append(f"Runs differ in {name}: {_some(parts)}.")
    dirty = sum(each.get("git commit", "").endswith("-dirty") for each in code.values())
    if dirty:
        said.append(
            f"{dirty} run{'s' * (dirty != 1)} {_were(dirty)} made by code with changes "
            "that were not committed."
        )
    return said


def _some(parts: Sequence[str]) -> str:
    more = [f"{len(parts) - _SHOWN} more"] if len(parts) > _SHOWN else []
    return ", ".join([*parts[:_SHOWN], *more])


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
