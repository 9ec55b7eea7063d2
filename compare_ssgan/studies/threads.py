"""The number of threads, on which bit equality of two runs depends."""

import os

from compare_ssgan.errors import CommandError, InputError

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def limit_libraries(threads: int | None) -> None:
    """Limits the libraries that are not loaded yet; call it before importing any.

    Args:
        threads: Number of threads; None for as many as there are processors.

    Raises:
        InputError: If the number is not positive.
    """
    if threads is None:
        return
    if threads < 1:
        raise InputError(f"--threads must be at least 1, not {threads}.")
    for variable in _VARIABLES:
        os.environ[variable] = str(threads)


def limit(threads: int | None) -> int:
    """Limits TensorFlow, before it has computed anything.

    Returns:
        The number of threads in use.

    Raises:
        InputError: If the number is not positive.
        CommandError: If TensorFlow already runs with another number.
    """
    import tensorflow as tf

    limit_libraries(threads)
    threading = tf.config.threading
    if threads is None:
        return threading.get_intra_op_parallelism_threads() or available()
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        if threading.get_intra_op_parallelism_threads() != threads:
            raise CommandError(
                f"TensorFlow already runs with another number of threads than "
                f"--threads {threads}."
            ) from error
    return threads


def available() -> int:
    """Returns the number of processors this process may use."""
    return len(os.sched_getaffinity(0))
