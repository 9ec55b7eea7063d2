"""Whether weights and data that runs need are there."""

import pathlib
import sys
from collections.abc import Iterator, Sequence

from compare_ssgan import cache
from compare_ssgan.evaluation import weights_store
from tools.doctor_checks.finding import Finding, call, fail, ok, warn
from tools.doctor_checks.locking import ROOT

_TIMEOUT_SECONDS = 300
# An image of each split, as a run reads it.
_PROGRAM = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, {root!r})
from compare_ssgan.datasets import base
from compare_ssgan.errors import CommandError
from compare_ssgan.studies import spec
base.set_data_directory(sys.argv[2] or None)
try:
    dataset = spec.load_dataset(sys.argv[1])
    numbers = []
    for split in (dataset.train, dataset.test):
        next(split.evaluation_batches(1, 1))
        numbers.append(f"{{split.num_examples:,}}")
except CommandError as error:
    sys.exit(" ".join(str(error).split()))
print(f"{{numbers[0]}} examples to train on, {{numbers[1]}} to test on")
"""


def weights() -> Iterator[Finding]:
    """Yields what is found about the networks whose features score images."""
    found = weights_store.present()
    if not found:
        yield warn(
            "weights of Inception",
            f"none in {weights_store.directory()}; digits_cnn comes with the package",
            "Published FIDs need them: `compare_ssgan weights get`, or `weights add` "
            "without network.",
        )
    elif not any(each.published for each in found):
        yield warn(
            "weights of Inception",
            f"{found[0].path.name} is not the published file; its metrics are named "
            f"..._{found[0].label}",
            "Such numbers stand beside none of a paper: `compare_ssgan weights get`.",
        )
    else:
        yield ok("weights of Inception", found[0].path.name)
    names = sorted(
        path.stem for path in (cache.directory() / "classifiers").glob("*.npz")
    )
    yield ok(
        "classifiers",
        ", ".join(["digits_cnn", *names])
        + ("" if names else "; tools/train_features.py trains others"),
    )


def data(names: Sequence[str], data_dir: str | None) -> Iterator[Finding]:
    """Yields for each dataset whether its examples can be read.

    Args:
        names: Files of gin_configs/datasets.
        data_dir: As --data_dir of a run.
    """
    if data_dir is not None and not pathlib.Path(data_dir).expanduser().is_dir():
        yield fail("data directory", f"There is no {data_dir}.", "Change --data_dir.")
        return
    for name in names:
        program = _PROGRAM.format(root=str(ROOT))
        command = [sys.executable, "-c", program, name, data_dir or ""]
        answer = call(command, _TIMEOUT_SECONDS)
        if answer.problem:
            advice = "See the message; `compare_ssgan data get` fetches some sets."
            yield fail(f"data of {name}", answer.problem, advice)
        else:
            yield ok(f"data of {name}", answer.output.splitlines()[-1])
