"""A report's page, clicked through in a real browser."""

import re

import pytest

from compare_ssgan.analysis.report import page
from tests.analysis import fabricate, fabricate_report

pytestmark = pytest.mark.browser

TABLE = "#methods-0"
# What stands for no number.
ABSENT = "\u2013"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return fabricate_report.study(tmp_path_factory.mktemp("clicks") / "study")


@pytest.fixture(scope="module")
def path(study):
    return page.write(study, study / "report.html")


@pytest.fixture
def report(browser, path):
    browser.open(path)
    yield browser
    assert browser.problems() == []


def column(report, table, name):
    headers = report.texts(f"{table} thead th")
    (index,) = (i for i, text in enumerate(headers) if re.sub("[▲▼]", "", text) == name)
    return report.texts(f"{table} tbody tr:not(.block) > :nth-child({index + 1})")


def sort_by(report, table, name):
    for button in report.all(f"{table} thead button"):
        if re.sub("[▲▼]", "", button.text).replace("\n", " ").strip() == name:
            report.run("arguments[0].scrollIntoView({block: 'center'})", button)
            button.click()
            return
    raise AssertionError(name)


def test_it_asks_for_nothing_but_itself(report, path):
    report.run("document.getElementById('samples').scrollIntoView()")
    addresses = [each for each in report.requests() if not each.startswith("data:")]
    assert addresses == [path.as_uri()]


def test_headers_sort_up_down_and_not_at_all(report):
    planned = column(report, TABLE, "method")
    assert len(report.all(f"{TABLE} tr.block")) == 3
    sort_by(report, TABLE, "median")
    medians = [float(text) for text in column(report, TABLE, "median")]
    assert medians == sorted(medians)
    assert report.all(f"{TABLE} tr.block") == []
    assert report.texts(f"{TABLE} th[aria-sort=ascending]") == ["median▲"]
    sort_by(report, TABLE, "median")
    assert [float(t) for t in column(report, TABLE, "median")] == medians[::-1]
    assert report.texts(f"{TABLE} th[aria-sort=descending]") == ["median▼"]
    sort_by(report, TABLE, "median")
    assert column(report, TABLE, "method") == planned


def test_what_has_no_number_is_sorted_last_both_ways(report):
    name = next(t for t in report.texts("#run-table thead th") if "last meas" in t)
    for _ in range(2):
        sort_by(report, "#run-table", name)
        shown = column(report, "#run-table", name)
        assert shown[-4:] == [ABSENT] * 4
        assert ABSENT not in shown[:-4]


@pytest.mark.parametrize(
    ("field", "value", "runs"),
    [
        ("family", "self-supervised", 8),
        ("method", "gan", 3),
        ("status", "diverged", 1),
        ("dataset", "1", 4),
    ],
)
def test_filters_leave_what_they_name(field, value, runs, report):
    report.choose(f"#{field}", value)
    assert report.find("#matches").text == f"{runs} of 24 runs"
    assert len(report.all("#run-table tbody tr")) == runs


def test_text_filters_while_it_is_typed(report):
    report.find("#search").send_keys("memory acgan")
    assert report.find("#matches").text == "1 of 24 runs"
    assert column(report, "#run-table", "status") == ["▲ failed"]
    assert report.focused().get_attribute("id") == "search"
    report.click("#clear")
    assert report.find("#matches").text == "24 of 24 runs"
    assert not report.find("#clear").is_displayed()


def test_the_rule_is_named_wherever_its_numbers_stand(report):
    for rule, title in (
        ("best", "best measurement"),
        ("step:3000", "at step 3,000"),
        ("last", "last measurement"),
    ):
        report.choose("#rule", rule)
        for caption in report.texts("#methods .caption strong"):
            assert f"'{rule}'" in caption or title in caption
        headers = " ".join(report.texts("#run-table thead th"))
        assert title in headers
        others = {"best measurement", "last measurement"} - {title}
        assert not any(other in headers for other in others)


def test_the_pointer_reads_the_nearest_point(report):
    from selenium.webdriver import ActionChains

    chart = report.find("#chart-0")
    report.run("arguments[0].scrollIntoView({block: 'center'})", chart)
    ActionChains(report.driver).move_to_element_with_offset(chart, 60, 40).perform()
    method, value, place, *seeds = report.texts("#chart-0 .tip > *")
    step = int(re.sub(r"\D", "", place))
    index = fabricate.STEPS.index(step)
    assert seeds
    found = []
    for line in seeds:
        seed, shown = re.fullmatch(r"seed (\d+): ([\d.,]+)", line).groups()
        found.append(fabricate.curve(method, int(seed))[index])
        assert float(shown) == pytest.approx(found[-1], rel=1e-3)
    middle = sorted(found)[len(found) // 2] if len(found) % 2 else sum(found) / 2
    shown = float(re.search(r"FID ([\d.,]+)", value)[1].replace(",", ""))
    assert shown == pytest.approx(middle, rel=1e-3)


def test_single_runs_are_drawn_and_read_on_demand(report):
    assert report.all("#chart-0 .single") == []
    report.click("#single")
    assert (
        len(report.all("#chart-0 .single"))
        == len([r for r in report.texts("#run-table tbody tr") if "digits" in r]) - 2
    )  # One failed before it was measured, one never ran.
    assert report.focused().get_attribute("id") == "single"


def test_axes_are_switched_and_those_not_on_record_say_why(report):
    for axis, label in (
        ("images", "real images seen"),
        ("wall", "time of training, minutes"),
        ("steps", "generator steps"),
    ):
        report.choose("#axis", axis)
        assert label in report.texts("#chart-0 .axis-label")
    (option,) = report.all("#axis option[value=operations]")
    assert not option.is_enabled()
    assert "do not count operations" in option.text


def test_scales_are_switched(report):
    def ticks():
        return report.texts("#chart-0 .tick")

    report.choose("#scale-y", "linear")
    linear = ticks()
    assert "0" in linear
    report.choose("#scale-y", "log")
    assert ticks() != linear
    report.choose("#scale-x", "log")
    assert report.all("#chart-0 .median")


def test_the_legend_hides_and_shows_methods(report):
    count = len(report.all("#chart-0 .series"))
    report.click("#legend-0-0")
    assert len(report.all("#chart-0 .series")) == count - 1
    assert report.find("#legend-0-0").get_attribute("aria-pressed") == "false"
    report.click("#legend-None-0")
    assert "Nothing to draw" in report.find("#chart-0").text
    report.click("#legend-All-0")
    assert len(report.all("#chart-0 .series")) == count


def test_a_run_opens_with_its_configuration_and_what_sets_it_apart(report, study):
    link = next(a for a in report.all("#run-table a") if "acgan" in a.text)
    report.run("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    assert report.find("#details").get_attribute("open") is not None
    assert "#run=digits-acgan-seed0" in report.driver.current_url
    config = study / "runs" / fabricate.run_id("acgan", 0) / "config.gin"
    assert report.texts("#config") == [config.read_text().strip()]
    assert "ResourceExhaustedError" in report.texts("#details .error")[0]
    option = next(
        o for o in report.all("#against option") if o.text == "sn_gan, seed 1"
    )
    option.click()
    assert report.texts("#difference tbody tr") == [
        "gans.ModularGAN.loss'acgan''sn_gan'",
        "roots.run.seed01",
    ]


def test_back_and_escape_close_a_run(report):
    from selenium.webdriver.common.keys import Keys

    link = report.find("#run-table a")
    for close in (lambda: report.press(Keys.ESCAPE), report.driver.back):
        report.run("arguments[0].scrollIntoView({block: 'center'})", link)
        link.click()
        assert report.find("#details").is_displayed()
        close()
        report.run("return new Promise((done) => setTimeout(done, 100))")
        assert not report.find("#details").is_displayed()
        assert "#run=" not in report.driver.current_url


def test_the_address_of_a_run_opens_it(report, path):
    run = fabricate.run_id("gan", 2)
    report.driver.get(f"{path.as_uri()}#run={run}")
    report.run("return new Promise((done) => setTimeout(done, 100))")
    assert report.find("#details-heading").text == "gan, seed 2"
    assert "was not finite at step 2,412" in report.find("#details").text


def test_samples_are_enlarged_and_leafed_through(report):
    from selenium.webdriver.common.keys import Keys

    report.run("document.getElementById('samples').scrollIntoView()")
    report.run("return new Promise((done) => setTimeout(done, 200))")
    assert len(report.all("#samples .card")) == 9
    report.click("#samples .card button")
    heading = report.find("#picture-heading").text
    assert heading.startswith("gan, seed 0, step 6,000")
    assert "last measurement: 59.47" in report.find("#picture").text
    report.press(Keys.ARROW_RIGHT)
    assert report.find("#picture-heading").text != heading
    picture = report.find("#picture img")
    assert report.run("return arguments[0].naturalWidth", picture) == 130
    report.press(Keys.ESCAPE)
    assert not report.find("#picture").is_displayed()
    # The number of another step would be none of these samples.
    report.choose("#rule", "step:3000")
    report.click("#samples .card button")
    assert "3,000" not in report.find("#picture").text
    report.press(Keys.ESCAPE)
    report.choose("#seed", "all")
    assert len(report.all("#samples .card")) > 9


def test_failures_say_why(report):
    text = report.find("#problems").text
    assert "Failed: 1 run" in text
    assert "generator/adversarial was not finite at step 2,412" in text
    assert "sbn_ssgan, seed 2 on digits" in text


def test_provenance_tells_commits_data_and_time(report):
    text = report.find("#provenance").text
    assert "0123456" in text
    assert "a" * 16 in text
    assert "1:55:31 over 23 runs" in text


def test_caveats_come_first(report):
    assert len(report.all("#caveats li")) == 4
    caveats, tables = report.find("#caveats"), report.find(TABLE)
    assert caveats.location["y"] < tables.location["y"]
