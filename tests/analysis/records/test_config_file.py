import pytest

from compare_ssgan import analysis
from compare_ssgan.analysis import tables
from compare_ssgan.analysis.records import config_file, run_records
from compare_ssgan.analysis.report import provenance
from compare_ssgan.errors import InputError
from tests.analysis import fabricate


def test_a_configuration_is_lines_or_nothing(tmp_path):
    directory = fabricate.run(tmp_path, "gan", 0, config=["# why", "", "a.x = 1"])
    text = (directory / "config.gin").read_text()
    assert config_file.lines(directory) == text.splitlines()
    (directory / "config.gin").unlink()
    assert config_file.lines(directory) is config_file.lines(None) is None


def read_provenance(study):
    return provenance.read(run_records.read(study)[0])


@pytest.mark.parametrize(
    "read", [tables.render, analysis.configurations, read_provenance]
)
def test_a_configuration_that_cannot_be_read_is_an_error_that_names_it(tmp_path, read):
    path = fabricate.run(tmp_path, "gan", 0) / "config.gin"
    path.write_bytes(b"a.x = '\xff'\n")
    with pytest.raises(InputError, match=r"Cannot read .*config.gin: .*utf-8.*Restore"):
        read(tmp_path)
    # Refuses to be read, whoever asks.
    path.unlink()
    path.symlink_to("/proc/self/mem")
    with pytest.raises(InputError, match=r"Cannot read .*config.gin: .*Errno"):
        read(tmp_path)
