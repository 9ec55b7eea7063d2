"""Names that would mean something in the format they are written in."""

import csv
import io

from compare_ssgan.analysis import tables
from tests.analysis import fabricate


def test_names_are_escaped_in_latex_and_markdown(tmp_path):
    fabricate.constant(tmp_path, "sn_gan", [1.0], settings=["a.b = {'x|y': 1}"])
    fabricate.constant(tmp_path, "gan", [1.0])
    assert r"sn\_gan (a.b = \{'x\textbar{}y': 1\})" in tables.render(
        tmp_path, format="latex"
    )
    assert r"sn_gan (a.b = {'x\|y': 1})" in tables.render(tmp_path)


def test_no_family_breaks_a_table(tmp_path):
    fabricate.constant(tmp_path, "gan", [1.0], family="a_b | *c*\nd")
    assert r"| *a_b \| \*c\*\nd* |" in tables.render(tmp_path)
    latex = tables.render(tmp_path, format="latex")
    assert r"\textit{a\_b \textbar{} *c*\textbackslash{}nd}" in latex


def test_markdown_shows_names_as_they_are(tmp_path):
    for digest, value in enumerate(["'<b>_x_y_`*'", "'photos_64'"]):
        settings = [f"a.b = {value}"]
        fabricate.constant(tmp_path, "gan", [1.0], settings=settings, digest=digest)
    text = tables.render(tmp_path)
    assert r"gan (a.b = '\<b>\_x_y\_\`\*')" in text
    assert "gan (a.b = 'photos_64')" in text


def test_no_text_of_a_csv_is_a_formula(tmp_path):
    fabricate.constant(tmp_path, "=1+1", [-5.0])
    (row,) = csv.DictReader(io.StringIO(tables.render(tmp_path, format="csv")))
    assert row["method"] == "'=1+1"
    assert float(row["mean"]) == -5.0


def test_quotes_need_no_font_encoding_in_latex(tmp_path):
    fabricate.constant(tmp_path, "gan", [1.0], settings=['a.b = "x"'])
    assert "a.b = ''x''" in tables.render(tmp_path, format="latex")
