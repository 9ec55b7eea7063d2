"""Whether a directory can take the runs of a study."""

import errno
import os
import pathlib
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence

from compare_ssgan.analysis.records import run_records
from compare_ssgan.errors import InputError
from tools.doctor_checks import locking
from tools.doctor_checks.finding import Finding, call, fail, ok, warn

# Below this a disk counts as nearly full, whatever is to come.
_LITTLE_BYTES = 2**30
# Set aside and given back, to notice a quota that no tool tells.
_PROBE_BYTES = 2**28
_TIMEOUT_SECONDS = 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def checks(directory: pathlib.Path) -> Iterator[Finding]:
    """Yields what is found about the directory of a study, or of several."""
    place = existing(directory)
    if place != directory:
        yield ok("directory", f"There is no {directory}; a run makes it in {place}.")
    problem = _writing_problem(place)
    if problem:
        advice = "Choose another directory with --out, or have its owner allow it."
        yield fail("write permission", problem, advice)
    else:
        yield ok(
            "write permission", f"files can be made, renamed and removed in {place}"
        )
    runs: Sequence[run_records.Run] = ()
    if place == directory:
        try:
            runs = run_records.read(directory)
        except InputError as error:
            # One that holds no records is none of a study yet.
            if (directory / "study.json").exists() or (directory / "runs").exists():
                yield fail("records", str(error), "See the message.")
    needed, about = _needed(runs)
    yield _space(place, needed, about)
    if not problem:
        yield _quota(place, needed)
        yield from locking.checks(place)


def existing(directory: pathlib.Path) -> pathlib.Path:
    """Returns a directory, or the nearest one above it that exists."""
    place = directory.absolute()
    if place.exists():
        return directory
    while not place.exists():
        place = place.parent
    return place


def _writing_problem(place: pathlib.Path) -> str:
    """Returns why nothing can be written in a directory, "" if it can."""
    if not place.is_dir():
        return f"{place} is a file, no directory."
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as path:
            first, second = pathlib.Path(path) / "first", pathlib.Path(path) / "second"
            with first.open("xb") as file:
                file.write(b"1")
                file.flush()
                os.fsync(file.fileno())
            os.replace(first, second)
    except OSError as error:
        return f"Cannot write in {place}: {error.strerror}."
    return ""


def _needed(runs: Sequence[run_records.Run]) -> tuple[int | None, str]:
    """Returns the bytes that the runs to come will take, None if unknown, and why."""
    sizes = {
        run.run_id: _size(run.directory) for run in runs if run.directory is not None
    }
    ends = [run for run in runs if run.status not in run_records.FINISHED]
    if not ends:
        return (0, "no run is to come") if runs else (None, "no study is planned here")
    if not sizes:
        return None, f"{len(ends)} runs are to come, of unknown size"
    each = max(sizes.values())
    needed = sum(max(0, each - sizes.get(run.run_id, 0)) for run in ends)
    median = statistics.median(sizes.values())
    about = f"{len(ends)} runs are to come; runs have {_text(median)}"
    return needed, f"{about}, the largest {_text(each)}"


def _space(place: pathlib.Path, needed: int | None, about: str) -> Finding:
    free = shutil.disk_usage(place).free
    found = f"{_text(free)} free; {about}"
    advice = f"Make room on the disk of {place}, or choose another one with --out."
    if free < (needed or 0) or free < _LITTLE_BYTES // 64:
        return fail("disk space", found, advice)
    if free < 2 * (needed or 0) or free < _LITTLE_BYTES:
        return warn("disk space", found, advice)
    return ok("disk space", found)


def _quota(place: pathlib.Path, needed: int | None) -> Finding:
    size = min(_PROBE_BYTES, shutil.disk_usage(place).free // 2)
    try:
        with tempfile.TemporaryFile(dir=place, prefix=".doctor-") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
    except OSError as error:
        if error.errno not in _FULL:
            return ok("quota", f"cannot be tried here: {error.strerror}")
        return fail(
            "quota",
            f"{_text(size)} cannot be set aside: {error.strerror}.",
            f"Make room in your share of the disk of {place}, or have it enlarged.",
        )
    found = f"{_text(size)} could be set aside"
    if shutil.which("quota") is None:
        return ok("quota", f"{found}; there is no program `quota` to ask for more")
    answer = call(["quota", "--show-mntpoint", "--no-wrap"], _TIMEOUT_SECONDS)
    if answer.problem:
        advice = "Look at `quota`: a share of a disk is used up, maybe this one's."
        return warn("quota", f"{found}; `quota` says: {answer.problem}", advice)
    told = " ".join(answer.output.split())
    return ok("quota", f"{found}; `quota` says: {told or 'nothing limited'}")


def _size(directory: pathlib.Path) -> int:
    size = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            path = pathlib.Path(folder) / name
            # One that is at work removes files.
            if path.is_file():
                size += path.lstat().st_size
    return size


def _text(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} TB"
