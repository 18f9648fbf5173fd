"""The demo page, around a post: likes, comments, polls, tags, mentions, views and reports, in a real browser."""

from __future__ import annotations

import time
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from redis_socket import redis_command
from support import PASSWORD, User, eventually, expect
from test_page_accessibility import assert_accessible

POLL = {"options": ["tea", "<b>none</b>"], "closes_in": 80_000}


def made(user: User, text: str, **more: Any) -> dict[str, Any]:
    return expect(user.http.post("/v1/posts", json={"text": text, **more}), 201).json()


def said(user: User, post: str, text: str, parent: str | None = None) -> str:
    body = {"text": text, **({"parent": parent} if parent else {})}
    return expect(user.http.post(f"/v1/posts/{post}/comments", json=body), 201).json()["id"]


def counts(user: User, post: str) -> dict[str, int]:
    return expect(user.http.get(f"/v1/posts/{post}"), 200).json()["counts"]


def texts(window: Window, css: str) -> list[str]:
    return window.script(f"return [...document.querySelectorAll('{css}')].filter(e => e.checkVisibility()).map(e => e.textContent)")


def reads(window: Window, css: str, expected: list[str], what: str) -> None:
    eventually(lambda: texts(window, css) == expected, 15, f"{what}: {expected}")


@pytest.fixture
def people(make_user: MakeUser) -> tuple[User, User]:
    """A reader who follows an author."""
    author, reader = make_user("author"), make_user("reader")
    reader.follow(author)
    return author, reader


@pytest.fixture
def window(server: Server, people: tuple[User, User], driver: webdriver.Chrome) -> Window:  # noqa: F811
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=people[1].handle, password=PASSWORD)
    window.mark()
    window.is_live()
    return window


def choose_sse(window: Window) -> None:
    window.script("document.querySelector('#transport-choice [value=sse]').click()")
    window.is_live("sse")


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_likes_and_counts_move(server: Server, window: Window, people: tuple[User, User], transport: str) -> None:
    """By keyboard, and as others like and comment; what has left the screen is not subscribed to."""
    author, reader = people
    if transport == "sse":
        choose_sse(window)
    post = made(author, "likeable")["id"]
    window.sees("likeable")
    # The subscription is there when what happens is told.
    eventually(lambda: metric(server, "martlet_live_subscriptions") == 1, 15, "the card's channel")
    expect(author.http.put(f"/v1/posts/{post}/like"), 204)
    reads(window, "[data-testid=likes]", ["1"], "the like of another")
    like = window.find("like")
    like.send_keys(Keys.ENTER)
    eventually(lambda: counts(reader, post)["likes"] == 2, 10, "the like")
    reads(window, "[data-testid=likes]", ["2"], "both likes")
    # The number may come from the channel before the response to the click.
    eventually(lambda: like.get_attribute("aria-pressed") == "true", 10, "the button to be pressed")
    assert "2 likes" in like.accessible_name
    said(author, post, "well")
    reads(window, "[data-testid=comments-link]", ["1 comment"], "the comment counted")
    like.send_keys(Keys.SPACE)
    reads(window, "[data-testid=likes]", ["1"], "the like taken back")
    eventually(lambda: like.get_attribute("aria-pressed") == "false", 10, "the button to be as before")
    assert window.was_not_reloaded()
    author.delete(post)
    eventually(lambda: metric(server, "martlet_live_subscriptions") == 0, 15, "no subscription")


COMMENTS = "[data-testid=comment] .text"


def opened_thread(window: Window, author: User) -> tuple[str, str]:
    """A post of three replies to a comment, of which two are shown; the ids of the post and the comment."""
    post = made(author, "discuss")["id"]
    first = said(author, post, "first")
    for number in range(3):
        said(author, post, f"reply {number}", first)
    window.sees("discuss")
    window.find("comments-link").send_keys(Keys.ENTER)
    reads(window, COMMENTS, ["first", "reply 0", "reply 1"], "a thread with the first replies")
    return post, first


def test_replies_that_are_asked_for_while_the_thread_is_read_anew(window: Window, people: tuple[User, User]) -> None:
    """Another link reads it anew; the answer to the click comes behind that."""
    author, _ = people
    post, _ = opened_thread(window, author)
    window.script("""
        const fetched = window.fetch;
        window.asked = [];
        window.fetch = async (address, ...more) => {
            const held = String(address).includes("/replies") && new Promise((done) => { window.letGo = done; });
            window.asked.push(String(address));
            const response = await fetched(address, ...more);
            await held;
            return response;
        };
    """)
    window.find("more-replies").click()
    eventually(lambda: window.script("return window.letGo !== undefined"), 10, "a question for replies")
    choose_sse(window)
    eventually(lambda: window.script(f"return window.asked.some((each) => each.includes('/posts/{post}/comments'))"), 10,
               "a thread that is read anew")
    window.script("window.letGo()")
    reads(window, COMMENTS, ["first", "reply 0", "reply 1", "reply 2"], "all replies")


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_thread(window: Window, people: tuple[User, User], transport: str) -> None:
    """A post's own page: comments come, change and go; one's own are written, edited, liked and deleted."""
    author, reader = people
    if transport == "sse":
        choose_sse(window)
    post, first = opened_thread(window, author)
    window.find("more-replies").click()
    reads(window, COMMENTS, ["first", "reply 0", "reply 1", "reply 2"], "all replies")
    if transport == "websocket":
        assert_accessible(window, "a thread")
    window.send("comment-form", text="<i>mine</i>")
    reads(window, COMMENTS, ["first", "reply 0", "reply 1", "reply 2", "<i>mine</i>"], "one's own")
    other = said(author, post, "second")
    reads(window, COMMENTS, ["first", "reply 0", "reply 1", "reply 2", "<i>mine</i>", "second"], "one that comes")
    expect(author.http.patch(f"/v1/comments/{other}", json={"text": "changed"}), 200)
    reads(window, f"[data-comment-id=\\'{other}\\'] .text", ["changed"], "an edit")
    window.find("edit-comment").click()
    window.find("edit-text").send_keys(", still")
    window.find("save-edit").click()
    reads(window, COMMENTS, ["first", "reply 0", "reply 1", "reply 2", "<i>mine</i>, still", "changed"], "one's own edit")
    expect(author.http.delete(f"/v1/comments/{first}"), 204)
    reads(window, "[data-comment-id] .comment[data-kind=deleted]", ["This comment was deleted."], "a tombstone")
    window.script("document.querySelector('[data-testid=reply]').click()")
    window.send("comment-form", text="to a reply")
    eventually(lambda: texts(window, COMMENTS)[:4] == ["reply 0", "reply 1", "reply 2", "to a reply"], 10, "a reply")
    window.script("document.querySelector('[data-testid=like-comment]').click()")
    eventually(lambda: texts(window, "[data-testid=like-comment]")[0] == "♥ 1", 10, "a comment that is liked")
    for label in ("Delete", "Really delete?"):
        button = window.find("delete-comment")
        assert button.text == label
        button.click()
    eventually(lambda: "to a reply" not in texts(window, COMMENTS), 10, "the deletion")
    assert counts(reader, post)["comments"] == 5 and window.was_not_reloaded()
    author.delete(post)
    eventually(lambda: "deleted" in window.find("thread-note").text, 10, "the end of the post")


def test_a_poll(window: Window, people: tuple[User, User]) -> None:
    """Written on the page, voted in, and moved by others."""
    author, reader = people
    poll = made(author, "which?", poll=POLL)["poll"]["id"]
    window.sees("which?")
    assert_accessible(window, "a poll")
    form = window.find("poll-form")
    form.find_elements(By.TAG_NAME, "input")[0].send_keys(Keys.SPACE)
    form.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    reads(window, "[data-testid=poll-bars] .bar-count", ["1 (100 %)", "0 (0 %)"], "one's own vote")
    assert expect(reader.http.get(f"/v1/polls/{poll}"), 200).json()["voted"] == [0]
    expect(author.http.post(f"/v1/polls/{poll}/votes", json={"options": [1]}), 200)
    reads(window, "[data-testid=poll-bars] .bar-count", ["1 (50 %)", "1 (50 %)"], "another's")
    reads(window, "[data-testid=poll-bars] .bar-text", ["✓ tea", "<b>none</b>"], "the options as text")
    assert "2 voters · 22 hours left" in window.find("poll-state").text
    window.find("poll-toggle").click()
    assert_accessible(window, "a poll that is written")
    for number, option in enumerate(window._here().find_elements(By.CSS_SELECTOR, "[data-testid=poll-option]")):
        option.send_keys(f"choice {number}")
    window.post("mine?")
    window.sees("mine?")
    eventually(lambda: reader.http.get("/v1/feed").json()["items"][0].get("poll", {}).get("options") == [
        {"text": "choice 0", "votes": 0}, {"text": "choice 1", "votes": 0}], 10, "the poll")


def test_tags_and_mentions(window: Window, people: tuple[User, User]) -> None:
    """Links where the server says: to a page of the tag, which is live, and to the card."""
    author, reader = people
    made(author, f"😀 @{reader.handle}: #Straße, #1, @nobody_here, <b>#ＴＥＡ</b>")
    window.sees("Straße")
    reads(window, "article .text a", [f"@{reader.handle}", "#Straße", "#ＴＥＡ"], "the links")
    window._here().find_elements(By.CSS_SELECTOR, "[data-testid=tag]")[1].click()
    window.find("tag-page")
    posts = "[data-testid=tag-posts] .text"
    eventually(lambda: len(texts(window, posts)) == 1, 10, "the post with the tag")
    second = made(author, "more #tea")["id"]
    eventually(lambda: texts(window, posts)[0] == "more #tea", 10, "one that comes")
    expect(author.http.patch(f"/v1/posts/{second}", json={"text": "no more"}), 200)
    eventually(lambda: len(texts(window, posts)) == 1, 10, "one that is not of the tag any more")
    assert_accessible(window, "a tag")
    window.find("tag-follow").click()
    eventually(lambda: window.find("tag-follow").text == "Unfollow", 10, "the follow")
    window.script("location.hash = ''")
    window.sees("no more")
    expect(reader.http.delete(f"/v1/users/{author.id}/follow"), 204)
    made(author, "by its #tea alone")
    made(author, "by nothing")
    shown = "return document.getElementById('feed').textContent"
    eventually(lambda: "no more" not in window.script(shown), 10, "a feed without what was there by its author")
    window.sees("Straße")
    window.sees("by its #tea alone")
    assert "by nothing" not in window.script(shown)
    window.script("location.hash = '#/tags/TEA'")
    eventually(lambda: window.find("tag-follow").text == "Unfollow", 10, "the tag's page again")
    window.find("tag-follow").click()
    eventually(lambda: window.find("tag-follow").text == "Follow", 10, "the end of the follow")
    window.script("location.hash = ''")
    eventually(lambda: "#tea" not in window.script(shown), 10, "a feed without the tag")
    expect(reader.http.put(f"/v1/users/{author.id}/follow"), 204)
    window.sees("by nothing")
    window.script("location.hash = '#/tags/tea'")
    eventually(lambda: texts(window, posts), 10, "its posts")
    window.find("mention").click()
    eventually(lambda: f"@{reader.handle}" in window.find("user-card").text, 10, "the card")
    assert window.script("return location.hash").startswith("#/tags/")


def test_views_and_reports(server: Server, window: Window, people: tuple[User, User]) -> None:
    author, reader = people
    post = made(author, "look at this")["id"]
    window.sees("look at this")
    # What is shown follows within the hour; what counts is there at once.
    seen = f"views:{{{int(post) % 16}}}:{int(time.time()) // 86_400}:{post}"
    eventually(lambda: redis_command(server.redis_socket, "PFCOUNT", seen) == ":1", 30, "the view")
    window.find("report").click()
    window.find("report-form")
    assert_accessible(window, "a report")
    window.send("report-form", text="it is loud")
    eventually(lambda: "moderators" in window.find("notice").text, 10, "the answer")
    target = {"type": "post", "id": post}
    expect(reader.http.post("/v1/reports", json={"target": target, "reason": "spam"}), 200)


def test_notifications(server: Server, make_user: MakeUser, driver: webdriver.Chrome) -> None:  # noqa: F811
    """The bell's number, what is in the list, and that it is read and removed."""
    reader, fan = make_user("reader"), make_user("fan")
    post = reader.post("do like this")["id"]
    expect(fan.http.put(f"/v1/posts/{post}/like"), 204)
    fan.follow(reader)

    def told() -> list[dict[str, object]]:
        return expect(reader.http.get("/v1/notifications"), 200).json()["items"]

    eventually(lambda: len(told()) == 2, 10, "both notifications")
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=reader.handle, password=PASSWORD)
    window.is_live()

    def shown() -> tuple[str, str]:
        return (window.script("return document.getElementById('notifications-count').textContent"),
                window.script("return document.getElementById('notifications-list').textContent"))

    eventually(lambda: shown()[0] == "2" and "liked your post: do like this" in shown()[1] and "followed you" in shown()[1],
               10, "both on the page")
    window.script("document.getElementById('notifications').open = true; document.getElementById('notifications-read').click()")
    eventually(lambda: shown()[0] == "0" and all(one["read"] for one in told()), 10, "all to be read")
    window.script(f"document.querySelector('[data-key=\"like:post:{post}\"] button').click()")
    eventually(lambda: "liked your post" not in shown()[1] and len(told()) == 1, 10, "one to be removed")
    window.script("document.querySelector('#notifications-list a').click()")
    bell = "return document.querySelector('#card [data-testid=\"card-bell\"]')"
    eventually(lambda: window.script(f"{bell} !== null"), 10, "the fan's card")
    window.script(f"{bell}.click()")
    eventually(lambda: reader.http.get(f"/v1/users/{fan.id}/relation").json()["bell"], 10, "the bell to be on")


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_notifications_come_by_themselves(
    server: Server, make_user: MakeUser, driver: webdriver.Chrome, transport: str,  # noqa: F811
) -> None:
    """While the page asks for nothing: what is done, what is undone, and what another device has read."""
    reader, fan, other = make_user("reader"), make_user("fan"), make_user("other")
    posts = reader.posts(2)
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=reader.handle, password=PASSWORD)
    window.is_live()
    if transport == "sse":
        window.script("document.querySelector('input[name=transport][value=sse]').click()")
        driver.refresh()
        window.is_live("sse")
    eventually(lambda: window.script("return 'live' in document.getElementById('notifications').dataset"), 15, "the subscription")

    def asked() -> int:
        return window.script(
            "return performance.getEntriesByType('resource').filter(e => e.name.includes('/v1/notifications')).length")

    def shown() -> tuple[str, list[tuple[str, str]]]:
        rows = window.script(
            "return [...document.querySelectorAll('#notifications-list li')].map(e => [e.dataset.key, e.className])")
        return window.script("return document.getElementById('notifications-count').textContent"), [tuple(row) for row in rows]

    def becomes(unread: int, *rows: tuple[str, str]) -> None:
        expected = (str(unread), [(f"like:post:{posts[int(number)]}", mark) for number, mark in rows])
        eventually(lambda: shown() == expected, 15, f"{expected}")

    for user in (fan, other):
        expect(user.http.put(f"/v1/posts/{posts[0]}/like"), 204)
    becomes(1, ("0", "unread"))
    # What is asked for at the beginning has come by now.
    before = asked()
    expect(fan.http.put(f"/v1/posts/{posts[1]}/like"), 204)
    becomes(2, ("1", "unread"), ("0", "unread"))
    page = expect(reader.http.get("/v1/notifications"), 200).json()
    expect(reader.http.put("/v1/notifications/read", json={"up_to": page["items"][1]["id"]}), 200)
    becomes(1, ("1", "unread"), ("0", ""))
    expect(fan.http.delete(f"/v1/posts/{posts[1]}/like"), 204)
    becomes(0, ("0", ""))
    expect(fan.http.delete(f"/v1/posts/{posts[0]}/like"), 204)
    becomes(0, ("0", ""))
    eventually(lambda: "and 1 more" not in window.script("return document.getElementById('notifications-list').textContent"), 15,
               "one fan less")
    expect(fan.http.put(f"/v1/posts/{posts[0]}/like"), 204)
    becomes(1, ("0", "unread"))
    assert asked() == before >= 1
