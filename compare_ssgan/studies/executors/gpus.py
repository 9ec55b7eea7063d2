"""Sharing the GPUs of a machine among runs side by side."""

import os
import pathlib

# The driver has a directory for each GPU. Whoever asks TensorFlow takes their memory.
_DRIVER = pathlib.Path("/proc/driver/nvidia/gpus")


def visible() -> list[str]:
    """Returns the GPUs that runs may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip()]
    return [str(number) for number, _ in enumerate(_DRIVER.glob("*"))]


def shares(number: int) -> list[dict[str, str]]:
    """Returns what to set in the environment of each of some runs side by side.

    Each has GPUs of its own, as many as there are; where there are fewer than runs,
    some share one, and none of these takes all of its memory at once. A run by itself
    has all.

    Args:
        number: Of the runs.
    """
    if number == 1:
        return [{}]
    found, gpus = [], visible()
    for place in range(number):
        share: dict[str, str] = {}
        if gpus:
            own = gpus[place::number] or [gpus[place % len(gpus)]]
            share["CUDA_VISIBLE_DEVICES"] = ",".join(own)
        if len(gpus) < number and "TF_FORCE_GPU_ALLOW_GROWTH" not in os.environ:
            share["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        found.append(share)
    return found
