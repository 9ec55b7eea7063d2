"""All that a page knows, as JSON."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import compare_ssgan
from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.records import protocols, run_records
from compare_ssgan.analysis.records.run_records import Directories, Run
from compare_ssgan.analysis.report import (
    caveats,
    comparisons,
    curves,
    provenance,
    thumbnails,
)
from compare_ssgan.analysis.report.pools import Pool, Pools, number
from compare_ssgan.analysis.report.provenance import Provenance
from compare_ssgan.protocols import KINDS, kind_of

SCHEMA = 1


class Document(NamedTuple):
    """What is embedded in a page, in pieces that are decoded when they are needed.

    Attributes:
        data: What is shown at once.
        configs: Lines of configurations, and by run the numbers of its lines.
        found: Runs, for their pictures.
    """

    data: dict[str, Any]
    configs: dict[str, Any]
    found: Sequence[Run]


def build(
    directories: Directories,
    metric: str | None = None,
    now: datetime.datetime | None = None,
) -> Document:
    """Returns the document of some directories.

    Args:
        directories: One or several directories of runs or studies.
        metric: What is shown first: a kind such as "fid", or a full name; None for
            FID or else the first one measured.
        now: Time that the page tells where runs are unfinished; None for now.

    Raises:
        InputError: If there are no records or one cannot be read, if runs contradict
            each other, or if the metric was not measured.
    """
    datasets = groups.by_dataset(run_records.read(directories))
    if metric is not None:
        groups.resolve(datasets, metric)
    found = [run for name in datasets for group in datasets[name] for run in group.runs]
    names = sorted({name for run in found for name in run.metrics})
    pools = Pools()
    sources = {run.run_id: provenance.read(run) for run in found}
    trained = {key: each.code for key, each in sources.items() if each.code}
    clock = (now or datetime.datetime.now()).strftime("%Y-%m-%d %H:%M")
    codes: Pool[tuple[tuple[str, str], ...]] = Pool()
    tables = [comparisons.of_dataset(*item) for item in datasets.items()]
    listed = _runs(datasets, sources, names, pools, codes)
    data = {
        "schema": SCHEMA,
        "version": compare_ssgan.__version__,
        "studies": list(dict.fromkeys(run.study for run in found)),
        "caveats": caveats.of(found, trained, clock),
        "axes": [axis._asdict() for axis in curves.AXES],
        "metrics": [_metric(name) for name in names],
        "first": _first(names, metric),
        "datasets": [
            {
                "name": name,
                "groups": _groups(members, found, pools),
                "tables": [comparisons.content(each, names, pools) for each in made],
            }
            for (name, members), made in zip(datasets.items(), tables, strict=True)
        ],
        "across": comparisons.across_datasets(tables, pools),
        "runs": listed,
        "codes": [dict(code) for code in codes.items],
        "texts": pools.texts.items,
        "numbers": pools.numbers.items,
        "grids": [json.loads(grid) for grid in pools.grids.items],
    }
    return Document(data, _configs(found, sources), found)


def _first(names: Sequence[str], metric: str | None) -> int | None:
    """Returns the number of the metric that is shown first."""
    chosen = protocols.main_metric(names)
    if metric is not None:
        chosen = next(n for n in names if metric in (n, kind_of(n)))
    return None if chosen is None else list(names).index(chosen)


def _metric(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind_of(name),
        "label": protocols.label(name),
        "title": protocols.describe(name),
        "lower": KINDS[kind_of(name)].lower_is_better
        if kind_of(name) in KINDS
        else None,
    }


def _groups(
    members: Sequence[Group], found: Sequence[Run], pools: Pools
) -> list[dict[str, Any]]:
    place = {run.run_id: index for index, run in enumerate(found)}
    return [
        {
            "label": group.label,
            "method": group.method,
            "family": group.family,
            "budget": group.budget,
            "settings": [pools.texts.add(text) for text in group.settings],
            "runs": [place[run.run_id] for run in group.runs],
        }
        for group in members
    ]


def _runs(
    datasets: Mapping[str, Sequence[Group]],
    sources: Mapping[str, Provenance],
    metrics: list[str],
    pools: Pools,
    codes: "Pool[tuple[tuple[str, str], ...]]",
) -> list[dict[str, Any]]:
    return [
        {
            "dataset": place,
            "group": index,
            **_run(run, sources[run.run_id], pools, codes),
            **curves.of(run, metrics, pools),
        }
        for place, members in enumerate(datasets.values())
        for index, group in enumerate(members)
        for run in group.runs
    ]


def _run(
    run: Run,
    source: Provenance,
    pools: Pools,
    codes: "Pool[tuple[tuple[str, str], ...]]",
) -> dict[str, Any]:
    """Returns a run without what its group knows; what it lacks is left out."""
    content = {
        "id": run.run_id,
        "study": pools.texts.add(run.study),
        "seed": run.seed,
        "status": run.status,
        "step": run.steps_taken,
        "steps": run.steps,
        "seconds": number(run.wall_seconds),
        "error": pools.texts.add(run.error) if run.error else None,
        "diverged": _divergence(run, pools),
        "code": codes.add(tuple(source.code.items())) if source.code else None,
        "networks": {
            name: pools.texts.add(text) for name, text in source.networks.items()
        },
        "attempts": source.attempts,
        "data": {name: pools.texts.add(str(text)) for name, text in run.data.items()},
    }
    return {key: value for key, value in content.items() if value not in (None, (), {})}


def _divergence(run: Run, pools: Pools) -> list[int | None] | None:
    if run.status != "diverged":
        return None
    term = run.diverged_term
    return [run.diverged_step, pools.texts.add(term) if term else None]


def _configs(found: Sequence[Run], sources: Mapping[str, Provenance]) -> dict[str, Any]:
    lines: Pool[str] = Pool()
    by_run = [[lines.add(line) for line in sources[run.run_id].config] for run in found]
    return {"runs": by_run, "lines": lines.items}


def pictures(found: Sequence[Run], budget: int) -> dict[str, Any]:
    """Returns the thumbnails of runs, of a size that all together may have.

    Args:
        found: The runs, in the order of the document.
        budget: Bytes.
    """
    made = thumbnails.make(found, budget)
    by_run = [made.by_run.get(run.run_id) for run in found]
    return {
        "pictures": made.pictures,
        "runs": [
            None if each is None else {**each._asdict(), "original": each.original}
            for each in by_run
        ],
        "unreadable": made.unreadable,
        "leftOut": made.left_out,
    }
