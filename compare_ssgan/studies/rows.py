"""Rows of measurements on stdout, as wide as the widest of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from compare_ssgan.analysis.records.run_records import Run

# Wider than the values.
_VALUE = 10


class Rows:
    """Prints rows below a header, and a new header where the columns change."""

    def __init__(self, runs: Sequence[Run], several_seeds: bool) -> None:
        """Prepares printing.

        Args:
            runs: All runs of which there may be rows.
            several_seeds: Whether rows differ in their evaluation seed.
        """
        self._several_seeds = several_seeds
        self._widths = {
            "method": max(len(run.method) for run in runs),
            "dataset": max(len(run.dataset) for run in runs),
            "seed": max(len(str(run.seed)) for run in runs),
            "step": max(len(str(run.steps)) for run in runs),
            "eval_seed": 0,
        }
        self._header: list[str] = []

    def show(
        self, run: Mapping[str, Any], step: int, seed: int, values: Mapping[str, float]
    ) -> None:
        """Prints a row.

        Args:
            run: Contents of run.json.
            step: Generator step.
            seed: Evaluation seed.
            values: By full name of the metric.
        """
        cells = {
            "method": run["method"],
            "dataset": run["dataset"],
            "seed": str(run["seed"]),
            "step": str(step),
        }
        if self._several_seeds:
            cells["eval_seed"] = str(seed)
        cells |= {name: f"{value:.4g}" for name, value in values.items()}
        if run["status"] != "complete":
            cells["status"] = run["status"]
        if self._header != [*cells]:
            self._header = [*cells]
            self._print({name: name for name in cells})
        self._print(cells)

    def _print(self, cells: Mapping[str, str]) -> None:
        padded = [
            cell.ljust(max(len(name), self._widths.get(name, _VALUE)))
            for name, cell in cells.items()
        ]
        print("  ".join(padded).rstrip(), flush=True)
