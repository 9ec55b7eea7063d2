import json
import sys

import pytest

from tests.analysis import fabricate


@pytest.fixture
def study(tmp_path):
    return fabricate.small_study(tmp_path / "small")


def test_a_table_in_a_file_is_markdown(study, command):
    code, text, _ = command("table", study)
    assert code == 0
    assert text.startswith("### digits: fid600_test_digits_cnn\n")


def test_a_table_on_a_terminal_fits_it(study, command, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("NO_COLOR", "1")
    _, text, _ = command("table", study)
    assert text.startswith("digits: fid600_test_digits_cnn\n")
    assert max(map(len, text.splitlines())) <= 70
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    assert "\033[" in command("table", study)[1]
    _, text, _ = command("table", study, "--format", "md")
    assert text.startswith("### digits")


def test_every_option_of_a_table_reaches_it(study, command):
    options = ["--metric", "fid,is", "--select", "best", "--against", "ssgan"]
    options += ["--statistic", "iqm", "--published", "none", "--runs"]
    code, text, _ = command("table", study, *options, "--format", "json")
    assert code == 0
    tables = json.loads(text)["tables"]
    assert [table["select"] for table in tables] == ["best", "best"]
    rows = {row["method"]: row for row in tables[0]["rows"]}
    assert (rows["sn_gan"]["baseline"], rows["sn_gan"]["statistic"]) == ("ssgan", "iqm")
    code, _, err = command("table", study, *options)
    assert code == 2
    assert "--statistic iqm: several metrics side by side" in err
    kept = [*options[:4], "--published", "none", "--runs"]
    code, text, _ = command("table", study, *kept)
    assert code == 0
    assert "Every run, is600_digits_cnn:" in text


def test_a_table_may_be_of_several_directories(study, tmp_path, command):
    fabricate.constant(tmp_path / "other", "wgan_gp", [40.0, 41.0])
    code, text, _ = command("table", study, tmp_path / "other")
    assert code == 0
    assert "| sn_gan " in text
    assert "| wgan_gp " in text


@pytest.mark.parametrize(
    "options,message",
    [
        (["--select", "by:fid"], "that is the reported metric itself"),
        (["--select", "first"], "There is no selection rule 'first'"),
        (["--against", "biggan"], "--against biggan: there is no such method"),
        (["--metric", "fid,prdc"], "has a measurement of 'prdc'"),
    ],
)
def test_wrong_options_are_one_message(study, command, options, message):
    code, text, error = command("table", study, *options)
    assert (code, text) == (2, "")
    assert message in error
    assert "Traceback" not in error
