import pathlib
import tempfile

import pytest

from tests.cluster import slurm_cluster, twelve


@pytest.fixture(scope="session")
def slurm():
    """A real Slurm; see `slurm_cluster`."""
    reason = slurm_cluster.missing()
    if reason:
        pytest.skip(reason)
    # Not pytest's directory: the name of a socket is short.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="slurm-"))
    cluster = slurm_cluster.Cluster(directory)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The directory of the twelve runs as they are without an engine."""
    out = tmp_path_factory.mktemp("undisturbed")
    twelve.do_undisturbed(out)
    return out
