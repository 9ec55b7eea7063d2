"""Stand-ins for Slurm's commands, and what tests of the executor ask of them."""

import json
import stat
import textwrap

from compare_ssgan.analysis.status import queue
from compare_ssgan.studies.executors.base import Options
from compare_ssgan.studies.executors.slurm import job, waiting
from compare_ssgan.studies.request import RunRequest

# Numbers jobs and keeps what was submitted; refuses where `refuse` says why.
SBATCH = """
if [ -e refuse ] && [ ! -e once ]; then cat refuse >&2; exit 1; fi
number=$(($(ls scripts | wc -l) + 1))
cp "$1" scripts/$number
echo "Submitted batch job $number"
"""
# Its n-th call does what squeue.n says; later ones what the last says.
SQUEUE = """
echo "$@" >> squeue.calls
number=$(wc -l < squeue.calls)
while [ ! -e squeue.$number ]; do number=$((number - 1)); done
. ./squeue.$number
"""
SCONTROL = "echo 'MaxArraySize            = 5'"


class Told:
    """A report that keeps what it is told."""

    def __init__(self):
        self.handed_over, self.codes, self.logs = [], {}, {}

    def started(self, request):
        self.handed_over.append(request.run_id)

    def finished(self, request, code, log):
        self.codes[request.run_id] = code
        self.logs[request.run_id] = log


def write(place, **commands):
    for name, text in commands.items():
        path = place / name
        path.write_text(f"#!/bin/sh\ncd {place}\n{textwrap.dedent(text)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def answer(place, *answers):
    """Sets what squeue does: what comes after its first call, in turn."""
    for number, text in enumerate(answers, start=1):
        (place / f"squeue.{number}").write_text(text)


def requests(out, number, **options):
    return [
        RunRequest(("m.gin",), out=out, seed=seed, run_id=f"run{seed}", **options)
        for seed in range(number)
    ]


def done(out, *runs):
    """Returns what a shell does to have runs done."""
    return "".join(
        f"mkdir -p {out}/runs/{r}; touch {out}/runs/{r}/DONE\n" for r in runs
    )


def handed_over(out):
    """Returns the last job of every run that was handed over."""
    return {run_id: row.job for run_id, row in queue.jobs(out).items()}


def saved(out, run, step):
    """Returns what a shell does to have a run save a checkpoint."""
    folder = out / "runs" / run / "checkpoints"
    return f"mkdir -p {folder}; touch {folder}/ckpt-{step}.index\n"


def left_code(out, name, **codes):
    """Returns what a shell does to have a job leave exit codes."""
    path = job.codes_path(out, name)
    return f"echo '{json.dumps(codes)}' > {path}\n"


def execute(out, number, **options):
    told = Told()
    ending = waiting.execute(requests(out, number), Options(**options), told)
    return ending, told


def script(place, number):
    return (place / "scripts" / str(number)).read_text()
