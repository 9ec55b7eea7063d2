"""A connection to Ray: an instance of our own, or somebody's cluster."""

import contextlib
import importlib
import logging
import math
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from compare_ssgan.errors import CommandError, InputError
from compare_ssgan.studies import progress, threads

_CLIENT = "ray://"
_PORTS = {_CLIENT: 10001, "": 6379}
_REACH_SECONDS = 5.0
_CONNECT_SECONDS = 20.0
# Of the memory that Ray keeps for objects; the least it takes. Runs use files.
_OBJECT_BYTES = 80 * 2**20
_SMALLEST = 1e-4


class Needs(NamedTuple):
    """What a run needs of a node.

    Attributes:
        cpus: Processors; may be a fraction.
        gpus: GPUs; may be a fraction up to 1.
    """

    cpus: float
    gpus: float

    def __str__(self) -> str:
        return f"--cpus {self.cpus:g} --gpus {self.gpus:g}"

    def room(self, node: Mapping[str, float]) -> int:
        """Returns how many runs fit on a node that has nothing else to do.

        Args:
            node: Its resources by name, as Ray has them.
        """
        rooms = []
        if self.cpus:
            rooms.append(math.floor(node.get("CPU", 0.0) / self.cpus))
        if self.gpus:
            # Several runs share a GPU; none has parts of two.
            gpus = node.get("GPU", 0.0)
            shared = math.floor(1 / self.gpus)
            rooms.append(int(gpus) * shared if shared else int(gpus / self.gpus))
        return min(rooms, default=1)


def check(needs: Needs, jobs: int | None) -> None:
    """Refuses what no cluster can give.

    Args:
        needs: Of a run.
        jobs: Runs at a time, None for as many as there is room for.

    Raises:
        InputError: If it is none of the amounts Ray has, or without limit.
    """
    if needs.gpus > 1 and not needs.gpus.is_integer():
        raise InputError(
            f"--gpus {needs.gpus:g}: more than one GPU must be a whole number."
        )
    for name, value in needs._asdict().items():
        if 0 < value < _SMALLEST:
            raise InputError(f"--{name} {value:g} is less than {_SMALLEST:g}.")
    if not needs.cpus and not needs.gpus and jobs is None:
        raise InputError(
            f"{needs} sets no limit to the number of runs at a time. Add --jobs."
        )


@contextlib.contextmanager
def connected(address: str | None, needs: Needs, jobs: int | None) -> Iterator[Any]:
    """Returns a context with the module `ray`, connected to nodes that can do runs.

    Args:
        address: Of a cluster: auto, host:port, or ray://host:port; None for an
            instance on this machine that ends with the context.
        needs: Of a run.
        jobs: Runs at a time, None for as many as there is room for.

    Raises:
        InputError: If Ray is not installed, there is no cluster at the address, or no
            node has room for a run.
        CommandError: If Ray cannot be started on this machine.
    """
    ray = _library()
    if address is None:
        _start(ray, needs, jobs)
    else:
        _join(ray, address)
    try:
        _check_room(ray, needs)
        yield ray
    finally:
        ray.shutdown()


def rooms(ray: Any, needs: Needs) -> int:
    """Returns how many runs fit on the nodes that are alive."""
    return sum(needs.room(node) for node in _nodes(ray))


def _nodes(ray: Any) -> list[Mapping[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _check_room(ray: Any, needs: Needs) -> None:
    nodes = _nodes(ray)
    if not any(map(needs.room, nodes)):
        kinds = {
            f"{node.get('CPU', 0):g} CPUs and {node.get('GPU', 0):g} GPUs"
            for node in nodes
        }
        raise InputError(
            f"No node has room for a run with {needs}. There are nodes with "
            f"{', or '.join(sorted(kinds)) or 'nothing'}."
        )
    if not needs.gpus and any(node.get("GPU") for node in nodes):
        progress.say(
            "There are GPUs, but runs will use none: --gpus says how many a run gets, "
            "e.g. 1, or 0.25 for small ones."
        )


def _library() -> Any:
    # It reports how it is used to its makers unless told otherwise.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.exceptions")
    except ImportError as error:
        raise InputError(
            f"--executor ray needs Ray ({error}): pip install 'compare_ssgan[ray]'"
        ) from error
    return ray


def _start(ray: Any, needs: Needs, jobs: int | None) -> None:
    processors = threads.available()
    if needs.cpus > processors:
        raise InputError(
            f"--cpus {needs.cpus:g}: this machine has {processors} processors."
        )
    try:
        ray.init(
            # Without it, RAY_ADDRESS would be followed.
            address="local",
            # So many runs at a time were asked for, however many processors there are.
            num_cpus=math.ceil(jobs * needs.cpus) if jobs else processors,
            include_dashboard=False,
            object_store_memory=_OBJECT_BYTES,
            **_quiet(),
        )
    except (OSError, RuntimeError, ray.exceptions.RayError) as error:
        raise CommandError(
            f"Ray cannot be started on this machine: {_first_line(error)}"
        ) from error


def _join(ray: Any, address: str) -> None:
    _check_reach(address)
    problem = _attempt(ray, address)
    if problem is not None:
        raise InputError(
            f"--address {address}: there is no cluster of Ray that can be joined: "
            f"{problem}"
        )


def _attempt(ray: Any, address: str) -> str | None:
    """Joins a cluster; returns the problem if that is not possible in time."""
    # Ray would try for minutes, and then end this process. In a thread it also leaves
    # our signals alone.
    problems: list[str] = []

    def join() -> None:
        try:
            ray.init(address=address, **_quiet())
        # Whatever is at the address: all it can say is why it is not to be joined.
        except Exception as error:
            problems.append(_first_line(error))

    thread = threading.Thread(target=join, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS)
    if thread.is_alive():
        return f"no answer within {_CONNECT_SECONDS:.0f} s."
    return problems[0] if problems else None


def _quiet() -> dict[str, Any]:
    return {"logging_level": logging.ERROR, "log_to_driver": False}


def _check_reach(address: str) -> None:
    """Refuses an address at which nobody listens."""
    if address == "auto":
        return
    scheme = _CLIENT if address.startswith(_CLIENT) else ""
    host, _, port = address.removeprefix(scheme).rpartition(":")
    if not host or not port.isdigit() or int(port) >= 2**16:
        raise InputError(
            f"--address must be auto, HOST:PORT or ray://HOST:PORT, not '{address}'. "
            f"Ray's own ports are {_PORTS['']}, and {_PORTS[_CLIENT]} for ray://."
        )
    try:
        where = host.strip("[]"), int(port)
        socket.create_connection(where, timeout=_REACH_SECONDS).close()
    except OSError as error:
        raise InputError(
            f"--address {address}: nobody answers there ({error.strerror or error}). "
            "Is the cluster running (ray status)?"
        ) from error


def _first_line(error: Exception) -> str:
    lines: Sequence[str] = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
