"""What a comparison table holds: methods as rows, each over its seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from compare_ssgan.analysis.comparison import groups
from compare_ssgan.analysis.comparison.cells import Cell
from compare_ssgan.analysis.comparison.groups import Group
from compare_ssgan.analysis.comparison.published import Number
from compare_ssgan.analysis.comparison.selection import Selection
from compare_ssgan.analysis.statistics import summaries
from compare_ssgan.analysis.statistics.differences import Paired

# What labels buy is measured from the first to the second.
BASELINE = "sn_gan"
LABELLED = "cond_gan"


class Row(NamedTuple):
    """A method with its settings, over seeds.

    Attributes:
        group: The runs.
        cells: One a seed.
        summary: Over the finite values.
        num_diverged: Seeds that diverged.
        difference: To what the table compares with, on equal seeds; None for that
            itself and where there is none.
        gap_applies: Whether the method does without labels, or with fewer, both
            ends of the gap were trained, and the metric has a direction.
        gap_closed: The share, as `gaps.gap_closed`: None where undefined, NaN where
            there is no seed to tell it from.
        gap_interval: Its 95 % interval, which may be unbounded; None with gap_closed.
        corrected_p: p-value of the difference, corrected for the number of
            differences in the table; NaN without a p-value.
        smallest_corrected_p: What that cannot fall below with so few pairs.
        rank: "best", "tied" with the best, or ""; see `ranking.ranks`.
        apart: Methods to compare it with that were trained with other settings only.
        unequal_steps: Whether it is compared with values of other steps.
    """

    group: Group
    cells: Sequence[Cell]
    summary: summaries.Summary
    num_diverged: int
    difference: Paired | None
    gap_applies: bool
    gap_closed: float | None
    gap_interval: tuple[float, float] | None = None
    corrected_p: float = float("nan")
    smallest_corrected_p: float = float("nan")
    rank: str = ""
    apart: tuple[str, ...] = ()
    unequal_steps: bool = False

    @property
    def steps(self) -> list[int]:
        """Steps of the finite values, ascending, each once."""
        return sorted({c.step for c in self.cells if c.step is not None})

    @property
    def eval_deviation(self) -> float:
        """Mean over runs of the deviation over evaluation seeds; NaN without any."""
        found = [c.eval_deviation for c in self.cells if c.eval_seeds]
        finite = [deviation for deviation in found if math.isfinite(deviation)]
        return sum(finite) / len(finite) if finite else float("nan")


class Table(NamedTuple):
    """The methods of one dataset, compared by one protocol.

    Attributes:
        dataset: Name of the dataset.
        metric: Full name of the metric.
        lower_is_better: Its direction; None where neither is better.
        selection: Rule that chose a number from each run.
        eval_seeds: Evaluation seeds that numbers are the mean of, of all together.
        mixed_eval_seeds: Whether these are not the same for all that was compared.
        shared: What all rows agree on.
        rows: Ordered by family.
        against: Method or row that differences are to.
        statistic: What `Summary.estimate` is, one of `summaries.STATISTICS`.
        chosen_by: Full name of the metric that chose the steps.
        published: Numbers of papers to be shown below.
    """

    dataset: str
    metric: str
    lower_is_better: bool | None
    selection: Selection
    eval_seeds: tuple[int, ...]
    mixed_eval_seeds: bool
    shared: groups.Shared
    rows: Sequence[Row]
    against: str = BASELINE
    statistic: str = "mean"
    chosen_by: str = ""
    published: Sequence[Number] = ()

    @property
    def has_baseline(self) -> bool:
        """Whether any row is compared with another one."""
        return any(row.difference is not None for row in self.rows)

    @property
    def num_comparisons(self) -> int:
        """Number of differences that there is a pair of seeds for."""
        return sum(
            bool(row.difference and row.difference.num_pairs) for row in self.rows
        )

    @property
    def has_eval_deviation(self) -> bool:
        """Whether any number is the mean of several evaluations."""
        return any(math.isfinite(row.eval_deviation) for row in self.rows)

    @property
    def has_estimate(self) -> bool:
        """Whether any row has seeds enough for an interval."""
        return any(math.isfinite(row.summary.estimate) for row in self.rows)

    @property
    def has_gap(self) -> bool:
        """Whether any row says how much of the gap it closes."""
        return any(row.gap_applies for row in self.rows)

    @property
    def has_rank(self) -> bool:
        """Whether any row is marked as best."""
        return any(row.rank for row in self.rows)

    @property
    def steps(self) -> list[int]:
        """Steps of the finite values, ascending, each once."""
        return sorted({step for row in self.rows for step in row.steps})

    @property
    def has_steps(self) -> bool:
        """Whether each run may have a step of its own, or some have."""
        return self.selection.needs_direction or len(self.steps) > 1
