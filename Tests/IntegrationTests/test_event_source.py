"""A browser's own `EventSource`, without a line of the page: what it does by itself is enough to be told everything once."""

from __future__ import annotations

import pytest
from selenium import webdriver

from conftest import MakeUser
from martlet_process import Server
from support import eventually, expect
from test_browser import driver, pytestmark  # noqa: F401: the fixture, and the mark that skips without a browser

OPEN = """
window.told = [];
window.verdicts = [];
const source = window.source = new EventSource(`/v1/live/sse?ticket=${arguments[0]}`);
source.addEventListener("post.created", (event) => told.push(JSON.parse(event.data).post.id));
for (const name of ["live", "resumed", "reset"]) source.addEventListener(name, () => verdicts.push(name));
"""


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_over_a_restart(own_server: Server, make_user: MakeUser, driver: webdriver.Chrome, end: str) -> None:
    """It comes back with `Last-Event-ID` and the ticket that it had: posts before, in between and after, each once, in order."""
    alice, bob = make_user("alice", on=own_server), make_user("bob", on=own_server)
    bob.follow(alice)
    driver.get(f"{own_server.url}/robots.txt")
    driver.execute_script(OPEN, expect(bob.http.post("/v1/live/ticket"), 201).json()["ticket"])
    eventually(lambda: driver.execute_script("return verdicts") == ["live"], 10, "a live stream")
    ids = alice.posts(3)
    eventually(lambda: driver.execute_script("return told") == ids, 10, "what was posted before")
    getattr(own_server, end)()
    eventually(lambda: driver.execute_script("return source.readyState") == 0, 10, "a stream that is cut")
    own_server.start()
    # Before it comes back, half a second and more after it was last refused.
    ids += alice.posts(3)
    eventually(lambda: driver.execute_script("return [source.readyState, told.length]") == [1, len(ids)], 30, "what was missed")
    ids += alice.posts(3)
    eventually(lambda: driver.execute_script("return told.length") >= len(ids), 10, "what was posted afterwards")
    assert driver.execute_script("return told") == ids
    assert driver.execute_script("return verdicts") == ["live", "resumed"]
