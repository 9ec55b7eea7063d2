"""What a user sees of a run: header, progress, result."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import tqdm

from compare_ssgan.analysis.records.protocols import main_metric

_TENTHS = 10


def say(text: str) -> None:
    """Prints to stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def header(run: Mapping[str, Any], directory: str) -> str:
    """Returns what is about to run.

    Args:
        run: Contents of run.json.
        directory: The run's directory.
    """
    generator, discriminator = (
        run["networks"]["generator"],
        run["networks"]["discriminator"],
    )
    heads = "".join(
        f", {name} {task['parameters']:,}"
        for name, task in run["networks"]["tasks"].items()
    )
    device = run["device"]
    return "\n".join(
        [
            f"{run['method']} ({run['family']}) on {run['dataset']}, "
            f"seed {run['seed']}",
            f"  generator      {generator['name']}, "
            f"{generator['parameters']:,} parameters",
            f"  discriminator  {discriminator['name']}, "
            f"{discriminator['parameters']:,} parameters{heads}",
            f"  budget         {run['budget']}: {run['steps']:,} generator steps, "
            f"batch {run['batch_size']}, {run['discriminator_steps']} discriminator "
            f"step(s) each",
            f"  device         {device['kind']} ({device['name']}), "
            f"{device['threads']} thread(s)",
            f"  directory      {directory}",
        ]
    )


def result_row(run: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns a header line and a line with the run's last measurements.

    Args:
        run: Contents of run.json.
        rows: Those of metrics.jsonl.
    """
    step = max((row["step"] for row in rows), default=0)
    last = {row["metric"]: row["value"] for row in rows if row["step"] == step}
    cells = {
        "method": run["method"],
        "dataset": run["dataset"],
        "seed": str(run["seed"]),
        "step": str(step),
    } | {name: f"{value:.4g}" for name, value in last.items()}
    if run["status"] != "complete":
        cells["status"] = run["status"]
    widths = {name: max(len(name), len(cell)) for name, cell in cells.items()}
    return "\n".join(
        "  ".join(texts[name].ljust(widths[name]) for name in cells).rstrip()
        for texts in ({name: name for name in cells}, cells)
    )


class Progress:
    """A bar on a terminal, a line for every tenth of the steps elsewhere."""

    def __init__(self, steps: int, start: int) -> None:
        self._steps, self._last = steps, start
        # Step and time of the last line.
        self._line = start, time.monotonic()
        self._metric = ""
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(
                total=steps, initial=start, unit="it", file=sys.stderr, smoothing=0.1
            )

    def stepped(self, step: int, terms: Mapping[str, float]) -> None:
        """Shows a step."""
        if self._bar is not None:
            # Text only when the bar is about to be drawn: steps may be fast.
            if self._bar.last_print_t + self._bar.mininterval < time.time():
                self._bar.set_postfix_str(self._text(terms), refresh=False)
            self._bar.update(step - self._last)
        elif step * _TENTHS // self._steps > self._last * _TENTHS // self._steps:
            now = time.monotonic()
            speed = (step - self._line[0]) / (now - self._line[1])
            self._line = step, now
            left = (self._steps - step) / speed
            say(
                f"step {step}/{self._steps} ({100 * step // self._steps} %), "
                f"{speed:.2f} it/s, {self._text(terms)}, "
                f"{tqdm.tqdm.format_interval(left)} left"
            )
        self._last = step

    def measured(self, values: Mapping[str, float]) -> None:
        """Remembers the last measurements."""
        name = main_metric(list(values))
        self._metric = f", {name} {values[name]:.4g}" if name else ""

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()

    def _text(self, terms: Mapping[str, float]) -> str:
        losses = {
            player[0].upper(): sum(
                value for name, value in terms.items() if name.startswith(player)
            )
            for player in ("discriminator", "generator")
        }
        text = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        return text + self._metric
