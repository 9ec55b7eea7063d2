"""The layers of a network: parameters, output shapes, multiply-adds."""

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import tensorflow as tf

from compare_ssgan.studies import products


class Layer(NamedTuple):
    """A module that computes something.

    Attributes:
        path: Attributes that lead to it from the network, joined by dots.
        output_shape: Shape of its output without the batch; None if it has no single
            one, or is not called.
        parameters: Number of its own trainable parameters, not those of its parts.
        multiply_adds: Its own, for one example, in a forward pass.
        shapes: Shapes of its trainable variables, by name.
    """

    path: str
    output_shape: list[int] | None
    parameters: int
    multiply_adds: int
    shapes: dict[str, list[int]]


class Recorder:
    """Notes which module of a network makes which operations of a graph."""

    def __init__(self, network: tf.Module) -> None:
        """Prepares recording.

        Args:
            network: What is called while something is traced.
        """
        self._network = network
        self._paths = _module_paths(network)
        self._stack: list[str | None] = [None]
        self._num_seen = 0
        self._graph: Any = None
        self._owners: list[str | None] = []
        self._inputs: list[tf.Tensor] = []
        self._results: dict[str, list[Any]] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Records calls of the network's modules into the graph that is being built.

        The layers themselves know nothing of it: their classes' `__call__` is
        replaced meanwhile.
        """
        self._graph = tf.compat.v1.get_default_graph()
        self._num_seen = len(self._graph.get_operations())
        self._owners = [None] * self._num_seen
        modules = (self._network, *self._network.submodules)
        kinds = {type(part) for part in modules if callable(part)}
        originals = {kind: kind.__dict__.get("__call__") for kind in kinds}
        calls = {kind: kind.__call__ for kind in kinds}
        for kind, call in calls.items():
            setattr(kind, "__call__", self._recorded(call))  # noqa: B010
        try:
            yield
        finally:
            self._attribute()
            for kind, original in originals.items():
                if original is None:
                    delattr(kind, "__call__")
                else:
                    setattr(kind, "__call__", original)  # noqa: B010

    def layers(self, *, batch: int | None = 1) -> list[Layer]:
        """Returns what owns variables or was called, in the order of the calls.

        Args:
            batch: Number of examples of the recorded pass; None if every layer saw
                a number of its own.
        """
        counts = self._multiply_adds()
        shapes = _variable_shapes(self._network)
        found = []
        for path in dict.fromkeys([*self._results, *shapes]):
            results = self._results.get(path, [])
            single = [each for each in results if isinstance(each, tf.Tensor)]
            examples = batch or sum(int(each.shape[0]) for each in single) or 1
            own = shapes.get(path, {})
            layer = Layer(
                path,
                [int(size) for size in single[0].shape[1:]] if single else None,
                sum(math.prod(shape) for shape in own.values()),
                counts.get(path, 0) // examples,
                own,
            )
            if layer.parameters or layer.multiply_adds or single:
                found.append(layer)
        return _without_repetitions(found)

    def _recorded(self, call: Any) -> Any:
        def recorded(module: Any, *args: Any, **kwargs: Any) -> Any:
            path = self._paths.get(id(module))
            if path is None:
                return call(module, *args, **kwargs)
            self._attribute()
            self._stack.append(path)
            arguments = [
                each
                for each in tf.nest.flatten([args, kwargs])
                if isinstance(each, tf.Tensor)
            ]
            self._inputs += arguments
            # What is called without an input makes weights: no layer.
            results = self._results.setdefault(path, []) if arguments else []
            try:
                result = call(module, *args, **kwargs)
            finally:
                self._attribute()
                self._stack.pop()
            results.append(result)
            return result

        return recorded

    def _attribute(self) -> None:
        """Notes the innermost module for what has been made since the last time."""
        num = len(self._graph.get_operations())
        self._owners += [self._stack[-1]] * (num - self._num_seen)
        self._num_seen = num

    def _multiply_adds(self) -> dict[str, int]:
        """Returns the multiply-adds by path.

        Only products with inputs: preparing a kernel, e.g. its spectral norm, is the
        same work for any number of examples.
        """
        if self._graph is None:
            return {}
        counted = products.dependent(self._graph, self._inputs)
        counts: dict[str, int] = {}
        ops = self._graph.get_operations()
        for op, path in zip(ops, self._owners, strict=False):
            if path is not None and op in counted:
                counts[path] = counts.get(path, 0) + products.multiply_adds(op)
        return counts


def _module_paths(network: tf.Module) -> dict[int, str]:
    paths = {id(network): ""}
    for path, module in network._flatten(
        predicate=lambda value: isinstance(value, tf.Module), with_path=True
    ):
        paths.setdefault(id(module), _join(path))
    return paths


def _variable_shapes(network: tf.Module) -> dict[str, dict[str, list[int]]]:
    """Returns shapes of trainable variables by path of the layer, then by name."""
    owners: dict[str, dict[str, list[int]]] = {}
    seen: set[int] = set()
    for path, variable in network._flatten(
        predicate=lambda value: isinstance(value, tf.Variable), with_path=True
    ):
        # Spectral norms refer to the kernel they belong to.
        if variable.trainable and id(variable) not in seen:
            seen.add(id(variable))
            # A kernel is a module of its own; the layer is what owns it.
            *owner, name = [part for part in path if part != "raw"]
            own = owners.setdefault(_join(owner), {})
            own[str(name).lstrip("_")] = list(variable.shape)
    # The kernel before its bias.
    return {
        path: dict(sorted(own.items(), key=lambda item: -len(item[1])))
        for path, own in owners.items()
    }


def _join(path: Sequence[Any]) -> str:
    return ".".join(str(part).lstrip("_") for part in path)


def _without_repetitions(found: Sequence[Layer]) -> list[Layer]:
    """Drops the network itself, and what only repeats the shape of its owner.

    A layer that does nothing on its own but has parts that do, such as a conditional
    normalization, stays.
    """
    by_path = {layer.path: layer for layer in found}
    owners = {path: parent(path, by_path) for path in by_path if path}
    kept = []
    for layer in found:
        owner = owners.get(layer.path)
        innermost = layer.path not in owners.values()
        repeats = (
            owner is not None
            and by_path[owner].output_shape == layer.output_shape
            and (innermost or not owner)
        )
        if layer.parameters or layer.multiply_adds or (layer.path and not repeats):
            kept.append(layer)
    return kept


def parent(path: str, known: Collection[str]) -> str | None:
    """Returns the nearest of the known paths that `path` lies below, or None."""
    while path:
        path = path.rpartition(".")[0]
        if path in known:
            return path
    return None
