"""Multiply-adds of the operations of a traced graph.

Those of convolutions and matrix products, forward and backward, as they are computed
on this machine: a convolution that is merged with a change of resolution, or done by
an algorithm with fewer products, counts those that are left. Elementwise work
(normalization, activations, pooling, optimizers) is not counted, as is usual.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf


def multiply_adds(op: tf.Operation) -> int:
    """Returns the multiply-adds of one execution of an operation.

    What a call of a function does counts; the body of a loop as often as the loop says
    it is done at most, once if it does not say; and of the branches of a condition the
    most expensive one.

    Args:
        op: Of a graph with static shapes.
    """
    if op.type in _PRODUCTS:
        return _PRODUCTS[op.type](op)
    bodies = [
        op.graph._get_function(attribute.func.name).graph
        for name, attribute in op.node_def.attr.items()
        if attribute.HasField("func") and name in _BODIES
    ]
    once = max((total(needed(body)) for body in bodies), default=0)
    return once * _trips(op)


def total(ops: Iterable[tf.Operation]) -> int:
    """Returns the multiply-adds of operations, each executed once."""
    return sum(multiply_adds(op) for op in ops)


def needed(graph: Any) -> set[tf.Operation]:
    """Returns the operations that a call of a function's graph executes.

    A gradient's graph has more: those of everything a convolution depends on are
    made together, and the ones nobody asked for are dropped.
    """
    found: set[tf.Operation] = set()
    waiting = deque([tensor.op for tensor in graph.outputs] + graph.control_outputs)
    while waiting:
        op = waiting.popleft()
        if op not in found:
            found.add(op)
            waiting.extend(tensor.op for tensor in op.inputs)
            waiting.extend(op.control_inputs)
    return found


def dependent(graph: Any, tensors: Iterable[tf.Tensor]) -> set[tf.Operation]:
    """Returns the operations of a graph that compute with one of the tensors."""
    sources = {tensor.ref() for tensor in tensors}
    found: set[tf.Operation] = set()
    # Operations are in the order of their creation.
    for op in graph.get_operations():
        if any(each.ref() in sources or each.op in found for each in op.inputs):
            found.add(op)
    return found


def _trips(op: tf.Operation) -> int:
    """Returns how often a loop of `tf.while_loop` does its body, 1 for other things."""
    if op.type not in ("While", "StatelessWhile"):
        return 1
    # Its second variable is `maximum_iterations`, below 0 for none.
    most = tf.get_static_value(op.inputs[1]) if len(op.inputs) > 1 else None
    if most is None or most.shape != () or most.dtype != "int32":
        return 1
    return int(most) if most >= 0 else 1


def _matmul(op: tf.Operation) -> int:
    inner = op.inputs[0].shape[0 if op.get_attr("transpose_a") else 1]
    return _size(op.outputs[0]) * int(inner)


def _batch_matmul(op: tf.Operation) -> int:
    inner = op.inputs[0].shape[-2 if op.get_attr("adj_x") else -1]
    return _size(op.outputs[0]) * int(inner)


def _einsum(op: tf.Operation) -> int:
    if len(op.inputs) < 2:
        return 0
    sizes: dict[str, int] = {}
    terms = op.get_attr("equation").decode().split("->")[0].split(",")
    for tensor, term in zip(op.inputs, terms, strict=True):
        shape = [int(size) for size in tensor.shape]
        before, dots, after = term.partition("...")
        broadcast = len(shape) - len(before) - len(after)
        names = [*before, *(f"{i}..." for i in range(broadcast) if dots), *after]
        for name, size in zip(names, shape, strict=True):
            sizes[name] = max(sizes.get(name, 1), size)
    return math.prod(sizes.values())


def _convolution(output: int, kernel: int | None) -> Callable[[tf.Operation], int]:
    """Returns the count of a convolution or one of its gradients.

    All three multiply each output of the convolution with the taps it is made of.

    Args:
        output: Which input is (the gradient of) its output; -1 for the first output.
        kernel: Which input is the kernel; None for the first output.
    """

    def count(op: tf.Operation) -> int:
        outputs = op.outputs[0] if output < 0 else op.inputs[output]
        taps = (op.outputs[0] if kernel is None else op.inputs[kernel]).shape
        per_output = taps[:2] if "Depthwise" in op.type else taps[:3]
        return _size(outputs) * math.prod(per_output)

    return count


def _size(tensor: tf.Tensor) -> int:
    size = tensor.shape.num_elements()
    assert size is not None, f"{tensor.name} has no static shape"
    return int(size)


_FORWARD = _convolution(-1, 1)
_INPUT_GRADIENT = _convolution(2, 1)
_KERNEL_GRADIENT = _convolution(2, None)
_PRODUCTS: dict[str, Callable[[tf.Operation], int]] = {
    "MatMul": _matmul,
    "BatchMatMul": _batch_matmul,
    "BatchMatMulV2": _batch_matmul,
    "BatchMatMulV3": _batch_matmul,
    "Einsum": _einsum,
    "Conv2D": _FORWARD,
    "Conv2DBackpropInput": _INPUT_GRADIENT,
    "Conv2DBackpropFilter": _KERNEL_GRADIENT,
    "DepthwiseConv2dNative": _FORWARD,
    "DepthwiseConv2dNativeBackpropInput": _INPUT_GRADIENT,
    "DepthwiseConv2dNativeBackpropFilter": _KERNEL_GRADIENT,
}
_BODIES = ("f", "body", "then_branch", "else_branch")
