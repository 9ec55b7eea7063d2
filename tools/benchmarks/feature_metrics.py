"""Time and memory of metrics of features, each in a process of its own.

    python -m tools.benchmarks.feature_metrics NAME EXAMPLES SIZE

prints one line of JSON: seconds, what it found, and the largest memory of the process,
TensorFlow and the float32 features of both sides included.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from typing import Any

from compare_ssgan.errors import CommandError
from tools.benchmarks import machine

_ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Logits of the Inception network.
_CLASSES = 1008
# Number of labels, where a metric reads them.
_LABELS = 10
NAMES = (
    "fid",
    "fid_standard_error",
    "fid_infinity",
    "kid",
    "inception_score",
    "precision_recall",
    "density_coverage",
    "prd",
    "intra_fid",
)


def measure(names: list[str], examples: int, size: int) -> dict[str, Any]:
    """Returns seconds and memory of metrics; each is a fresh process.

    Raises:
        CommandError: If a process fails.
    """
    found = {name: _in_a_process(name, examples, size) for name in names}
    return {
        "examples": examples,
        "size": size,
        "metrics": found,
        "peak_rss_bytes": max(each["peak_rss_bytes"] for each in found.values()),
        "machine": machine.describe(),
    }


def _in_a_process(name: str, examples: int, size: int) -> dict[str, Any]:
    module = "tools.benchmarks.feature_metrics"
    done = subprocess.run(
        [sys.executable, "-m", module, name, str(examples), str(size)],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise CommandError(f"The benchmark of metrics.{name} failed: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def _one(name: str, examples: int, size: int) -> dict[str, Any]:
    """Measures a metric in this process."""
    import numpy as np

    from compare_ssgan import components, config
    from compare_ssgan.evaluation.metric import Evidence, ImageSet

    def features(num: int, size: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        result = rng.standard_normal((num, size), np.float32)
        result *= np.logspace(0, -1.5, size, dtype=np.float32)
        return np.maximum(result, 0, out=result)

    components.import_all()
    metric = config.registered()[f"metrics.{name}"]()
    sets = []
    for seed in (1, 2) if metric.needs_real else (1,):
        logits = None
        if "logits" in metric.needs:
            logits = 10 * features(examples, _CLASSES, seed)
        vectors = None if metric.needs == {"logits"} else features(examples, size, seed)
        labels = np.arange(examples, dtype=np.int64) % _LABELS
        sets.append(ImageSet(features=vectors, logits=logits, labels=labels))
    before = machine.peak_rss_bytes()
    start = time.perf_counter()
    values = metric.compute(Evidence(*sets))
    return {
        "seconds": time.perf_counter() - start,
        "peak_rss_bytes": machine.peak_rss_bytes(),
        "rss_before_bytes": before,
        "values": dict(zip(metric.kinds, map(float, values), strict=True)),
    }


if __name__ == "__main__":
    print(json.dumps(_one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
