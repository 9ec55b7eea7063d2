"""The Inception network as the frozen graph of 2015, run by TensorFlow itself.

`classify_image_graph_def.pb` of
http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz.
Features and logits are found by the names of their tensors.
"""

import pathlib
from typing import Any

import tensorflow as tf
from google.protobuf import message

from compare_ssgan.errors import InputError
from compare_ssgan.evaluation.features.inception_network import Network, Tap

# Behind the resizing, which is ours: the graph's own is only the legacy one.
_INPUT = "Mul"
_TAPS = {64: "pool", 192: "pool_1", 768: "mixed_7/join", 2048: "pool_3"}
# The graph reshapes to one example before this product of features and weights.
_PRODUCT, _SUM = "softmax/logits/MatMul", "softmax/logits"
_OLD_NORM = "BatchNormWithGlobalNormalization"

_Nodes = dict[str, Any]


def read(path: pathlib.Path) -> Any:
    """Returns the graph of a file.

    Raises:
        InputError: If it is none, or lacks a node of the network.
    """
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except (message.DecodeError, OSError) as error:
        raise InputError(f"{path} is no frozen graph: {error}.") from error
    nodes = {node.name: node for node in graph.node}
    _check(nodes, (_INPUT, _TAPS[2048], _PRODUCT, _SUM), path)
    return graph


def load(path: pathlib.Path, tap: Tap, *, biased: bool) -> Network:
    """Returns the network of a frozen graph.

    Args:
        path: The file.
        tap: 64, 192, 768, 2048 or "logits": what its features are. The logits come
            with the last two.
        biased: Whether the logits have the bias of the classifier.

    Raises:
        InputError: If the file is no such graph.
    """
    graph = read(path)
    nodes = {node.name: node for node in graph.node}
    pooled = _TAPS[2048] if isinstance(tap, str) else _TAPS[tap]
    _check(nodes, (pooled,), path)
    classify = tap in (2048, "logits")
    wanted = [f"{pooled}:0"]
    if classify:
        wanted.append(_second_input(nodes, _PRODUCT))
        wanted.append(_second_input(nodes, _SUM))
    part = _between(graph, wanted)

    def apply(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = tf.graph_util.import_graph_def(
            part, input_map={f"{_INPUT}:0": images}, return_elements=wanted, name=""
        )
        features = tf.reduce_mean(found[0], [1, 2])
        if not classify:
            return features, tf.zeros([tf.shape(features)[0], 0])
        logits = features @ found[1]
        if biased:
            logits += found[2]
        return (logits if tap == "logits" else features), logits

    shape = tf.TensorSpec([1, 299, 299, 3], tf.float32)
    features, logits = tf.function(apply).get_concrete_function(shape).outputs
    return Network(apply, features.shape[-1], logits.shape[-1])


def _between(graph: Any, wanted: list[str]) -> Any:
    """Returns the part of a graph from the images to some tensors."""
    nodes = {node.name: node for node in graph.node}
    waiting, found = [_node(name) for name in wanted], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found and name != _INPUT:
            found.add(name)
            waiting += [_node(source) for source in nodes[name].input]
    part = tf.compat.v1.GraphDef(versions=graph.versions)
    for node in graph.node:
        if node.name in found and node.op == _OLD_NORM:
            part.node.extend(_norm(node))
        elif node.name in found:
            part.node.add().CopyFrom(node)
            # Shapes noted in the graph are of one example.
            part.node[-1].attr.pop("_output_shapes", None)
    return part


def _norm(old: Any) -> list[Any]:
    """Returns today's nodes for a batch normalization of 2015, with its statistics.

    TensorFlow runs the operation of that name in graphs of that time only, and no
    function is one.
    """
    new = tf.compat.v1.NodeDef(name=old.name, op="FusedBatchNormV3")
    x, mean, variance, beta, gamma = old.input
    kind = old.attr["T"]
    nodes = [new]
    if not old.attr["scale_after_normalization"].b:
        ones = tf.compat.v1.NodeDef(name=f"{old.name}/ones", op="OnesLike")
        ones.input.append(gamma)
        ones.attr["T"].CopyFrom(kind)
        gamma = ones.name
        nodes.append(ones)
    new.input.extend([x, gamma, beta, mean, variance])
    new.attr["T"].CopyFrom(kind)
    new.attr["U"].CopyFrom(kind)
    new.attr["epsilon"].f = old.attr["variance_epsilon"].f
    new.attr["is_training"].b = False
    return nodes


def _node(tensor: str) -> str:
    return tensor.removeprefix("^").split(":")[0]


def _second_input(nodes: _Nodes, name: str) -> str:
    found = nodes[name].input[1]
    return found if ":" in found else f"{found}:0"


def _check(nodes: _Nodes, names: tuple[str, ...], path: pathlib.Path) -> None:
    missing = [name for name in names if name not in nodes]
    if missing:
        raise InputError(
            f"{path} is not the frozen graph of the Inception network of 2015: it has "
            f"no node {' and no '.join(missing)}."
        )
