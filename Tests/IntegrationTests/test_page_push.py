"""The demo page: settings of notifications, devices, and what is pushed to the browser, in a real one."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from conftest import MakeUser
from devtools import DevTools
from martlet_process import Server
from support import PASSWORD, User, eventually, expect
from test_notifier import pushing, received, register, sink  # noqa: F401  (fixtures)
from test_page_accessibility import assert_accessible
from test_sink import Sink

# A browser without a vendor's service can't subscribe: what that would give, and what it was asked for.
SUBSCRIPTION = {
    "endpoint": "https://push.example.com/a-browser",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
SUBSCRIBE = """
    const made = JSON.parse(arguments[0]);
    PushManager.prototype.subscribe = async (options) => {
        window.askedFor = { visible: options.userVisibleOnly, key: [...options.applicationServerKey] };
        return { options, toJSON: () => made };
    };
"""


@pytest.fixture
def user(make_user: MakeUser) -> User:
    return make_user("reader")


@pytest.fixture
def window(server: Server, user: User, driver: webdriver.Chrome) -> Window:  # noqa: F811
    """Logged in, with one's own card open. Notifications are allowed."""
    url = f"http://localhost:{server.port}"
    window = Window(driver, url + "/")
    driver.execute_cdp_cmd("Browser.grantPermissions", {"origin": url, "permissions": ["notifications"]})
    window.fill("login-form", handle=user.handle, password=PASSWORD)
    window.is_live()
    open_card(window)
    return window


def open_card(window: Window) -> None:
    window.script("document.getElementById('me-name').click()")
    window.find("user-card")


def opened(window: Window, section: str) -> None:
    window.find(section).find_element(By.CSS_SELECTOR, "summary").click()


def preferences(user: User) -> dict[str, Any]:
    return expect(user.http.get("/v1/me/preferences"), 200).json()


def devices(user: User) -> list[dict[str, Any]]:
    return expect(user.http.get("/v1/devices"), 200).json()["items"]


def box(window: Window, name: str) -> Any:
    """A field of the settings, once they are read."""
    return eventually(
        lambda: next(iter(window.find("preferences-form").find_elements(By.NAME, name)), None), 10, f"the field {name}")


def test_settings_are_saved(window: Window, user: User) -> None:
    opened(window, "preferences")
    window.find("preferences-form")
    assert not box(window, "quiet.from").is_displayed()
    for name in ("types.like.push", "types.follow.inbox", "quiet", "previews"):
        box(window, name).click()
    Select(box(window, "only_from")).select_by_value("followed")
    Select(box(window, "digest")).select_by_value("daily")
    zone = box(window, "quiet.time_zone")
    zone.clear()
    zone.send_keys("Nowhere/Land")
    window.find("save-preferences").click()
    eventually(lambda: zone.get_attribute("aria-invalid") == "true", 10, "an error at the time zone")
    assert_accessible(window, "settings with an error")
    assert preferences(user)["digest"] == "off"
    zone.clear()
    zone.send_keys("Asia/Seoul")
    window.find("save-preferences").click()
    eventually(lambda: preferences(user)["digest"] == "daily", 10, "the settings")
    saved = preferences(user)
    assert saved["quiet"] == {"from": "22:00", "to": "07:00", "time_zone": "Asia/Seoul", "urgent": False}
    assert saved["types"]["like"] == {"inbox": True, "push": False} and saved["types"]["follow"] == {"inbox": False, "push": True}
    assert saved["only_from"] == "followed" and saved["previews"] is False
    # Again, of what has been saved.
    box(window, "quiet").click()
    window.find("save-preferences").click()
    eventually(lambda: "quiet" not in preferences(user), 10, "no quiet hours")


def test_settings_that_were_changed_elsewhere(window: Window, user: User) -> None:
    opened(window, "preferences")
    box(window, "previews").click()
    expect(user.http.put("/v1/me/preferences", json={"digest": "hourly"}, headers={"If-Match": "*"}), 200)
    window.find("save-preferences").click()
    eventually(lambda: "elsewhere" in window.find("preferences-form").text, 10, "a word about it")
    assert Select(box(window, "digest")).first_selected_option.get_attribute("value") == "hourly"
    assert preferences(user)["previews"] is True
    box(window, "previews").click()
    window.find("save-preferences").click()
    eventually(lambda: preferences(user)["previews"] is False, 10, "the settings")
    assert preferences(user)["digest"] == "hourly"


def test_it_fits_a_phone(window: Window, driver: webdriver.Chrome) -> None:  # noqa: F811
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True})
    for section in ("preferences", "devices-section"):
        opened(window, section)
    box(window, "quiet").click()
    assert_accessible(window, "settings and devices on a phone")
    too_wide = window.script(
        "const card = document.getElementById('card'), edge = card.getBoundingClientRect().right;"
        "return card.scrollWidth <= card.clientWidth ? [] : [...card.querySelectorAll('*')]"
        ".filter(e => e.getBoundingClientRect().right > edge).map(e => e.outerHTML.slice(0, 100))")
    assert too_wide == []
    small = window.script(
        "return [...document.querySelectorAll('[data-testid=preferences-form] input, [data-testid=preferences-form] select')]"
        ".map(e => (e.closest('label') ?? e).getBoundingClientRect()).filter(r => r.width > 0 && (r.width < 24 || r.height < 24)).length")
    assert small == 0


def test_this_browser(server: Server, window: Window, user: User, driver: webdriver.Chrome) -> None:  # noqa: F811
    """It asks for a subscription to the site's key, and registers it; logging out ends it."""
    opened(window, "devices-section")
    driver.execute_script(SUBSCRIBE, json.dumps(SUBSCRIPTION | {"endpoint": f"https://push.example.com/{user.handle}"}))
    window.find("add-browser").click()
    eventually(lambda: len(devices(user)) == 1, 15, "a device")
    eventually(lambda: "is notified" in window.find("devices-note").text, 10, "a word about it")
    asked = window.script("return window.askedFor")
    key = window.script(
        "const key = (await (await fetch('/v1/push/key')).json()).vapid.replaceAll('-', '+').replaceAll('_', '/');"
        "return [...atob(key)].map(c => c.charCodeAt(0))")
    assert asked == {"visible": True, "key": key} and len(key) == 65
    device = devices(user)[0]
    assert device["kind"] == "webpush" and device["state"] == "active" and " on " in device["name"]
    assert device["name"] in window.find("devices").text
    # The same browser is one device, however often.
    window.find("add-browser").click()
    eventually(lambda: "is notified" in window.find("devices-note").text, 10, "a word about it")
    assert [entry["id"] for entry in devices(user)] == [device["id"]]
    window.find("remove-device").click()
    eventually(lambda: "Removed" in window.find("devices-note").text, 10, "a word about it")
    assert devices(user) == []
    window.find("add-browser").click()
    eventually(lambda: "is notified" in window.find("devices-note").text, 10, "a word about it")
    assert len(devices(user)) == 1
    window.script("document.getElementById('card').close(); document.getElementById('logout').click()")
    eventually(lambda: devices(user) == [], 10, "no device behind the log-out")


def test_a_test_of_a_device(pushing: Server, sink: Sink, make_user: MakeUser, driver: webdriver.Chrome) -> None:  # noqa: F811
    """A button for each device, and what came of it."""
    alice = make_user("alice", pushing)
    register(alice, "webhook", sink)
    window = Window(driver, f"http://localhost:{pushing.port}/")
    window.fill("login-form", handle=alice.handle, password=PASSWORD)
    window.is_live()
    open_card(window)
    opened(window, "devices-section")
    window.find("test-device").click()
    eventually(lambda: "The test was delivered to" in window.find("devices-note").text, 20, "what came of it")
    assert [item["payload"]["data"]["group"]["type"] for item in received(sink)] == ["test"]
    assert_accessible(window, "a device with its test")
    sink.control("PUT", "/faults/webhook", {"steps": [{"status": 503}]})
    window.find("test-device").click()
    eventually(lambda: "tried again" in window.find("devices-note").text, 20, "what came of it")
    assert "(status 503)" in window.find("devices-note").text


def test_a_browser_that_may_not(server: Server, window: Window, user: User, driver: webdriver.Chrome) -> None:  # noqa: F811
    url = f"http://localhost:{server.port}"
    driver.execute_cdp_cmd("Browser.setPermission", {"permission": {"name": "notifications"}, "setting": "denied", "origin": url})
    opened(window, "devices-section")
    window.find("add-browser").click()
    eventually(lambda: "not been allowed" in window.find("devices-note").text, 10, "the reason")
    assert devices(user) == []


SHOWN = (
    "return (await (await navigator.serviceWorker.ready).getNotifications())"
    ".map(n => ({ title: n.title, body: n.body, tag: n.tag, url: n.data.url }))")


def test_a_push_is_shown_and_opens(server: Server, window: Window, driver: webdriver.Chrome) -> None:  # noqa: F811
    url = f"http://localhost:{server.port}"
    opened(window, "devices-section")
    driver.execute_script(SUBSCRIBE, json.dumps(SUBSCRIPTION))
    window.find("add-browser").click()
    eventually(lambda: "is notified" in window.find("devices-note").text, 15, "the service worker")
    with DevTools(driver, "page", url) as page, DevTools(driver, "service_worker", f"{url}/sw.js") as worker:
        page.call("ServiceWorker.enable")
        registrations = page.event("ServiceWorker.workerRegistrationUpdated")["registrations"]
        registration = next(entry["registrationId"] for entry in registrations if entry["scopeURL"] == f"{url}/")

        def push(data: str, expected: list[tuple[str, str]]) -> None:
            """Pushed until the titles and bodies that are shown are these: Chromium forgets a notification when it compares what it
            has kept with what is displayed at the wrong moment."""
            def shown() -> bool:
                page.call("ServiceWorker.deliverPushMessage", origin=url, registrationId=registration, data=data)
                for _ in range(10):
                    time.sleep(0.1)
                    if {(n["title"], n["body"]) for n in window.script(SHOWN)} == set(expected):
                        return True
                return False

            eventually(shown, 15, f"{expected} of {data!r}")

        data = {"title": "Ada Lovelace", "body": "liked your post", "url": "/#/posts/12345", "tag": "like:post:12345"}
        push(json.dumps(data), [("Ada Lovelace", "liked your post")])
        first = {"title": "Ada Lovelace", "body": "liked your post", "tag": "like:post:12345", "url": f"{url}/#/posts/12345"}
        assert window.script(SHOWN) == [first]
        # What has the same tag takes its place; another one does not.
        push(json.dumps(data | {"title": "Ada and Bob"}), [("Ada and Bob", "liked your post")])

        worker.evaluate(
            "registration.getNotifications().then(([notification]) =>"
            " self.dispatchEvent(new NotificationEvent('notificationclick', { notification })))")
        eventually(lambda: window.script("return location.hash") == "#/posts/12345", 10, "the post")
        assert window.script(SHOWN) == []

        # Whatever comes, something is shown, and nothing but this page is opened.
        for data in ("", "no JSON", "[]", json.dumps({"title": 5, "url": 7}), json.dumps({"url": "https://elsewhere.example/"}),
                     json.dumps({"url": "javascript:alert(1)", "tag": "x"})):
            push(data, [("Martlet", "")])
            assert {n["url"] for n in window.script(SHOWN)} == {f"{url}/"}, data
            worker.evaluate("registration.getNotifications().then((all) => all.forEach((n) => n.close()))")
            eventually(lambda: window.script(SHOWN) == [], 10, "none")
