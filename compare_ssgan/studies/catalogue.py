"""The registered components, as `compare_ssgan list` shows them."""

import contextlib
import inspect
from collections import defaultdict
from collections.abc import Sequence

from compare_ssgan import config
from compare_ssgan.errors import InputError
from compare_ssgan.studies import spec


def render(kind: str | None = None) -> str:
    """Returns every component with the first line of its docstring, by kind.

    Args:
        kind: Group of components, e.g. "losses"; None for all of them.

    Raises:
        InputError: If there is no such kind.
    """
    spec.import_roots()
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, component in config.registered().items():
        group, _, _ = name.partition(".")
        summary = (inspect.getdoc(component) or "").partition("\n")[0]
        groups[group].append((name.removeprefix("roots."), summary))
    if kind is not None and kind not in groups:
        raise InputError(
            f"There is no kind of component '{kind}'.{config.nearest(kind, [*groups])} "
            f"There are: {', '.join(sorted(groups))}."
        )
    shown = [kind] if kind else sorted(groups)
    width = max(len(name) for group in shown for name, _ in groups[group])
    blocks = [
        "\n".join(f"{name:<{width}}  {summary}" for name, summary in groups[group])
        for group in shown
    ]
    return "\n\n".join(blocks)


def metric_hint(name: str, known: Sequence[str]) -> str:
    """Returns what a wrong name of a metric may mean, as the end of a message.

    That is the metric that measures a kind of that name, e.g. recall, or names that
    are similar; nothing if there are none. The current configuration is emptied.

    Args:
        name: What the user wrote.
        known: Names that are right.
    """
    config.load([])
    for metric in config.registered():
        if metric.startswith("metrics."):
            with contextlib.suppress(InputError):
                if name in config.make(f"@{metric}()").kinds:
                    right = metric.removeprefix("metrics.")
                    return f" '{name}' is measured by '{right}'."
    return config.nearest(name, known)
