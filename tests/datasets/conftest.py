import pytest

from compare_ssgan.datasets import base


@pytest.fixture
def directory(tmp_path):
    """The directory that --data_dir names, empty."""
    base.set_data_directory(tmp_path)
    yield tmp_path
    base.set_data_directory(None)
