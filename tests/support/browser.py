"""A headless Chromium for tests of documents."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

__all__ = ["Page", "chromium"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Page:
    """A browser with one document open."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, path: Path) -> float:
        """Open a file; the milliseconds until everything of it was loaded."""
        self.driver.get("about:blank")
        self.errors()
        self.requests()
        self.driver.get(path.as_uri())
        loaded = self.run("return performance.getEntriesByType('navigation')[0].loadEventEnd")
        assert isinstance(loaded, int | float)
        return float(loaded)

    def run(self, script: str, *arguments: object) -> object:
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, seconds: float = 5) -> None:
        """Until a script in the page gives something true."""
        WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: self.run(script))

    def texts(self, selector: str) -> list[str]:
        """The visible texts of the elements that are shown."""
        script = "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).map(e => e.innerText.trim())"
        found = self.run(script, selector)
        assert isinstance(found, list)
        return found

    def errors(self) -> list[str]:
        """What the console has said since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call] # as above

    def requests(self) -> list[str]:
        """The addresses that were asked for since this was last asked."""
        found = []
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call] # as above
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def resize(self, width: int, height: int) -> None:
        """The size of the window's inside, in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@contextmanager
def chromium() -> Iterator[Page]:
    """A headless browser; skips the calling test where there is none."""
    browser = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1280,900",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Page(made)
    finally:
        made.quit()
