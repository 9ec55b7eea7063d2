"""What a check is, and what its outcome is."""

import importlib.util
import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

Verdict = Literal["pass", "FAIL", "not run"]


class Requirement(NamedTuple):
    """Something that not every installation has.

    Attributes:
        present: Whether it is there.
        how: What to do to have it.
    """

    present: Callable[[], bool]
    how: str


class Check(NamedTuple):
    """A number that is known, and how this installation gets it.

    Attributes:
        metric: What is checked.
        case: On what.
        source: Where the number is from.
        expected: The number, or how to get it from somebody else's code.
        got: Computes it.
        tolerance: Largest absolute difference.
        requires: What must be there.
    """

    metric: str
    case: str
    source: str
    expected: float | Callable[[], float]
    got: Callable[[], float]
    tolerance: float
    requires: tuple[Requirement, ...] = ()


class Outcome(NamedTuple):
    """What came of a check; NaN stands for numbers that there are none of.

    Attributes:
        metric: See `Check`.
        case: See `Check`.
        expected: The number.
        got: What this installation finds.
        tolerance: Largest difference.
        source: See `Check`.
        verdict: Whether it holds.
        remark: Why it was not run, or what went wrong.
    """

    metric: str
    case: str
    expected: float
    got: float
    tolerance: float
    source: str
    verdict: Verdict
    remark: str = ""


def run(check: Check) -> Outcome:
    """Returns the outcome of a check, whatever happens."""
    missing = [r.how for r in check.requires if not r.present()]
    if missing:
        return _outcome(check, math.nan, math.nan, "not run", "; ".join(missing))
    expected = got = math.nan
    try:
        expected = float(
            check.expected() if callable(check.expected) else check.expected
        )
        got = float(check.got())
    # Whatever is wrong with an installation is what this is about.
    except Exception as error:
        remark = f"{type(error).__name__}: {error}".partition("\n")[0]
        return _outcome(check, expected, got, "FAIL", remark)
    # NaN is within no tolerance.
    good = abs(got - expected) <= check.tolerance
    return _outcome(check, expected, got, "pass" if good else "FAIL")


def package(name: str, install: str) -> Requirement:
    """Returns the requirement of a package that is not one of the suite's own."""
    return Requirement(
        lambda: importlib.util.find_spec(name) is not None,
        f"needs {name}: {install}",
    )


def _outcome(
    check: Check, expected: float, got: float, verdict: Verdict, remark: str = ""
) -> Outcome:
    return Outcome(
        check.metric,
        check.case,
        expected,
        got,
        check.tolerance,
        check.source,
        verdict,
        remark,
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Returns outcomes as aligned lines."""
    rows = [("metric", "case", "expected", "got", "tolerance", "source", "verdict")]
    for each in outcomes:
        numbers = (f"{each.expected:.8g}", f"{each.got:.8g}")
        if each.verdict == "not run":
            numbers = ("", "")
        remark = f" ({each.remark})" if each.remark else ""
        rows.append(
            (
                each.metric,
                each.case,
                *numbers,
                f"{each.tolerance:g}",
                each.source,
                f"{each.verdict}{remark}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(
            [*(f"{row[i]:<{widths[i]}}" for i in range(6)), row[6]],
        ).rstrip()
        for row in rows
    )
