"""Numbers as papers and other libraries print them, with how sure each is.

They stand in published.json, in tables of what the numbers of one source share. None
is in a column with numbers of runs: protocols differ, and where a number is said to
be of 10,000 images that is what its source says, not the name of a measurement here.
"""

import functools
import json
import pathlib
from typing import Any, NamedTuple

from compare_ssgan.errors import InputError

FILE = pathlib.Path(__file__).parent / "published.json"

# confirmed: read in the paper, in a picture of its table, or in its authors' code.
# secondary: read in what others quote from it. unconfirmed: recalled, read nowhere.
STATUSES = ("confirmed", "secondary", "unconfirmed")
SHOWN = ("own", "all", "none")

# What ends the name of a dataset that is a part, or a smaller study, of another one.
_VARIANTS = ("_narrow", "_subset")


class Number(NamedTuple):
    """A published number.

    Attributes:
        dataset: Its name here, or in the file's "foreign_datasets".
        method: Its name here, or in the file's "foreign_methods".
        kind: Kind of measurement, one of `protocols.KINDS`.
        value: As printed.
        deviation: What follows "+-"; None if nothing does.
        deviation_of: Over what, "not stated", or "" without a deviation.
        num_runs: Training seeds; None if not stated.
        protocol: Samples, split and features in words.
        selection: Which run and step was printed, in words, or "not stated".
        network: What was trained, in words.
        source: Authors and year, or name of the library.
        arxiv: Number of the paper; "" if there is none.
        where: Table or place.
        status: One of `STATUSES`.
        note: Anything else; may be empty.
        reimplementation: Whether it is of a library of others, not of the paper.
    """

    dataset: str
    method: str
    kind: str
    value: float
    deviation: float | None
    deviation_of: str
    num_runs: int | None
    protocol: str
    selection: str
    network: str
    source: str
    arxiv: str
    where: str
    status: str
    note: str
    reimplementation: bool

    @property
    def mark(self) -> str:
        """What is printed beside the value if it was not read in its source."""
        return {"secondary": "quoted"}.get(self.status, self.status) * (
            self.status != "confirmed"
        )

    @property
    def reference(self) -> str:
        """Where it is from: authors, place, paper."""
        paper = [f"arXiv:{self.arxiv}"] if self.arxiv else []
        return ", ".join([self.source, self.where, *paper])


def numbers() -> list[Number]:
    """Returns all of them, in the order of the file."""
    return list(_all())


def of(dataset: str, kind: str, methods: set[str] | None = None) -> list[Number]:
    """Returns the numbers of a dataset, those of one method together.

    A part of a dataset, or a narrow study of it, has those of the dataset.

    Args:
        dataset: Name of the dataset of runs.
        kind: Kind of measurement.
        methods: Those wanted, by the papers themselves, without unconfirmed numbers;
            None for everything.
    """
    whole = whole_of(dataset)
    found = [n for n in _all() if n.dataset == whole and n.kind == kind]
    if methods is not None:
        found = [
            number
            for number in found
            if number.method in methods
            and number.status != "unconfirmed"
            and not number.reimplementation
        ]
    order = list(dict.fromkeys(number.method for number in found))
    return sorted(found, key=lambda number: order.index(number.method))


def whole_of(dataset: str) -> str:
    """Returns the name of the dataset that another one is a variant of, or its own."""
    for end in _VARIANTS:
        dataset = dataset.removesuffix(end)
    return dataset


def check_shown(shown: str) -> None:
    """Raises InputError unless it is one of `SHOWN`."""
    if shown not in SHOWN:
        raise InputError(
            f"--published {shown}: choose own (of the methods in the table), all "
            "(of the dataset, of other libraries, unconfirmed ones) or none."
        )


@functools.cache
def _all() -> tuple[Number, ...]:
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        _number({**table, **number})
        for table in content["tables"]
        for number in table["numbers"]
    )


def _number(entry: dict[str, Any]) -> Number:
    deviation = entry.get("deviation")
    return Number(
        dataset=entry["dataset"],
        method=entry["method"],
        kind=entry["kind"],
        value=float(entry["value"]),
        deviation=deviation,
        deviation_of="" if deviation is None else entry["deviation_of"],
        num_runs=entry.get("num_runs"),
        protocol=entry["protocol"],
        selection=entry["selection"],
        network=entry["network"],
        source=entry["source"],
        arxiv=entry.get("arxiv", ""),
        where=entry["where"],
        status=entry["status"],
        note=entry.get("note", ""),
        reimplementation=entry.get("reimplementation", False),
    )
