"""What a user asks for: one run.

Without TensorFlow, so that what only hands runs over need not import it.
"""

import dataclasses
import pathlib

SINGLE = "single"
STRATEGIES = ("none", "mirrored", "multiworker", "tpu")


@dataclasses.dataclass(frozen=True)
class RunRequest:
    """One run, as the command line describes it.

    Attributes:
        gin_files: The --gin files; the last one names the method.
        dataset: Stem of a file in gin_configs/datasets.
        budget: Stem of a file in gin_configs/budgets.
        seed: Seed of everything; None for that of base.gin.
        settings: The --set lines.
        out: Directory of the study; None for results/<study>.
        study: Name of the study the run belongs to.
        threads: Number of threads, None for all.
        strategy: How the run is distributed over devices.
        data_dir: Where data sets are, None for the default.
        planned: File of a planned run, which then says all but where and on what to
            compute; see `studies.planned`.
        method: Filled in by `load`: stem of the last gin file.
        family: Filled in by `load`: the macro FAMILY.
        run_id: Filled in by `load`.
    """

    gin_files: tuple[str, ...]
    dataset: str = "digits"
    budget: str = "short"
    seed: int | None = None
    settings: tuple[str, ...] = ()
    out: pathlib.Path | None = None
    study: str = SINGLE
    threads: int | None = None
    strategy: str = "none"
    data_dir: str | None = None
    planned: pathlib.Path | None = None
    method: str = ""
    family: str = ""
    run_id: str = ""

    @property
    def directory(self) -> pathlib.Path:
        """The directory of the study."""
        return self.out or pathlib.Path("results") / self.study

    @property
    def run_directory(self) -> pathlib.Path:
        """The directory of the run; of a loaded request."""
        assert self.run_id, "The request has not been loaded."
        return self.directory / "runs" / self.run_id
