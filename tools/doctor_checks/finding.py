"""What a check finds, and how that is shown."""

import subprocess
import textwrap
from collections.abc import Sequence
from typing import Literal, NamedTuple

Verdict = Literal["ok", "warn", "fail"]

_WIDTH = 110


class Finding(NamedTuple):
    """One line of the table.

    Attributes:
        check: What was looked at.
        verdict: "fail" if a run would not get through, "warn" if it may not, or not as
            expected.
        found: What is the case.
        advice: What to do; "" if nothing need be done.
    """

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """Returns a finding about which nothing need be done."""
    return Finding(check, "ok", found)


def warn(check: str, found: str, advice: str) -> Finding:
    """Returns a finding that may be in the way."""
    return Finding(check, "warn", found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    """Returns a finding that is in the way."""
    return Finding(check, "fail", found, advice)


def table(findings: Sequence[Finding]) -> str:
    """Returns a line a finding, with what to do below."""
    width = max(len(each.check) for each in findings)
    lines = []
    indent = " " * (width + 8)
    for each in findings:
        head = f"{each.verdict:4}  {each.check:{width}}  "
        lines += _wrapped(each.found, head, indent)
        if each.advice:
            lines += _wrapped(each.advice, f"{indent}-> ", f"{indent}   ")
    return "\n".join(lines)


class Answer(NamedTuple):
    """What a program answered.

    Attributes:
        output: Its stdout, without the last newline.
        problem: Why there is none: the last line of its stderr; "" if all went well.
    """

    output: str
    problem: str = ""


def call(command: Sequence[str], timeout_seconds: float) -> Answer:
    """Returns what a program answers within some time."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer("", f"no answer within {timeout_seconds:.0f} s")
    except OSError as error:
        return Answer("", f"{command[0]}: {error.strerror}")
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        return Answer("", lines[-1] if lines else f"exit code {done.returncode}")
    return Answer(done.stdout.rstrip("\n"))


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()) or "-",
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
