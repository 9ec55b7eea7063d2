"""Tables as CSV and JSON, with full precision."""

import csv
import io
import json
import math
from typing import Any

from compare_ssgan.analysis.comparison.comparing import Comparison
from compare_ssgan.analysis.comparison.rows import Row, Table
from compare_ssgan.analysis.tables import captions
from compare_ssgan.analysis.tables.layout import Style, verdict

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(comparison: Comparison, style: Style) -> str:
    """Returns a line a method, or a line a run.

    Those of a dataset without the metric have the name of it that was asked for.
    """
    spread = any(table.has_eval_deviation for table in comparison.tables)
    rows = [
        record
        for table in [*comparison.tables, *comparison.empty]
        for row in table.rows
        for record in (
            _runs(row, table) if style.runs else [_record(row, table, spread)]
        )
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _flat(value) for name, value in row.items()})
    return text.getvalue().rstrip("\n")


def write_json(comparison: Comparison, style: Style) -> str:
    """Returns all there is: rows, runs, published numbers, captions and notes."""
    del style
    tables = [
        {
            "dataset": table.dataset,
            "metric": table.metric,
            "select": table.selection.name,
            "chosen_by": table.chosen_by,
            "lower_is_better": table.lower_is_better,
            "eval_seeds": list(table.eval_seeds),
            "caption": captions.sentences(table, "Rank"),
            "notes": captions.notes(table),
            "comparisons": table.num_comparisons,
            "rows": [
                {
                    **_record(row, table, spread=True),
                    "runs": [
                        {
                            **cell._asdict(),
                            "value": _number(cell.value),
                            "eval_deviation": _number(cell.eval_deviation),
                        }
                        for cell in row.cells
                    ],
                }
                for row in table.rows
            ],
            "published": [number._asdict() for number in table.published],
        }
        for table in comparison.tables
    ]
    across = [
        {
            "metric": found.metric,
            "against": found.against,
            "datasets": list(found.datasets),
            "rows": [
                {
                    "method": label,
                    "datasets": row.num_datasets,
                    "probability": row.probability,
                    "low": _number(row.low),
                    "high": _number(row.high),
                }
                for label, row in found.rows
            ],
        }
        for found in comparison.across
    ]
    content = {
        "tables": tables,
        "unmeasured": dict(comparison.unmeasured),
        "across": across,
    }
    return json.dumps(content, indent=2, allow_nan=False)


def _record(row: Row, table: Table, spread: bool) -> dict[str, Any]:
    """Returns a row with full precision, None where there is no number.

    Args:
        row: The row.
        table: Its table.
        spread: Whether to add the spread over evaluation seeds.
    """
    summary = row.summary
    statuses = [cell.status for cell in row.cells]
    return {
        **_identity(row, table),
        "seeds": summary.num_runs,
        "n": summary.num_values,
        "median": _number(summary.median),
        "mean": _number(summary.mean),
        "min": _number(summary.minimum),
        "max": _number(summary.maximum),
        "std": _number(summary.standard_deviation),
        "statistic": table.statistic,
        "estimate": _number(summary.estimate),
        "estimate_low": _number(summary.low),
        "estimate_high": _number(summary.high),
        **({"eval_std": _number(row.eval_deviation)} if spread else {}),
        **{
            status: statuses.count(status)
            for status in ("diverged", "failed", "running", "partial", "missing")
        },
        "first_step": min(row.steps, default=None),
        "last_step": max(row.steps, default=None),
        "rank": row.rank or None,
        **_difference(row, table),
        **_gap(row),
    }


def _identity(row: Row, table: Table) -> dict[str, Any]:
    return {
        "dataset": table.dataset,
        "metric": table.metric,
        "select": table.selection.name,
        "family": row.group.family,
        "method": row.group.method,
        "budget": row.group.budget,
        "settings": list(row.group.settings),
    }


def _difference(row: Row, table: Table) -> dict[str, Any]:
    found = row.difference
    return {
        "baseline": table.against if found else None,
        "pairs": found.num_pairs if found else None,
        "difference": _number(found.difference) if found else None,
        "difference_low": _number(found.low) if found else None,
        "difference_high": _number(found.high) if found else None,
        "p": _number(found.p_value) if found else None,
        "smallest_p": _number(found.smallest_p_value) if found else None,
        "holm_p": _number(row.corrected_p),
        "smallest_holm_p": _number(row.smallest_corrected_p),
        "verdict": verdict(row, table) if found and found.num_pairs else None,
    }


def _gap(row: Row) -> dict[str, Any]:
    share = "undefined" if row.gap_closed is None else _number(row.gap_closed)
    low, high = row.gap_interval or (math.nan, math.nan)
    return {
        "gap_closed": share if row.gap_applies else None,
        "gap_closed_low": _number(low),
        "gap_closed_high": _number(high),
    }


def _runs(row: Row, table: Table) -> list[dict[str, Any]]:
    return [
        {
            **_identity(row, table),
            "seed": cell.seed,
            "run_id": cell.run_id,
            "status": cell.status,
            "step": cell.step,
            "value": _number(cell.value),
            "problem": cell.problem,
            "eval_seeds": [str(seed) for seed in cell.eval_seeds],
            "eval_std": _number(cell.eval_deviation),
        }
        for cell in row.cells
    ]


def _flat(value: Any) -> Any:
    if value is None:
        return ""
    text = "; ".join(value) if isinstance(value, list) else value
    # A spreadsheet takes such texts for formulas, whoever wrote the record.
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
