"""Runs of a study as jobs of a Slurm cluster."""

from compare_ssgan.studies.executors.slurm.waiting import execute as execute
