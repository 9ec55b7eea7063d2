"""What is asked of Slurm's controller."""

from compare_ssgan.analysis.status import queue
from compare_ssgan.errors import InputError


def settings() -> dict[str, str]:
    """Returns the cluster's settings.

    Raises:
        InputError: If there is no Slurm within reach.
    """
    try:
        return queue.settings()
    except queue.SlurmError as error:
        raise InputError(
            f"Slurm cannot be reached from here: {error} Run the sweep on a machine "
            "from which sbatch works, or choose another --executor."
        ) from error


def array_limit(settings: dict[str, str]) -> int:
    """Returns how many tasks an array may have.

    Args:
        settings: Of the cluster.
    """
    largest = settings.get("MaxArraySize", "")
    # 0 and 1 mean that there are no arrays: then a job is submitted by itself.
    return max(1, int(largest) - 1) if largest.isdigit() else 1


def requeue(job: str) -> None:
    """Puts a job back into the queue, and ends it where it runs.

    Raises:
        SlurmError: If Slurm refuses or does not answer.
    """
    queue.call(["scontrol", "requeue", job])
