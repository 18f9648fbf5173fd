"""The page for who reads it by ear, by links, and by programs."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from martlet_process import Server
from support import PASSWORD, User, eventually, expect, http_client, unique_handle


LINKED = {
    "see https://example.com/a?b=1&c=2#d.": ["https://example.com/a?b=1&c=2#d"],
    "(https://example.com/wiki/Bird_(heraldry)), and http://x.example!": [
        "https://example.com/wiki/Bird_(heraldry)", "http://x.example"],
    "HTTPS://EXAMPLE.COM/Path, https://example.com/ü?q=日本": ["HTTPS://EXAMPLE.COM/Path", "https://example.com/ü?q=日本"],
    "javascript:alert(1) data:text/html,x ftp://example.com xhttp://example.com http:// https://": [],
    "<a href=https://evil.example/><img src=x onerror=alert(1)></a>": ["https://evil.example/"],
    'https://example.com/"onmouseover="alert(1)': ["https://example.com/"],
}


@pytest.fixture
def window(server: Server, driver: webdriver.Chrome) -> Window:  # noqa: F811
    return Window(driver, f"http://localhost:{server.port}/")


def signed_up(window: Window) -> str:
    handle = unique_handle("page")
    window.fill("signup-form", handle=handle, password=PASSWORD)
    window.is_live()
    return handle


def shows(window: Window, post_id: str) -> None:
    eventually(lambda: post_id in [shown for shown, _ in window.articles()], 10, f"the post {post_id} on the page")


def visible_headings(driver: webdriver.Chrome) -> list[str]:  # noqa: F811
    """Of the first order, as a screen reader has them."""
    return driver.execute_script(
        "return [...document.querySelectorAll('h1')].filter((h) => h.checkVisibility()).map((h) => h.textContent)")


def names_of(driver: webdriver.Chrome, css: str) -> list[str]:  # noqa: F811
    """Of those that are shown."""
    return [element.accessible_name for element in driver.find_elements(By.CSS_SELECTOR, css) if element.is_displayed()]


def test_one_heading_of_the_first_order(server: Server, driver: webdriver.Chrome, window: Window) -> None:  # noqa: F811
    assert len(visible_headings(driver)) == 1
    signed_up(window)
    assert visible_headings(driver) == ["Your feed"]


def test_everything_to_press_or_fill_has_a_name_of_its_own(
    server: Server, driver: webdriver.Chrome, window: Window  # noqa: F811
) -> None:
    handle = signed_up(window)
    with http_client(server.url) as http:
        session = expect(http.post("/v1/auth/login", json={"handle": handle, "password": PASSWORD}), 200).json()
    user = User.of_session(server, session)
    posts = [user.post(text)["id"] for text in ("the first", "the second", "x" * 500)]
    for post_id in posts:
        shows(window, post_id)
    assert all(names_of(driver, "form, input, textarea, button"))
    assert names_of(driver, "#follow-form") == names_of(driver, "#follow-input") == ["Follow by handle"]
    deletes = names_of(driver, "[data-testid=delete-post]")
    assert len(set(deletes)) == 3 and all(name.startswith("Delete “") for name in deletes)
    assert any("“the first”" in name for name in deletes) and max(map(len, deletes)) < 150
    button = driver.find_element(By.CSS_SELECTOR, f"[data-post-id='{posts[0]}'] [data-testid=delete-post]")
    assert button.text == "Delete"
    button.click()
    assert button.text == "Really delete?" and button.accessible_name.startswith("Really delete? “the first”")
    user.close()


def test_addresses_in_a_post_are_links(server: Server, driver: webdriver.Chrome, window: Window) -> None:  # noqa: F811
    """Of http and https only; the text stays what it was, to the last character."""
    handle = signed_up(window)
    with http_client(server.url) as http:
        session = expect(http.post("/v1/auth/login", json={"handle": handle, "password": PASSWORD}), 200).json()
    user = User.of_session(server, session)
    ids = {user.post(text)["id"]: text for text in LINKED}
    for post_id in ids:
        shows(window, post_id)
    for post_id, text in ids.items():
        shown = driver.find_element(By.CSS_SELECTOR, f"[data-post-id='{post_id}'] .text")
        assert shown.get_property("textContent") == text
        links = shown.find_elements(By.TAG_NAME, "a")
        assert [link.get_property("textContent") for link in links] == LINKED[text]
        for link in links:
            assert urlsplit(link.get_property("href")).scheme in ("http", "https")
            assert link.get_dom_attribute("rel") == "noopener noreferrer nofollow ugc"
        assert not shown.find_elements(By.CSS_SELECTOR, ":not(a)")
    user.close()


def test_no_word_on_the_console(server: Server, driver: webdriver.Chrome, window: Window) -> None:  # noqa: F811
    signed_up(window)
    assert [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_what_browsers_and_crawlers_ask_for(server: Server) -> None:
    with http_client(server.url) as http:
        icon = expect(http.get("/favicon.ico"), 200)
        assert icon.headers["content-type"] == "image/x-icon" and icon.content[:4] == b"\0\0\1\0"
        robots = expect(http.get("/robots.txt"), 200)
        assert robots.headers["content-type"] == "text/plain; charset=utf-8"
        assert robots.text.isascii() and "User-agent: *\n" in robots.text and "Disallow: /v1/\n" in robots.text
