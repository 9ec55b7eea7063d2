"""Claims of papers, held against a study: which show in its runs, and which do not.

A study's `claims.json`, written by hand, is a list of objects:

    {"claim": "Self-supervision helps an unconditional GAN.",
     "source": "Chen et al. 2019, Table 1",
     "method": "ssgan", "other": "sn_gan", "metric": "fid", "says": "better"}

`says` is "better" (than the other method) or "no worse". What the runs say of it is
computed, by the rule for ties of all tables: a difference on equal seeds shows if its
95 % interval excludes 0.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis.comparison import comparing
from compare_ssgan.analysis.comparison.rows import Row
from compare_ssgan.analysis.comparison.selection import parse_selection
from compare_ssgan.analysis.statistics import differences
from compare_ssgan.analysis.statistics.differences import Paired

FILE = "claims.json"
SAYS = ("better", "no worse")


class Claim(NamedTuple):
    """What a paper says of two methods; the fields are those of the file."""

    claim: str
    source: str
    method: str
    other: str
    metric: str
    says: str = "better"


class Judged(NamedTuple):
    """A claim beside what the runs say.

    Attributes:
        claim: The claim.
        metric: Full name of its metric.
        found: The method minus the other on equal seeds.
        corrected_p: p-value of that, corrected for the number of claims (Holm).
        verdict: One of those of `verdict`.
    """

    claim: Claim
    metric: str
    found: Paired
    corrected_p: float
    verdict: str


def read(study: pathlib.Path) -> list[Claim]:
    """Returns the claims that are held against a study; none without a file."""
    path = study / FILE
    if not path.is_file():
        return []
    claims = [Claim(**entry) for entry in json.loads(path.read_text("utf-8"))]
    for claim in claims:
        if claim.says not in SAYS:
            raise SystemExit(f"{path}: 'says' is one of {SAYS}, not '{claim.says}'.")
    return claims


def judge(study: pathlib.Path) -> list[Judged]:
    """Returns the claims of a study, each beside what its last measurements say."""
    claims = read(study)
    found = [_found(study, claim) for claim in claims]
    corrected = differences.holm([paired.p_value for _, paired, _ in found])
    return [
        Judged(claim, metric, paired, p, verdict(claim.says, paired, lower))
        for claim, (metric, paired, lower), p in zip(
            claims, found, corrected, strict=True
        )
    ]


def verdict(says: str, found: Paired, lower_is_better: bool) -> str:
    """Returns what a difference, the method minus the other, says of a claim.

    Returns:
        For "better": "shows", "cannot be told" or "the reverse shows". For "no worse":
        "not contradicted" (which is less than shown), "contradicted" or "better".
    """
    tied, reverse, better = {
        "better": ("cannot be told", "the reverse shows", "shows"),
        "no worse": ("not contradicted", "contradicted", "better"),
    }[says]
    if found.tied:
        return tied
    return better if (found.difference < 0) == lower_is_better else reverse


def render(judged: Sequence[Judged]) -> str:
    """Returns a markdown table."""
    head = [
        "claim",
        "compared",
        "metric",
        "difference",
        "p (smallest)",
        "Holm p",
        "in these runs",
    ]
    lines = [head, ["---"] * len(head)]
    for each in judged:
        claim, found = each.claim, each.found
        lines.append(
            [
                f"{claim.claim} ({claim.source})",
                f"{claim.method} - {claim.other}, {found.num_pairs} seeds",
                each.metric,
                f"{found.difference:+.3g} [{found.low:+.3g}, {found.high:+.3g}]",
                f"{found.p_value:.2g} ({found.smallest_p_value:.2g})",
                f"{each.corrected_p:.2g}",
                f"**{each.verdict}**",
            ]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _found(study: pathlib.Path, claim: Claim) -> tuple[str, Paired, bool]:
    """Returns the full name of a metric, the difference, the metric's direction."""
    options = comparing.Options(parse_selection("last"), against=claim.other)
    (table,) = comparing.compare([study], claim.metric, options).tables
    rows: list[Row] = [r for r in table.rows if r.group.method == claim.method]
    if len(rows) != 1 or rows[0].difference is None:
        raise SystemExit(
            f"{study / FILE}: {study} has no single row of '{claim.method}' that can "
            f"be compared with '{claim.other}'."
        )
    if table.lower_is_better is None:
        raise SystemExit(f"{study / FILE}: of {table.metric} neither way is better.")
    return table.metric, rows[0].difference, table.lower_is_better
