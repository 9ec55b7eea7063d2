"""Where the weights of the Inception network are kept, and whether they are the real.

Below the cache directory, in `weights/`. Files whose sha256 is published keep their
names. Anything else carries the first 8 digits of its sha256 in its name, and so do
the metrics obtained with it: their numbers never meet those of the real network.
"""

import functools
import hashlib
import http.client
import os
import pathlib
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from typing import IO, Final, Literal, NamedTuple

from compare_ssgan import cache
from compare_ssgan.errors import CommandError, InputError

Kind = Literal["torch", "tfhub", "frozen_graph", "saved_model"]

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
# One and the same file, published by pytorch-fid and by torch-fidelity.
PUBLISHED = {
    "pt_inception-2015-12-05-6726825d.pth": "https://github.com/mseitzer/pytorch-fid/"
    "releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    "weights-inception-2015-12-05-6726825d.pth": "https://github.com/toshas/"
    "torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
}
TFHUB: Final = "tfhub"
HANDLE = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1"
_CACHE_VARIABLE = "TFHUB_CACHE_DIR"
# Names of what has no published sha256, before the digits of its own.
_PREFIXES: dict[Kind, str] = {
    "frozen_graph": "frozen_graph-",
    "saved_model": "saved_model-",
    "torch": "unverified-",
}
_DIGITS = 8
_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60


class Source(NamedTuple):
    """Weights of the Inception network.

    Attributes:
        kind: What the path holds.
        path: A file, or a directory for "tfhub" and "saved_model".
        sha256: Of its content; of a directory, of the files' names and contents.
        published: Whether this is the published network, without a doubt: its sha256
            is the published one, or TensorFlow Hub fetched it by its name.
    """

    kind: Kind
    path: pathlib.Path
    sha256: str
    published: bool

    @property
    def label(self) -> str:
        """What tells its numbers from those of the real network; empty for that."""
        return "" if self.published else self.sha256[:_DIGITS]


def directory() -> pathlib.Path:
    """Returns where weights are kept."""
    return cache.directory() / "weights"


def present() -> list[Source]:
    """Returns what there is, in the order in which it is preferred.

    The published file of the PyTorch port, by either name; the module that
    TensorFlow Hub fetched; a frozen graph; a copy of the module; at last weights of
    unknown origin.
    """
    kept = directory()
    paths: list[tuple[Kind, pathlib.Path]]
    paths = [("torch", kept / name) for name in PUBLISHED]
    module = _module_directory()
    if (module / "saved_model.pb").is_file():
        paths.append((TFHUB, module))
    for kind, prefix in _PREFIXES.items():
        paths += [(kind, path) for path in sorted(kept.glob(f"{prefix}*"))]
    return [_source(kind, path) for kind, path in paths if path.exists()]


def choose(weights: str | None) -> Source:
    """Returns the weights to take.

    Args:
        weights: Path of a file or directory; "tfhub" for the module of TensorFlow
            Hub, which is fetched if need be; None for the first one that is present.

    Raises:
        InputError: If there are none, or the path holds none.
        CommandError: If the module cannot be fetched.
    """
    if weights == TFHUB:
        return get(TFHUB)
    if weights is not None:
        path = pathlib.Path(weights).expanduser()
        return _source(identify(path), path)
    found = present()
    if not found:
        raise InputError(
            f"There are no weights of the Inception network in {directory()}. "
            "`compare_ssgan weights get` downloads them. Without network, fetch "
            f"{next(iter(PUBLISHED.values()))} on another machine, or take a copy of "
            "the module of TensorFlow Hub or the frozen graph of 2015, and call "
            "`compare_ssgan weights add PATH`. Or choose other features, "
            "digits_cnn or random_convolutions: evaluate.features = "
            "@features.digits_cnn(), of `score` --features digits_cnn."
        )
    return found[0]


def identify(path: pathlib.Path) -> Kind:
    """Returns what a path holds, by its looks; whoever loads it finds out.

    Raises:
        InputError: If there is nothing, or nothing known.
    """
    if not path.exists():
        raise InputError(f"There is no {path}.")
    if path.is_dir():
        if (path / "saved_model.pb").is_file():
            return "saved_model"
        raise InputError(f"{path} holds no saved_model.pb, so it is no SavedModel.")
    known: dict[str, Kind] = {".pth": "torch", ".pt": "torch", ".pb": "frozen_graph"}
    if path.suffix not in known:
        raise InputError(
            f"{path} is neither a state dict of PyTorch (.pth), a frozen graph (.pb) "
            "nor the directory of a SavedModel."
        )
    return known[path.suffix]


def add(
    path: pathlib.Path, check: Callable[[Source], None], *, unverified: bool
) -> Source:
    """Copies weights into the store, as a whole or not at all.

    Args:
        path: A file or directory.
        check: Raises an `InputError` if they are none of the network's.
        unverified: Whether a file of the PyTorch port may be another than the
            published one. Of the other kinds none is published.

    Returns:
        What was stored.

    Raises:
        InputError: If the path holds no weights, or others than it should.
        CommandError: If they cannot be stored.
    """
    source = _source(identify(path), path)
    if source.kind == "torch" and not source.published and not unverified:
        raise InputError(
            f"The sha256 of {path} is {source.sha256}, but that of the published "
            f"weights {SHA256}. The file is damaged or another one. --unverified "
            f"stores it all the same; its metrics are named ..._{source.label}."
        )
    check(source)
    if source.kind == "torch" and source.published:
        name = path.name if path.name in PUBLISHED else next(iter(PUBLISHED))
    else:
        suffix = path.suffix if path.is_file() else ""
        name = f"{_PREFIXES[source.kind]}{source.label}{suffix}"
    target = directory() / name
    if not target.exists():
        try:
            _store(lambda temporary: _copy(path, temporary), target)
        except OSError as error:
            raise CommandError(f"Cannot store {path}: {error}.") from error
    return _source(source.kind, target)


def get(source: str) -> Source:
    """Downloads the published weights, unless they are there.

    Args:
        source: "torch" for the file of the PyTorch port, "tfhub" for the module of
            TensorFlow Hub.

    Raises:
        CommandError: If they cannot be fetched, or are not what was published.
    """
    if source == TFHUB:
        return _source(TFHUB, _resolve())
    for found in present():
        if found.kind == "torch" and found.published:
            return found
    failures = []
    for name, url in PUBLISHED.items():
        target = directory() / name
        try:
            _store(functools.partial(_download, url), target)
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{url}: {error}")
            continue
        return _source("torch", target)
    raise CommandError(
        "The weights of the Inception network cannot be downloaded "
        f"({'; '.join(failures)}). Fetch one of these files on a machine with network "
        "and call `compare_ssgan weights add FILE`."
    )


def _source(kind: Kind, path: pathlib.Path) -> Source:
    digest = _hash_directory(path) if path.is_dir() else _hash_known_file(path)
    return Source(kind, path, digest, kind == TFHUB or digest == SHA256)


def _module_cache() -> pathlib.Path:
    """Returns where TensorFlow Hub keeps what it fetches."""
    return pathlib.Path(os.environ.get(_CACHE_VARIABLE) or directory() / TFHUB)


def _module_directory() -> pathlib.Path:
    """Returns where TensorFlow Hub keeps the module, or would."""
    return _module_cache() / hashlib.sha1(HANDLE.encode()).hexdigest()


def _resolve() -> pathlib.Path:
    """Returns the directory of the module, fetched by TensorFlow Hub if need be."""
    if (_module_directory() / "saved_model.pb").is_file():
        return _module_directory()
    # Imports TensorFlow, which only this needs.
    import tensorflow_hub

    before = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = str(_module_cache())
    try:
        return pathlib.Path(tensorflow_hub.resolve(HANDLE))
    # Without network, or for an answer that is no archive.
    except (OSError, RuntimeError, ValueError, tarfile.TarError) as error:
        raise CommandError(f"Cannot fetch {HANDLE}: {error}.") from error
    finally:
        if before is None:
            del os.environ[_CACHE_VARIABLE]


def _hash_directory(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            name = file.relative_to(path).as_posix()
            digest.update(f"{name} {_hash_known_file(file)}\n".encode())
    return digest.hexdigest()


def _hash_known_file(path: pathlib.Path) -> str:
    found = path.stat()
    return _hash_file(path, found.st_size, found.st_mtime_ns, found.st_ino)


# gin calls a factory anew for every evaluation; nobody waits for the same sum again.
@functools.cache
def _hash_file(path: pathlib.Path, size: int, changed: int, inode: int) -> str:
    del size, changed, inode
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store(write: Callable[[pathlib.Path], None], target: pathlib.Path) -> None:
    """Makes a file or directory that is complete or absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        temporary = pathlib.Path(partial) / target.name
        write(temporary)
        os.replace(temporary, target)


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _download(url: str, target: pathlib.Path) -> None:
    digest = hashlib.sha256()
    with (
        urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer,
        target.open("wb") as file,
    ):
        _copy_hashed(answer, file, digest.update)
    if digest.hexdigest() != SHA256:
        raise CommandError(
            f"What {url} sent is not the published file: its sha256 is "
            f"{digest.hexdigest()}, not {SHA256}. Nothing was stored."
        )


def _copy_hashed(
    source: IO[bytes], target: IO[bytes], update: Callable[[bytes], None]
) -> None:
    while block := source.read(_BLOCK):
        update(block)
        target.write(block)
