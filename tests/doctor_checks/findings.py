"""What checks found, to be looked up."""


def by_name(findings):
    return {each.check: each for each in findings}


def verdicts(findings):
    return {each.check: each.verdict for each in findings}
