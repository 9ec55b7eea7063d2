"""Commits of the package, as tables and pages name them."""

_DIGITS = 7


def short(commit: str) -> str:
    """Returns a commit with a few digits; what was not committed stays visible.

    Args:
        commit: As run.json has it, which ends in "-dirty" if there were changes.
    """
    name = commit.removesuffix("-dirty")
    return name[:_DIGITS] + commit[len(name) :]
