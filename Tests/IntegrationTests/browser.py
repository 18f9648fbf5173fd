"""A headless Chromium for tests of the page."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Iterator

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from support import eventually

CHROMIUM, CHROMEDRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1100,900",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
    "--disable-background-networking", "--no-first-run",
)
pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and CHROMEDRIVER.exists()), reason=f"{CHROMIUM} or {CHROMEDRIVER} is not installed",
)


class Window:
    """One window of the browser, with a session of its own (sessionStorage is per tab)."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver = driver
        if driver.current_url.startswith("http"):
            driver.switch_to.new_window("window")
        self.handle = driver.current_window_handle
        driver.get(url)

    def _here(self) -> webdriver.Chrome:
        self.driver.switch_to.window(self.handle)
        return self.driver

    def find(self, testid: str) -> WebElement:
        """The visible element of this test id, once there is one."""
        def visible() -> WebElement | None:
            found = self._here().find_elements(By.CSS_SELECTOR, f'[data-testid="{testid}"]')
            try:
                return next((element for element in found if element.is_displayed()), None)
            except StaleElementReferenceException:
                return None  # the page has just drawn it anew

        return eventually(visible, 15, f"a visible {testid}")

    def send(self, form: str, **fields: str) -> None:
        """Types into a form's inputs and presses its button, as a person would."""
        element = self.find(form)
        for name, value in fields.items():
            field = element.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)
        element.find_element(By.CSS_SELECTOR, "button[type=submit]").click()

    def fill(self, form: str, **fields: str) -> None:
        """The same, of a form that leads to the feed."""
        self.send(form, **fields)
        self.find("composer")

    def post(self, text: str) -> None:
        self.find("composer").send_keys(text)
        self.find("post-button").click()

    def follow(self, handle: str) -> None:
        self.find("follow-input").send_keys(handle)
        self.find("follow-button").click()

    def script(self, code: str) -> Any:
        return self._here().execute_script(code)

    def articles(self) -> list[tuple[str, str]]:
        """Id and text of the posts that are shown, from top to bottom."""
        return [tuple(pair) for pair in self.script(
            "return [...document.querySelectorAll('[data-testid=feed] article[data-post-id]')]"
            ".filter(a => a.checkVisibility()).map(a => [a.dataset.postId, a.innerText])")]

    def sees(self, text: str, timeout: float = 10) -> None:
        eventually(lambda: any(text in shown for _, shown in self.articles()), timeout, f"an article with {text!r}")

    def shown_once(self, text: str) -> bool:
        return sum(text in shown for _, shown in self.articles()) == 1

    def is_live(self, transport: str = "websocket", timeout: float = 15) -> None:
        def state() -> bool:
            connection = self._here().find_element(By.CSS_SELECTOR, "[data-testid=connection]")
            return (connection.get_attribute("data-state"), connection.get_attribute("data-transport")) == ("live", transport)

        eventually(state, timeout, f"a connection that is live over {transport}")

    def mark(self) -> None:
        """Leaves a mark that a reload would wipe out."""
        self.script("window.neverReloaded = true")

    def was_not_reloaded(self) -> bool:
        return self.script("return window.neverReloaded === true")


@pytest.fixture
def driver() -> Iterator[webdriver.Chrome]:
    """A fresh headless Chromium."""
    with tempfile.TemporaryDirectory(prefix="martlet-it-chromium-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER), env=dict(os.environ)))
        browser.set_page_load_timeout(30)
        browser.set_script_timeout(15)
        try:
            yield browser
        finally:
            browser.quit()
