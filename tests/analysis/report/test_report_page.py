"""The file that a report is: safe, whole, and where it was asked for."""

import base64
import errno
import hashlib
import html.parser
import json
import os
import pathlib
import re

import pytest

from compare_ssgan.analysis import output_files
from compare_ssgan.analysis.report import page
from compare_ssgan.errors import CommandError, InputError
from tests.analysis import fabricate, fabricate_report


class Elements(html.parser.HTMLParser):
    """What a browser would find: elements with attributes, and texts in them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts = [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.found:
            tag, attributes = self.found[-1]
            key = attributes.get("id", tag)
            self.texts[key] = self.texts.get(key, "") + data


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    study = fabricate_report.hostile(tmp_path_factory.mktemp("hostile") / "study")
    return page.render(study)


def test_texts_of_records_add_no_element(hostile, tmp_path):
    fabricate.run(tmp_path, "gan", 0)
    harmless = Elements(page.render(tmp_path))
    found = Elements(hostile)
    assert [tag for tag, _ in found.found] == [tag for tag, _ in harmless.found]
    assert not any("onerror" in attributes for _, attributes in found.found)


def test_texts_of_records_arrive_as_they_were(hostile):
    data = json.loads(Elements(hostile).texts["report-data"])
    assert fabricate_report.HOSTILE in data["texts"]
    assert data["metrics"][0]["name"] == "fid600_test_<b>x</b>"


def test_data_have_no_markup_and_no_ends_of_lines_of_javascript():
    text = page.embedded({"<&>\u2028\u2029": "</script>\udc80"})
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"<&>\u2028\u2029": "</script>\udc80"}


def test_only_the_scripts_and_styles_of_the_page_may_run(hostile):
    (policy,) = (
        attributes["content"]
        for tag, attributes in Elements(hostile).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", hostile, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_is_loaded_from_elsewhere(hostile):
    for _, attributes in Elements(hostile).found:
        for name in ("src", "href", "action", "srcset"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "data:")), (name, value)
    assert "url(" not in page.asset("page.css")
    for name in page.SCRIPTS:
        script = page.asset(name)
        for means in ("fetch(", "XMLHttpRequest", "import(", "WebSocket", "http:/"):
            assert means not in script.replace("http://www.w3.org/2000/svg", ""), name


def test_scripts_make_no_markup_of_texts():
    for name in page.SCRIPTS:
        script = page.asset(name)
        for means in ("innerHTML", "outerHTML", "insertAdjacent", "document.write"):
            assert means not in script, name
        assert "eval(" not in script
        assert "</script" not in script


def test_every_asset_is_used_and_short():
    assets = pathlib.Path(page.__file__).parent / "assets"
    names = {path.name for path in assets.iterdir()}
    assert names == {*page.SCRIPTS, "page.html", "page.css"}
    for path in assets.iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path.name


def test_the_command_writes_the_page_beside_the_runs(command, tmp_path):
    fabricate.run(tmp_path / "study", "gan", 0)
    code, out, _ = command("report", "study")
    assert (code, out) == (0, f"{pathlib.Path('study', 'report.html')}\n")
    text = (tmp_path / "study" / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    # The page itself is no run: the command can be repeated.
    assert command("report", "study")[0] == 0


def test_several_directories_are_one_page(command, tmp_path):
    fabricate.run(tmp_path / "one", "gan", 0)
    fabricate.run(tmp_path / "two", "gan", 1)
    code, _, _ = command("report", "one", "two", "--out", "both.html")
    assert code == 0
    data = json.loads(
        Elements((tmp_path / "both.html").read_text()).texts["report-data"]
    )
    assert data["studies"] == ["one", "two"]
    assert len(data["runs"]) == 2
    assert not (tmp_path / "one" / "report.html").exists()


@pytest.mark.parametrize(("largest", "is_large"), [(20_000_000, False), (0, True)])
def test_a_page_that_is_too_large_says_so(
    largest, is_large, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(page, "LARGEST", largest)
    fabricate_report.complete(fabricate.run(tmp_path, "gan", 0))
    texts = Elements(page.render(tmp_path)).texts
    caveats = " ".join(json.loads(texts["report-data"])["caveats"])
    size = "This page has 0.2 MB, more than the 0 MB"
    assert [size in text for text in (caplog.text, caveats)] == [is_large, is_large]
    assert bool(json.loads(texts["report-images"])["pictures"]) != is_large


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "There is no directory absent"),
        (["empty"], "empty holds no run records"),
        (["study", "--out", "page.pdf"], "--out must be the path of a .html"),
        (["study", "--out", "file/page.html"], "Cannot write the report"),
        (["study", "--metric", "swd"], "has a measurement of 'swd'"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments, message, command, tmp_path):
    fabricate.run(tmp_path / "study", "gan", 0)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    code, out, err = command("report", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_record_that_is_none_is_refused(command, tmp_path):
    directory = fabricate.run(tmp_path / "study", "gan", 0)
    path = directory / "run.json"
    content = json.loads(path.read_text()) | {"versions": "2.21"}
    path.write_text(json.dumps(content))
    code, _, err = command("report", "study")
    assert code == 2
    assert "versions must be an object" in err


def test_a_full_disk_keeps_the_page_that_was_there(tmp_path, monkeypatch):
    fabricate.run(tmp_path / "study", "gan", 0)
    out = tmp_path / "report.html"
    out.write_text("the old page")

    def refuse(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(output_files.os, "fsync", refuse)
    with pytest.raises(CommandError, match="No space left on device") as caught:
        page.write(tmp_path / "study", out)
    assert caught.value.exit_code == 1
    assert out.read_text() == "the old page"
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_page_that_may_not_be_replaced_is_one_message(tmp_path, monkeypatch):
    fabricate.run(tmp_path / "study", "gan", 0)

    def refuse(self, *arguments, **named):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(pathlib.Path, "open", refuse)
    with pytest.raises(InputError, match=r"Permission denied\. Choose another place"):
        output_files.write(
            tmp_path / "report.html", lambda file: file.write_bytes(b""), "report"
        )
