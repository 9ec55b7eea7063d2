"""The registered components, as `compare_ssgan list` shows them."""

import inspect
from collections import defaultdict

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
