import io
import sys

from compare_ssgan.studies import progress

TERMS = {"discriminator/a": 1.0, "discriminator/b": 0.5, "generator/a": 2.0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_elsewhere_than_on_a_terminal_every_tenth_is_a_line(capsys):
    shown = progress.Progress(20, 0)
    shown.measured({"kid": 1.0, "fid10_x": 12.345})
    for step in range(1, 21):
        shown.stepped(step, TERMS)
    shown.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("step 2/20 (10 %), ")
    assert "D 1.500, G 2.000, fid10_x 12.3" in lines[0]
    assert lines[-1].startswith("step 20/20 (100 %), ")


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown = progress.Progress(4, 2)
    shown._bar.last_print_t = 0
    shown.measured({"fid": 3.0})
    shown.stepped(3, TERMS)
    shown.close()
    assert "3/4" in terminal.getvalue()
    assert "D 1.500, G 2.000, fid 3" in terminal.getvalue()


def test_the_result_has_the_last_values_and_a_status_that_is_not_complete():
    run = {"method": "m", "dataset": "d", "seed": 1, "status": "diverged"}
    rows = [
        {"step": 0, "metric": "fid", "value": 9.0},
        {"step": 7, "metric": "fid", "value": float("nan")},
    ]
    header, values = progress.result_row(run, rows).splitlines()
    assert header.split() == ["method", "dataset", "seed", "step", "fid", "status"]
    assert values.split() == ["m", "d", "1", "7", "nan", "diverged"]
