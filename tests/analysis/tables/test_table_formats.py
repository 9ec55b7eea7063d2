"""LaTeX and terminals: what holds of every table written for them."""

import io
import re
import shutil
import subprocess

import pytest

from compare_ssgan.analysis import tables
from compare_ssgan.analysis.tables import terminal
from tests.analysis import fabricate

COLORS = re.compile(r"\033\[\d+m")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fabricate.small_study(tmp_path_factory.mktemp("formats") / "small")


@pytest.fixture(scope="module")
def famous(tmp_path_factory):
    """Five seeds of a dataset that papers have numbers of."""
    place = tmp_path_factory.mktemp("famous")
    for method in ("sn_gan", "cond_gan", "ssgan"):
        for seed in range(5):
            fabricate.run(place, method, seed, dataset="cifar10")
    return place


OPTIONS = [
    {},
    {"metric": "fid,kid,is", "select": "best", "runs": True},
    {"statistic": "iqm", "published": "all", "against": "cond_gan"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["default", "several", "iqm"])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(study, famous, width, options):
    for place in (study, famous):
        text = tables.render(place, format="terminal", width=width, **options)
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= width
        assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("options", OPTIONS, ids=["default", "several", "iqm"])
def test_a_terminal_shows_what_markdown_shows(famous, options):
    text = tables.render(famous, format="terminal", width=70, **options)
    markdown = tables.render(famous, **options)
    expected, found = (set(re.findall(r"\d+\.\d+", t)) for t in (markdown, text))
    assert len(expected) > 10
    assert found == expected


def test_columns_that_do_not_fit_follow_with_the_names_again(study):
    wide = tables.render(study, format="terminal", width=300)
    narrow = tables.render(study, format="terminal", width=60)
    starts = [line.startswith("sbn_gan ") for line in wide.splitlines()]
    assert sum(starts) == 1
    starts = [line.startswith("sbn_gan ") for line in narrow.splitlines()]
    assert sum(starts) > 1


def test_numbers_of_a_column_are_aligned_with_and_without_a_star(study):
    lines = tables.render(study, format="terminal", width=300).splitlines()
    rows = [line for line in lines if re.match(r"(sn_gan|cond_gan|ssgan) ", line)]
    assert "16.98*" in rows[1]
    ends = [[m.end() for m in re.finditer(r"\d+\.\d\d", row)][1] for row in rows]
    assert len(set(ends)) == 1


def test_long_names_wrap(tmp_path):
    settings = [f"a.very.long.name.of.a.setting.number.{i} = {i}" for i in range(3)]
    fabricate.constant(tmp_path, "gan", [1.0, 2.0])
    options = {"settings": settings, "digest": 1}
    fabricate.constant(tmp_path, "ssgan", [1.0, 2.0], **options)
    text = tables.render(tmp_path, format="terminal", width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert "number.2" in text
    label = f"ssgan ({', '.join(settings)})"
    text = tables.render(tmp_path, format="terminal", width=80, against=label)
    assert max(map(len, text.splitlines())) <= 80


def test_colours_change_nothing_but_colours(study):
    plain = tables.render(study, format="terminal", width=90)
    colored = tables.render(study, format="terminal", width=90, color=True)
    assert "\033" not in plain
    assert "\033[32m" in colored
    assert "\033[31m" in colored
    stripped = [COLORS.sub("", line).rstrip() for line in colored.splitlines()]
    assert stripped == plain.splitlines()


def test_records_cannot_steer_the_terminal(tmp_path):
    fabricate.constant(tmp_path, "gan", [1.0])
    options = {"settings": ["a = '\033[31m\r'"], "digest": 1, "family": "\033[32m"}
    fabricate.constant(tmp_path, "ssgan", [1.0], **options)
    text = tables.render(tmp_path, format="terminal", width=100)
    assert "\033" not in text
    assert "\r" not in text
    assert r"\x1b[31m" in text
    assert r"\x1b[32m" in text


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self._terminal = terminal

    def isatty(self):
        return self._terminal


@pytest.mark.parametrize(
    "is_terminal,environment,expected",
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(is_terminal, environment, expected):
    assert terminal.wants_color(Stream(is_terminal), environment) == expected


@pytest.mark.parametrize("options", OPTIONS, ids=["default", "several", "iqm"])
def test_every_row_of_latex_has_as_many_cells_as_columns(study, famous, options):
    for place in (study, famous):
        text = tables.render(place, format="latex", **options)
        assert text.isascii()
        found = re.findall(
            r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL
        )
        assert len(found) == text.count(r"\begin{tabular}")
        for columns, body in found:
            number = len(re.sub(r"p\{[^}]*\}", "p", columns))
            for row in re.findall(r"(.*?) \\\\\n", body):
                if row.startswith(r"\multicolumn"):
                    assert row.startswith(rf"\multicolumn{{{number}}}")
                else:
                    assert len(re.findall(r"(?<!\\)&", row)) == number - 1, row
        for name in ("table", "tabular"):
            assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}")
        bare = text.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("options", OPTIONS, ids=["default", "several", "iqm"])
def test_latex_compiles(famous, tmp_path, options):
    body = tables.render(famous, format="latex", **options)
    (tmp_path / "table.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\usepackage[T1]{fontenc}"
        f"\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
