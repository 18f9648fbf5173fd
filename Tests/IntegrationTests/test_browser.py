"""The demo page in a real browser: two people see each other's posts arrive."""

from __future__ import annotations

import io
import zipfile
from typing import Callable

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as EC

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from support import PASSWORD, User, eventually, expect, http_client, unique_handle
from tcp_proxy import TcpProxy


@pytest.fixture
def open_pair(driver: webdriver.Chrome) -> Callable[[str], tuple[Window, Window, str]]:
    """Two windows in which alice and bob sign up, and bob follows alice. Returns both and alice's handle."""
    def open_both(url: str) -> tuple[Window, Window, str]:
        names = unique_handle("alice"), unique_handle("bob")
        windows = []
        for name in names:
            window = Window(driver, url)
            window.fill("signup-form", handle=name, password=PASSWORD, display_name=name.split("_")[0].title())
            window.mark()
            windows.append(window)
        return windows[0], windows[1], names[0]

    return open_both


def user_of(server: Server, handle: str) -> User:
    """The API client of a user who signed up on the page."""
    with http_client(server.url) as http:
        session = expect(http.post("/v1/auth/login", json={"handle": handle, "password": PASSWORD}), 200).json()
    return User.of_session(server, session)


OpenPair = Callable[[str], tuple[Window, Window, str]]


def test_two_people(server: Server, open_pair: OpenPair) -> None:
    """Sign up, follow, post: the post is on the other's page without a reload, once, and so is the next."""
    alice, bob, handle = open_pair(f"http://localhost:{server.port}/")
    alice.is_live()
    bob.is_live()
    bob.follow(handle)
    author = user_of(server, handle)
    eventually(lambda: author.http.get("/v1/me").json()["followers"] == 1, 10, "the follow")
    for number in range(3):
        alice.post(f"hello number {number}")
        bob.sees(f"hello number {number}")
        alice.sees(f"hello number {number}")
    for window in (alice, bob):
        shown = window.articles()
        assert len(shown) == 3 and [post_id for post_id, _ in shown] == author.feed_ids()
        assert window.was_not_reloaded()
    author.delete(author.feed_ids()[0])
    eventually(lambda: len(bob.articles()) == 2, 10, "the deleted post to vanish")
    author.close()


def test_what_happens_elsewhere(server: Server, alice: User, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """Edits are shown in place, and what the reader does with another device: follow, mute and unmute."""
    author, reader = alice, make_user("carol")
    bob = Window(driver, f"http://localhost:{server.port}/")
    bob.fill("login-form", handle=reader.handle, password=PASSWORD)
    bob.mark()
    bob.is_live()
    for text in ("first", "second"):
        author.post(text)
    reader.follow(author)
    bob.sees("first")
    edited = author.feed_ids()[1]
    expect(author.http.patch(f"/v1/posts/{edited}", json={"text": "another first"}), 200)
    bob.sees("another first")
    shown = bob.articles()
    assert [post_id for post_id, _ in shown] == author.feed_ids() and "edited" in shown[1][1]
    expect(reader.http.put(f"/v1/users/{author.id}/mute", json={}), 204)
    eventually(lambda: not bob.articles(), 10, "the muted author's posts to vanish")
    expect(reader.http.delete(f"/v1/users/{author.id}/mute"), 204)
    eventually(lambda: len(bob.articles()) == 2, 10, "the posts to return")
    assert bob.was_not_reloaded()


def test_a_private_account(server: Server, alice: User, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """The owner makes it private on the page, is asked, lets one in, and edits a post; the other mutes and blocks."""
    owner, reader = make_user("owner"), make_user("carol")
    hers = Window(driver, f"http://localhost:{server.port}/")
    hers.fill("login-form", handle=owner.handle, password=PASSWORD)
    hers.is_live()
    hers.script("document.getElementById('me-name').click()")
    hers.find("private").click()
    eventually(lambda: owner.http.get("/v1/me").json()["private"], 10, "a private account")
    hers.script("document.getElementById('card').close()")
    hers.post("for friends")
    his = Window(driver, f"http://localhost:{server.port}/")
    his.fill("login-form", handle=reader.handle, password=PASSWORD)
    his.is_live()
    his.follow(owner.handle)
    eventually(lambda: owner.http.get("/v1/me/requests").json()["items"], 10, "the request")
    hers.script("document.dispatchEvent(new Event('visibilitychange'))")
    # The list is drawn anew when it hears of the request: whichever button is there.
    accept = "const button = document.querySelector('[data-testid=accept]'); button?.click(); return !!button"
    eventually(lambda: hers.script(accept), 10, "the button")
    his.sees("for friends")
    hers.find("edit-post").click()
    hers.find("edit-text").send_keys(", and more")
    hers.find("save-edit").click()
    his.sees("for friends, and more")
    hers.sees("for friends, and more")
    for act, undone in (("card-mute", f"/v1/users/{owner.id}/mute"), ("card-block", f"/v1/users/{owner.id}/block")):
        his.script("document.querySelector('.name-button').click()")
        his.find(act).click()
        eventually(lambda: not his.articles(), 10, "the posts to vanish")
        expect(reader.http.delete(undone), 204)
        if act == "card-mute":
            his.sees("for friends")
    assert not reader.http.get(f"/v1/users/{owner.id}").json()["followed"]


def test_a_profile_is_live(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """On the card of somebody whom the reader does not follow: posts, edits and deletions come, over a cut of the line too."""
    alice, bob = make_user("alice"), make_user("bob")
    first, second = (alice.post(text)["id"] for text in ("an old post", "another one"))
    bob.follow(alice)
    with TcpProxy(server.port) as proxy:
        window = Window(driver, f"http://localhost:{proxy.port}/")
        window.fill("login-form", handle=bob.handle, password=PASSWORD)
        window.is_live()
        window.find("following-list").find_element(By.CSS_SELECTOR, ".name-button").click()

        def posts() -> list[tuple[str, str]]:
            return [tuple(pair) for pair in window.script(
                "return [...document.querySelectorAll('[data-testid=card-posts] li')]"
                ".map(row => [row.dataset.postId, row.querySelector('.text').textContent])")]

        eventually(lambda: posts() == [(second, "another one"), (first, "an old post")], 10, "the posts on the card")
        bob.unfollow(alice)
        third = alice.post("while you look")["id"]
        eventually(lambda: posts()[:1] == [(third, "while you look")], 10, "a post that comes to the card")
        expect(alice.http.patch(f"/v1/posts/{first}", json={"text": "a new text"}), 200)
        eventually(lambda: posts()[2:] == [(first, "a new text")], 10, "an edit")
        alice.delete(second)
        eventually(lambda: [post for post, _ in posts()] == [third, first], 10, "a deletion")
        proxy.cut(refusing=True)
        fourth = alice.post("while the line was down")["id"]
        alice.delete(third)
        proxy.heal()
        eventually(lambda: [post for post, _ in posts()] == [fourth, first], 30, "what was missed")
        window.find("user-card").find_elements(By.CSS_SELECTOR, ".card-end button")[-1].click()
        name = "martlet_live_subscriptions"
        eventually(lambda: metric(server, name) == 0, 10, "the end of the subscription")


def test_over_sse_where_websockets_are_blocked(server: Server, open_pair: OpenPair) -> None:
    """Behind a proxy that lets no WebSocket through, the page is live over Server-Sent Events."""
    with TcpProxy(server.port, refused_path=b"/v1/live/ws") as proxy:
        alice, bob, handle = open_pair(f"http://localhost:{proxy.port}/")
        bob.is_live("sse", timeout=30)
        assert proxy.refusals > 0
        bob.follow(handle)
        author = user_of(server, handle)
        eventually(lambda: author.http.get("/v1/me").json()["followers"] == 1, 10, "the follow")
        alice.post("by another way")
        bob.sees("by another way")
        author.post("and again")
        bob.sees("and again")
        assert bob.shown_once("by another way") and bob.was_not_reloaded()
        author.close()


def test_the_page_outlives_a_restart(own_server: Server, open_pair: OpenPair) -> None:
    """The server goes and comes back: the page says so, resumes, and shows what was posted once."""
    _, bob, handle = open_pair(f"http://localhost:{own_server.port}/")
    bob.is_live()
    author = user_of(own_server, handle)
    bob.follow(handle)
    eventually(lambda: author.http.get("/v1/me").json()["followers"] == 1, 10, "the follow")
    author.post("before the restart")
    bob.sees("before the restart")
    assert own_server.stop() == 0
    connection = bob.find("connection")
    eventually(lambda: connection.get_attribute("data-state") in ("reconnecting", "offline"), 10, "a page that says it is cut")
    own_server.start()
    author.post("after the restart")
    bob.sees("after the restart", timeout=40)
    assert bob.shown_once("before the restart") and bob.shown_once("after the restart"), bob.articles()
    assert bob.was_not_reloaded()
    author.close()


def test_text_is_text(server: Server, open_pair: OpenPair, driver: webdriver.Chrome) -> None:
    """Markup in a post or a name is shown, not obeyed."""
    _, bob, handle = open_pair(f"http://localhost:{server.port}/")
    bob.is_live()
    bob.follow(handle)
    author = user_of(server, handle)
    eventually(lambda: author.http.get("/v1/me").json()["followers"] == 1, 10, "the follow")
    attacks = ("<script>window.pwned=1</script>", '<img src=x onerror="window.pwned=1">',
               "<a href='javascript:window.pwned=1'>x</a>")
    for attack in attacks:
        author.post(f"look: {attack}")
        bob.sees(f"look: {attack}")
    assert bob.script("return window.pwned") is None
    obeyed = "article script, article img[onerror], article [href^=javascript]"
    assert bob.script(f"return document.querySelectorAll('{obeyed}').length") == 0
    bob._here().refresh()
    for attack in attacks:
        bob.sees(f"look: {attack}", timeout=15)
    assert bob.script("return window.pwned") is None
    refused = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
    assert refused == [], "the page breaks its own policy"
    author.close()


def test_login_on_the_page(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """Who has an account logs in and sees the feed."""
    user = make_user("returning")
    user.post("from last week")
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=user.handle, password=PASSWORD)
    window.sees("from last week")
    window.is_live()


def test_bookmarks(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """A post that is marked is in the list, also after a reload; one that is deleted leaves it."""
    user = make_user("reader")
    ids = [user.post(text)["id"] for text in ("keep this", "and this")]
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=user.handle, password=PASSWORD)
    window.is_live()

    def bookmarks() -> str:
        return window.script("return document.getElementById('bookmarks-list').textContent")

    for post_id in ids:
        window.sees("keep this")
        window.script(f"document.querySelector('[data-bookmark=\"{post_id}\"]').click()")
        eventually(lambda: [post["id"] for post in user.http.get("/v1/me/bookmarks").json()["items"]][:1] == [post_id], 10,
                   "the bookmark")
    eventually(lambda: "and this" in bookmarks() and "keep this" in bookmarks(), 10, "both in the list")
    window._here().refresh()
    window.is_live()
    eventually(lambda: -1 < bookmarks().find("and this") < bookmarks().find("keep this"), 10, "the newest first")
    user.delete(ids[1])
    eventually(lambda: "and this" not in bookmarks() and "keep this" in bookmarks(), 10, "the deleted one to leave")



def test_ones_own_account(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:
    """Profile and the history of edits; the account is deleted, and that is taken back."""
    user = make_user("owner")
    post = user.post("first words")["id"]
    expect(user.http.patch(f"/v1/posts/{post}", json={"text": "second words"}), 200)
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=user.handle, password=PASSWORD)
    window.sees("second words")
    window.find("edits").click()
    eventually(lambda: "first words" in window.find("history").text, 10, "what it said before")
    window.script("document.getElementById('history').close()")
    window.script("document.getElementById('me-name').click()")
    eventually(lambda: window.script("return document.getElementById('card').open"), 10, "the card")
    window.script("document.querySelectorAll('#card details').forEach((one) => (one.open = true))")
    window.send("profile-form", status_message="Counting")
    eventually(lambda: user.http.get("/v1/me").json().get("status_message") == "Counting", 10, "the status")
    window.send("export-form")
    eventually(lambda: "Fetch your archive" in window.find("export-state").text, 20, "an archive")
    first = window.find("archive").get_attribute("href")
    archive = httpx.get(first)
    assert zipfile.ZipFile(io.BytesIO(archive.content)).read("posts.jsonl").count(b"\n") == 1
    window.send("export-form")
    eventually(lambda: window.script("return document.querySelector('[data-testid=archive]')?.href") not in (None, first),
        20, "the second archive")
    window.send("export-form")
    eventually(lambda: "2 times in 24 hours" in window.find("export-form").text, 10, "a refusal")
    window.send("delete-form", password="not this one")
    eventually(lambda: "password" in window.find("delete-form").text and window.script(
        "return document.activeElement.name") == "password", 10, "the error at its field")
    window.send("delete-form", password=PASSWORD)
    eventually(lambda: "receipt" in window.find("farewell").text, 10, "a farewell")
    expect(user.http.get("/v1/me"), 401)
    window.send("login-form", handle=user.handle, password=PASSWORD)
    eventually(lambda: EC.alert_is_present()(driver), 10, "the question")
    driver.switch_to.alert.accept()
    window.sees("second words")
    window.is_live()


def test_without_an_account(server: Server, driver: webdriver.Chrome) -> None:
    """Somebody tries it, loses the session, comes back with the recovery code, takes a name, and gets another code by it."""
    window = Window(driver, f"http://localhost:{server.port}/")

    def code() -> str:
        """What is shown once; it is not in the page any more when it was put away."""
        shown = window.find("recovery-code").text
        window.find("kept-code").click()
        eventually(lambda: shown not in window.script("return document.documentElement.outerHTML"), 10, "a code put away")
        assert shown not in window.script("return JSON.stringify({...sessionStorage, ...localStorage})")
        return shown

    def own_card() -> None:
        window.script("document.getElementById('me-name').click()")
        eventually(lambda: window.script("return document.getElementById('card').open"), 10, "the card")
        window.script("document.querySelectorAll('#card details').forEach((one) => (one.open = true))")

    window.find("try-form").find_element(By.CSS_SELECTOR, "button").click()
    first = code()
    window.post("nobody in particular")
    window.sees("nobody in particular")
    handle = window.find("me-name").text
    assert handle.startswith("@anon_")
    window.find("logout").click()
    window.find("recover").find_element(By.CSS_SELECTOR, "summary").click()
    window.send("recover-form", recovery_code=first.lower())
    second = code()
    assert second != first
    window.sees("nobody in particular")
    assert window.find("me-name").text == handle
    name = unique_handle("named")
    own_card()
    window.send("naming-form", handle=name, password=PASSWORD)
    eventually(lambda: window.find("me-name").text == f"@{name}", 10, "the name")
    user = user_of(server, name)
    assert "anonymous" not in user.http.get("/v1/me").json()
    window.script("document.querySelectorAll('#card details').forEach((one) => (one.open = true))")
    window.send("code-form", password=PASSWORD)
    third = code()
    for old, status in ((second, 401), (third, 200)):
        expect(user.http.post("/v1/auth/recover", json={"recovery_code": old}), status)
    user.close()
