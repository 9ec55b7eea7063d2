"""A real headless Chromium, or the reason why there is none."""

import json
import os
import pathlib
import shutil

import pytest

_WIDE = (1280, 900)


class Page:
    """A browser at a report, with what tests say in a line."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path, size=_WIDE):
        """Opens a file in a window of its own size, as if for the first time."""
        self.resize(*size)
        self.emulate("light")
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)
        self.driver.get(pathlib.Path(path).as_uri())
        self.run("try { localStorage.clear(); } catch {}")
        return self

    def resize(self, width, height):
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def emulate(self, scheme):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.command("Emulation.setEmulatedMedia", features=[feature])

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector):
        """Texts of elements, whether they are in view or not."""
        found = "[...document.querySelectorAll(arguments[0])]"
        return self.run(f"return {found}.map((each) => each.textContent)", selector)

    def click(self, selector):
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def choose(self, selector, value):
        from selenium.webdriver.support.ui import Select

        Select(self.find(selector)).select_by_value(value)

    def press(self, *keys):
        """Types into whatever has the focus."""
        from selenium.webdriver import ActionChains

        chain = ActionChains(self.driver)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def focused(self):
        return self.driver.switch_to.active_element

    def problems(self):
        """What the browser complained of."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """Addresses that were asked for since the page was opened."""
        messages = [
            json.loads(entry["message"])["message"]
            for entry in self.driver.get_log("performance")
        ]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="session")
def browser():
    """A `Page` of a browser that is shared by all tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    service = shutil.which("chromedriver")
    if not binary or not service:
        pytest.skip("needs chromium and chromium-driver (Debian's packages)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage"]
    # Chromium refuses to run as root in its sandbox.
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    for argument in arguments:
        options.add_argument(argument)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    yield Page(driver)
    driver.quit()
