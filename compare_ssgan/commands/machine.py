"""What a command needs in place before it computes."""

import argparse
import importlib
import os
import pathlib
import sys
import tempfile
from typing import Any

from compare_ssgan.commands.arguments import optional_path


def studies(flags: argparse.Namespace) -> Any:
    """Imports what trains, with the machine's settings in place.

    Returns:
        The module `studies.spec`.
    """
    from compare_ssgan.studies import threads

    threads.limit_libraries(getattr(flags, "threads", None))
    load_tensorflow()
    from compare_ssgan.datasets import base
    from compare_ssgan.studies import spec

    if flags.data_dir is not None:
        base.set_data_directory(pathlib.Path(flags.data_dir))
    return spec


def request(flags: argparse.Namespace, seed: int | None) -> Any:
    """Returns the `RunRequest` that flags describe, with a seed."""
    from compare_ssgan.studies.spec import RunRequest

    return RunRequest(
        gin_files=tuple(flags.gin or ()),
        dataset=flags.dataset or "digits",
        budget=flags.budget or "short",
        seed=seed,
        settings=tuple(flags.settings),
        out=optional_path(getattr(flags, "out", None)),
        threads=getattr(flags, "threads", None),
        strategy=getattr(flags, "strategy", "none"),
        data_dir=flags.data_dir,
        planned=optional_path(getattr(flags, "planned", None)),
    )


def load_tensorflow() -> None:
    """Imports TensorFlow without the lines it prints about its own start.

    They come from C++ before any log level can be set. If the import fails, they
    are shown.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    # The remapper stumbles over a pooled shortcut that is added to another branch,
    # complains, and leaves the graph alone: no speed is lost without it.
    tensorflow.config.optimizer.set_experimental_options({"remapping": False})
