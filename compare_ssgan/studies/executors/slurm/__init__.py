"""Runs of a study as jobs of a Slurm cluster."""

from compare_ssgan.studies.executors.slurm.submission import check as check
from compare_ssgan.studies.executors.slurm.waiting import execute as execute
