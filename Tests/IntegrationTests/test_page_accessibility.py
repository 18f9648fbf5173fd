"""The demo page by axe: nothing that a rule of it forbids, in each of its states and in both schemes."""

from __future__ import annotations

from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By

from conftest import MakeUser
from martlet_process import Server
from support import PASSWORD, eventually, unique_handle
from test_browser import Window, driver, pytestmark  # noqa: F401

SCHEMES = ("light", "dark")


def violations(window: Window) -> list[str]:
    """What axe finds on the page as it is, each with where it is and why."""
    result = Axe().run(window.driver)
    # Whether texts can be read against what is behind them was looked at, or the rest says little.
    assert any(rule["id"] == "color-contrast" for rule in result["passes"]), "no contrast was measured"
    return [f"{rule['id']} at {node['target']}: {node['failureSummary']}" for rule in result["violations"] for node in rule["nodes"]]


def assert_accessible(window: Window, state: str) -> None:
    """In both schemes, as the system asks for them; and without motion, for what fades has not yet the colours that it ends
    with."""
    for scheme in SCHEMES:
        media = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features: dict[str, Any] = {"features": [{"name": name, "value": value} for name, value in media.items()]}
        window.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        found = violations(window)
        assert found == [], f"{state}, {scheme}:\n" + "\n".join(found)


def test_signed_out(server: Server, driver: webdriver.Chrome) -> None:  # noqa: F811
    window = Window(driver, f"http://localhost:{server.port}/")
    form = window.find("login-form")
    assert_accessible(window, "signed out")
    window.find("login-form").find_element(By.NAME, "handle").send_keys("nobody")
    form.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    eventually(lambda: form.find_element(By.CSS_SELECTOR, ".form-error").is_displayed(), 10, "an error at the form")
    assert_accessible(window, "with an error")


def test_signed_in(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:  # noqa: F811
    """With nothing there yet, with posts of which one is bookmarked, the settings, and somebody's card."""
    other = make_user("other")
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("signup-form", handle=unique_handle("reader"), password=PASSWORD, display_name="Reader")
    window.is_live()
    window.find("empty")
    assert_accessible(window, "signed in")
    window.follow(other.handle)
    window.post("a post of one's own, with https://example.org/a-link in it")
    window.sees("one's own")
    eventually(lambda: other.http.get("/v1/me").json()["followers"] == 1, 10, "the follow")
    other.post("a post of somebody else")
    window.sees("somebody else")
    window.script("document.querySelector('[data-bookmark]').click(); document.getElementById('bookmarks').open = true")
    eventually(lambda: window.script("return document.getElementById('bookmarks-list').children.length") == 1, 10, "the bookmark")
    assert_accessible(window, "with posts")
    window.script("document.getElementById('settings').showPopover()")
    assert_accessible(window, "with the settings open")
    window.script("document.getElementById('settings').hidePopover()")
    window.script("document.getElementById('me-name').click()")
    window.find("user-card")
    assert_accessible(window, "with a card open")


@pytest.mark.parametrize("theme", SCHEMES)
def test_a_theme_that_was_chosen(server: Server, driver: webdriver.Chrome, theme: str) -> None:  # noqa: F811
    """It holds against what the system asks for."""
    window = Window(driver, f"http://localhost:{server.port}/")
    window.script(f"localStorage.setItem('martlet.theme', '{theme}')")
    driver.refresh()
    window.find("login-form")
    background = window.script("return getComputedStyle(document.body).backgroundColor")
    assert_accessible(window, f"chosen: {theme}")
    assert window.script("return getComputedStyle(document.body).backgroundColor") == background
