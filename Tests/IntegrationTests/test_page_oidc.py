"""The page and a provider, in a browser: there and back, by keyboard, and who was sent back by somebody else."""

from __future__ import annotations

from typing import Iterator
from urllib.parse import urlencode

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions as EC
from selenium.webdriver.support.wait import WebDriverWait

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from martlet_process import Server
from oidc_provider import SECRET, oidc_provider_mock
from oidc_site import write_providers
from sql import rows
from support import PATIENCE, eventually, expect, http_client, unique_handle
from test_page_accessibility import assert_accessible


@pytest.fixture(scope="module")
def page() -> Iterator[Server]:
    """A server whose page a provider of another project may send people back to; and one that the page is nothing to."""
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as mock:
        server = Server()
        entry = {"issuer": f"http://localhost:{mock.server_port}", "client_secret": SECRET}
        server.settings |= {
            "MARTLET_OIDC_LOOPBACK": "on",
            "MARTLET_OIDC_PROVIDERS": str(write_providers(
                server.home, mock=entry | {"title": "Mock & Sons", "redirects": [f"http://localhost:{server.port}/"]},
                elsewhere=entry | {"redirects": ["https://app.example/back"]})),
        }
        try:
            yield server.start()
        finally:
            server.remove()


def at_provider(driver: webdriver.Chrome, subject: str | None) -> None:  # noqa: F811
    """Logs in there, or (`None`) does not want to."""
    field = eventually(lambda: next(iter(driver.find_elements(By.NAME, "sub")), None), 15, "the provider's page")
    if subject is None:
        driver.find_element(By.CSS_SELECTOR, "button[value=deny]").click()
    else:
        field.send_keys(subject + Keys.ENTER)


def error(window: Window) -> str:
    found = window.find("providers").find_element(By.CSS_SELECTOR, "[role=alert]")
    return eventually(lambda: found.is_displayed() and found.text, 10, "an error")


def own_card(window: Window) -> None:
    window.script("document.getElementById('me-name').click()")
    eventually(lambda: window.script("return document.getElementById('card').open"), 10, "the card")
    window.script("document.querySelectorAll('#card details').forEach((one) => (one.open = true))")


def test_there_and_back(page: Server, driver: webdriver.Chrome) -> None:  # noqa: F811
    url = f"http://localhost:{page.port}/"
    window = Window(driver, url)
    button = window.find("provider-mock")
    assert button.text == "Continue with Mock & Sons" and not driver.find_elements(By.CSS_SELECTOR, "[data-testid=provider-elsewhere]")
    assert_accessible(window, "with a provider")
    button.send_keys(Keys.ENTER)
    at_provider(driver, "ada")
    window.find("composer")
    # Neither code nor state stays in the address, in the history, or in the tab.
    assert driver.current_url == url and "code=" not in window.script("return JSON.stringify({...sessionStorage})")
    assert "log-in" not in window.script("return Object.keys(sessionStorage).join()")
    handle = window.find("me-name").text
    assert handle.startswith("@anon_")
    window.post("by a provider")
    window.sees("by a provider")
    # It takes a name, without a password.
    name = unique_handle("ada")
    own_card(window)
    assert_accessible(window, "one's own card")
    window.send("naming-form", handle=name)
    eventually(lambda: window.find("me-name").text == f"@{name}", 10, "the name")
    # A reload changes nothing.
    driver.refresh()
    eventually(lambda: window.find("me-name").text == f"@{name}", 10, "the name after a reload")
    window.find("logout").click()
    window.find("provider-mock").click()
    at_provider(driver, "ada")
    eventually(lambda: window.find("me-name").text == f"@{name}", 10, "the same account")
    # What must be confirmed needs a young session; then it leaves, and comes back.
    user = rows(page, f"SELECT id FROM users WHERE handle = '{name}'")[0][0]
    rows(page, f"UPDATE sessions SET opened_at = now() - interval '10 minutes' WHERE user_id = {user}")
    own_card(window)
    window.find("delete-account").click()
    refused = window.find("delete-form").find_element(By.CSS_SELECTOR, ".form-error")
    eventually(lambda: "log in by its provider again" in refused.text, 10, "why not")
    rows(page, f"UPDATE sessions SET opened_at = now() WHERE user_id = {user}")
    window.find("delete-account").click()
    window.find("farewell")
    window.find("provider-mock").click()
    at_provider(driver, "ada")
    WebDriverWait(driver, PATIENCE).until(EC.alert_is_present()).accept()
    eventually(lambda: window.find("me-name").text == f"@{name}", 10, "the account that was kept")


def test_who_does_not_want_to(page: Server, driver: webdriver.Chrome) -> None:  # noqa: F811
    window = Window(driver, f"http://localhost:{page.port}/")
    window.find("provider-mock").click()
    at_provider(driver, None)
    assert "has not logged you in" in error(window)
    assert driver.current_url == f"http://localhost:{page.port}/"
    assert window.find("login-form") and not driver.find_element(By.CSS_SELECTOR, "[data-testid=composer]").is_displayed()


def test_sent_back_by_somebody_else(page: Server, driver: webdriver.Chrome) -> None:  # noqa: F811
    """A log-in that another one has begun, with a code that is good, is not finished here: nobody is logged in as him."""
    url = f"http://localhost:{page.port}/"
    with http_client(page.url) as http:
        begun = expect(http.post("/v1/auth/oidc/mock/start", json={"redirect": url}), 200).json()
    mine = Window(driver, url)
    for state in (begun["state"], "made up"):
        mine.script(f"location.assign({url + '?' + urlencode({'code': 'of-another', 'state': state})!r})")
        eventually(lambda: driver.current_url == url, 10, "an address without what came")
        assert "not begun in this tab" in error(mine)
    assert_accessible(mine, "with an error of a provider")
    # The same when this tab has begun one of its own.
    mine.script("sessionStorage.setItem('martlet.log-in', JSON.stringify({provider: 'mock', state: 'own'}))")
    mine.script(f"location.assign({url + '?' + urlencode({'code': 'of-another', 'state': begun['state']})!r})")
    assert "not begun in this tab" in error(mine)
    assert mine.find("login-form")


def test_a_code_that_is_refused(page: Server, driver: webdriver.Chrome) -> None:  # noqa: F811
    url = f"http://localhost:{page.port}/"
    window = Window(driver, url)
    window.find("provider-mock").click()
    eventually(lambda: driver.find_elements(By.NAME, "sub"), 15, "the provider's page")
    state = driver.current_url.split("state=")[1].split("&")[0]
    driver.get(f"{url}?code=made-up&state={state}")
    assert "does not take this code" in error(window)
    window.find("provider-mock").click()
    at_provider(driver, "again")
    window.find("composer")
