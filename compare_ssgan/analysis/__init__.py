"""Records of runs as tables, figures and pandas frames, without TensorFlow.

    from compare_ssgan import analysis

    frame = analysis.load("results/digits")

`load` returns measurements, `runs` the runs, `configurations` their settings.

A part imports only what stands to the left of it:

    records, statistics, output_files <- comparison <- tables, figures, status <- report
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare_ssgan.analysis.records.frames import configurations, load, runs

__all__ = ["configurations", "load", "runs"]


def __getattr__(name: str) -> Any:
    # When asked for: status and tables start without NumPy's frames.
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from compare_ssgan.analysis.records import frames

    return getattr(frames, name)


def __dir__() -> list[str]:
    return __all__
