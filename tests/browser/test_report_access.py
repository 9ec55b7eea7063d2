"""A report by keyboard, on a phone, in the dark, and with hostile records."""

import re

import pytest

from compare_ssgan.analysis.report import page
from tests.analysis import fabricate_report

pytestmark = pytest.mark.browser

# Ratio of luminances of each visible text to what is behind it, the worst ones.
CONTRAST = """
const element = document.createElement("canvas");
const canvas = element.getContext("2d", {willReadFrequently: true});
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (node) => {
  for (let each = node; each; each = each.parentElement) {
    const color = rgba(getComputedStyle(each).backgroundColor);
    if (color[3] === 255) return color;
  }
  return [255, 255, 255, 255];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (!text || !node.checkVisibility() || node.closest("script")) continue;
  const style = getComputedStyle(node);
  const ink = rgba(node.closest("svg") ? style.fill : style.color);
  const [one, two] = [luminance(ink), luminance(behind(node))].sort((a, b) => b - a);
  found.push([(one + 0.05) / (two + 0.05), text.slice(0, 40)]);
}
return found.filter(([ratio]) => ratio < 4.5).slice(0, 10);
"""
UNNAMED = """
const kinds = "button, select, input, a, section, aside, nav, form";
return [...document.querySelectorAll(`${kinds}, [role=region], [role=application]`)]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.textContent.trim() && node.matches("button, a"))
    && !node.getAttribute("aria-label") && !node.labels?.length
    && !document.getElementById(node.getAttribute("aria-labelledby"))?.textContent)
  .map((node) => node.outerHTML.slice(0, 80));
"""
TWICE = """
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
return ids.filter((id, index) => ids.indexOf(id) !== index);
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    study = fabricate_report.study(tmp_path_factory.mktemp("access") / "study")
    return page.write(study, study / "report.html")


@pytest.fixture
def report(browser, path):
    browser.open(path)
    yield browser
    assert browser.problems() == []


def wait(report, milliseconds=200):
    report.run(
        "return new Promise((done) => setTimeout(done, arguments[0]))", milliseconds
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_contrast(scheme, report):
    report.emulate(scheme)
    report.run("document.getElementById('samples').scrollIntoView()")
    wait(report)
    assert report.run(CONTRAST) == []
    report.click("#run-table a")
    assert report.run(CONTRAST) == []


def test_the_theme_follows_the_system_until_it_is_chosen(report):
    def dark():
        color = report.run("return getComputedStyle(document.body).backgroundColor")
        return int(re.search(r"\d+", color)[0]) < 128

    assert not dark()
    report.emulate("dark")
    assert dark()
    assert report.find("#theme").text == "Light"
    report.click("#theme")
    assert not dark()
    report.driver.refresh()
    assert not dark()
    report.click("#theme")
    assert dark()


def test_controls_and_landmarks_have_names(report):
    report.run("document.getElementById('samples').scrollIntoView()")
    wait(report)
    assert report.run(UNNAMED) == []
    assert report.run(TWICE) == []
    assert report.all("img:not([alt])") == []
    levels = report.run(
        "return [...document.querySelectorAll('h1, h2, h3')].map((h) => h.localName)"
    )
    assert levels[0] == "h1"
    assert levels.count("h1") == 1
    report.click("#run-table a")
    assert report.run(UNNAMED) == []
    assert report.run(TWICE) == []


def test_everything_can_be_reached_and_used_by_keyboard(report):
    from selenium.webdriver.common.keys import Keys

    report.press(Keys.TAB)
    assert report.focused().text == "Skip to the results"
    reached = []
    for _ in range(80):
        report.press(Keys.TAB)
        node = report.focused()
        reached.append(node.get_attribute("id"))
        outline = report.run("return getComputedStyle(arguments[0]).outlineStyle", node)
        assert outline != "none", reached
        if reached[-1] == "methods-0-sort-2":
            break
    for name in ("theme", "dataset", "metric", "rule", "family", "search"):
        assert name in reached
    for order, key in (("ascending", Keys.ENTER), ("descending", Keys.SPACE)):
        report.press(key)
        assert report.texts(f"#methods-0 th[aria-sort={order}]") != []
        # The header that was pressed keeps the focus.
        assert report.focused().get_attribute("id") == "methods-0-sort-2"


def test_curves_are_read_by_keyboard(report):
    from selenium.webdriver.common.keys import Keys

    report.run("document.getElementById('chart-0').focus()")

    def spoken():
        (text,) = report.texts("#chart-0 [role=status]")
        return text

    report.press(Keys.ARROW_RIGHT)
    first = spoken()
    assert "0 generator steps" in first
    report.press(Keys.ARROW_RIGHT)
    assert "500 generator steps" in spoken()
    report.press(Keys.ARROW_DOWN)
    assert "500 generator steps" in spoken()
    assert spoken().split(",")[0] != first.split(",")[0]
    report.press(Keys.END)
    assert "6,000 generator steps" in spoken()
    assert report.find("#chart-0 .tip").is_displayed()
    report.press(Keys.ESCAPE)
    assert not report.find("#chart-0 .tip").is_displayed()


def test_a_dialog_takes_the_focus_and_gives_it_back(report):
    from selenium.webdriver.common.keys import Keys

    report.run("document.querySelector('#run-table a').focus()")
    address = report.focused().get_attribute("href")
    report.press(Keys.ENTER)
    wait(report)
    inside = (
        "return document.getElementById('details').contains(document.activeElement)"
    )
    assert report.run(inside)
    report.press(Keys.TAB, Keys.TAB)
    assert report.run(inside)
    report.press(Keys.ESCAPE)
    wait(report)
    assert report.focused().get_attribute("href") == address


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_page_does_not_scroll_sideways(width, browser, path):
    report = browser.open(path, (width, 740))
    report.run("document.getElementById('samples').scrollIntoView()")
    wait(report)
    sideways = "return document.documentElement.scrollWidth - innerWidth"
    assert report.run(sideways) <= 0
    if width == 360:
        assert not report.find("#fields").is_displayed()
        report.click("#filters > summary")
        assert report.find("#fields").is_displayed()
        report.choose("#rule", "best")
        assert report.run(sideways) <= 0
        report.click("#filters > summary")
    for summary in report.all("main summary"):
        report.run("arguments[0].click()", summary)
    report.run("document.getElementById('single').click()")
    assert report.run(sideways) <= 0
    report.click("#run-table a")
    over = "return arguments[0].scrollWidth - arguments[0].clientWidth"
    assert report.run(over, report.find("#details")) <= 0
    assert report.run(sideways) <= 0
    assert report.problems() == []


def test_hostile_records_are_shown_and_do_nothing(browser, tmp_path):
    study = fabricate_report.hostile(tmp_path / "study")
    path = page.write(study, tmp_path / "report.html")
    report = browser.open(path)
    report.run("document.getElementById('samples').scrollIntoView()")
    wait(report)
    for link in range(len(report.all("#run-table a"))):
        address = report.all("#run-table a")[link].get_attribute("href")
        report.run("location.hash = new URL(arguments[0]).hash", address)
        wait(report, 50)
        assert fabricate_report.HOSTILE[:9] in report.find("#details").text
        report.run("document.getElementById('details').close()")
    for field in ("metric", "rule", "family", "method", "status"):
        for number in range(len(report.all(f"#{field} option"))):
            report.all(f"#{field} option")[number].click()
    assert report.driver.title != "pwned"
    assert report.all("img, iframe, body b, body script[src]") == []
    assert report.requests() == [path.as_uri()]
    assert report.problems() == []
