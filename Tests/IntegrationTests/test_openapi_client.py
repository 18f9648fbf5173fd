"""A client that PyPI's openapi-python-client generates from /openapi.json does what an app does, with types."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Iterator

import pytest

from conftest import LongAway
from martlet_process import Server
from support import PASSWORD, PATIENCE, User, eventually, expect, http_client, unique_handle

PACKAGE = "martlet_client"
BIN = Path(sys.executable).parent


class Generated:
    """The generated package: `client.call("users.follow", who, id=…)`, `client.model("NewPost")`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)

    def model(self, name: str) -> Any:
        return getattr(self.module("models"), name)

    def anybody(self) -> Any:
        return self.module("").Client(base_url=self.url, httpx_args={"trust_env": False})

    def signed_in(self, token: str) -> Any:
        return self.module("").AuthenticatedClient(base_url=self.url, token=token, httpx_args={"trust_env": False},
                                                   timeout=None)

    def call(self, operation: str, client: Any, **parameters: Any) -> Any:
        """Its `status_code` and its `parsed`, of one of the types that the document has for that status."""
        return self.module(f"api.{operation}").sync_detailed(client=client, **parameters)


@pytest.fixture(scope="module")
def generated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """Generated without a warning."""
    folder = tmp_path_factory.mktemp("client")
    with http_client(server.url) as http:
        (folder / "openapi.json").write_bytes(expect(http.get("/openapi.json"), 200).content)
    run = subprocess.run(
        [BIN / "openapi-python-client", "generate", "--path", folder / "openapi.json", "--meta", "none",
         "--output-path", folder / PACKAGE, "--fail-on-warning"],
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}, capture_output=True, text=True, timeout=120,
    )
    assert run.returncode == 0 and "arning" not in run.stdout + run.stderr, run.stdout + run.stderr
    sys.path.insert(0, str(folder))
    yield Generated(server.url)
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def sign_up(generated: Generated) -> Any:
    body = generated.model("SignUp")(handle=unique_handle("generated"), password=PASSWORD)
    answer = generated.call("accounts.sign_up", generated.anybody(), body=body)
    assert answer.status_code == 201 and isinstance(answer.parsed, generated.model("Session"))
    return answer.parsed


def test_what_an_app_does(generated: Generated) -> None:
    """Signs up, posts, follows, reads, and polls."""
    alice, bob = sign_up(generated), sign_up(generated)
    author, reader = (generated.signed_in(session.access_token) for session in (alice, bob))
    assert generated.call("users.follow", reader, id=alice.user.id).status_code == 204

    new = generated.model("NewPost")(text="hello")
    answers = [generated.call("posts.create_post", author, body=new, idempotency_key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    post = answers[0].parsed
    assert isinstance(post, generated.model("Post")) and post == answers[1].parsed and post.author.id == alice.user.id

    def page() -> Any:
        answer = generated.call("feed.get_feed", reader)
        assert answer.status_code == 200 and isinstance(answer.parsed, generated.model("FeedPage"))
        return answer.parsed if [item.id for item in answer.parsed.items] == [post.id] else None

    live = eventually(page, PATIENCE, "the post").live
    answer = generated.call("feed.get_feed", reader, since=live)
    assert isinstance(answer.parsed, generated.model("FeedEvents"))
    assert answer.parsed.items == [] and answer.parsed.reset is False

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(generated.call, "feed.get_feed", reader, since=live, wait=20)
        second = generated.call("posts.create_post", author, body=generated.model("NewPost")(text="more")).parsed
        events = held.result(PATIENCE).parsed
    assert isinstance(events, generated.model("FeedEvents"))
    assert [type(event) for event in events.items] == [generated.model("PostCreated")]
    # An event says nothing of who is told.
    told = events.items[0].post
    assert (told.id, told.text, told.counts) == (second.id, second.text, second.counts)
    assert generated.call("posts.delete_post", author, id=second.id).status_code == 204
    events = eventually(
        lambda: (found := generated.call("feed.get_feed", reader, since=events.live).parsed).items and found, 5, "the end")
    assert events.items == [generated.model("PostDeleted")(type_="post.deleted", post_id=second.id)]
    users = generated.call("users.list_followers", reader, id=alice.user.id, limit=1).parsed
    assert [user.id for user in users.items] == [bob.user.id]


def test_a_position_past_the_window(generated: Generated, long_away: LongAway) -> None:
    """`reset` is seen: the two answers of a feed are told apart also when there are no items."""
    reader = generated.signed_in(long_away.reader.token)
    events = generated.call("feed.get_feed", reader, since=long_away.live).parsed
    assert isinstance(events, generated.model("FeedEvents")) and events.reset is True and events.items == []


def test_every_error_is_typed(generated: Generated, alice: User) -> None:
    """A 4xx is a Problem with its code, whichever operation it comes from."""
    caller, nobody, stranger = generated.signed_in(alice.token), generated.anybody(), generated.signed_in("x.y.z")
    taken = generated.model("SignUp")(handle=alice.handle, password=PASSWORD)
    wrong = generated.model("LogIn")(handle=alice.handle, password="not this one")
    empty = generated.model("NewPost")(text=" ")
    cases: list[tuple[int, str, Callable[[], Any]]] = [
        (400, "invalid_field", lambda: generated.call("feed.get_feed", caller, limit=1000)),
        (400, "missing_field", lambda: generated.call("feed.get_feed", caller, wait=1)),
        (400, "invalid_cursor", lambda: generated.call("feed.get_feed", caller, since="x")),
        (400, "invalid_field", lambda: generated.call("posts.create_post", caller, body=empty)),
        (400, "invalid_field", lambda: generated.call("users.follow", caller, id=alice.id)),
        (401, "unauthenticated", lambda: generated.call("users.get_me", stranger)),
        (401, "invalid_credentials", lambda: generated.call("accounts.log_in", nobody, body=wrong)),
        (403, "forbidden", lambda: generated.call("feed.get_feed_short", caller, id="1")),
        (404, "not_found", lambda: generated.call("posts.get_post", nobody, id="1")),
        (409, "handle_taken", lambda: generated.call("accounts.sign_up", nobody, body=taken)),
    ]
    for status, code, call in cases:
        answer = call()
        assert answer.status_code == status and isinstance(answer.parsed, generated.model("Problem")), (code, answer)
        assert (answer.parsed.status, answer.parsed.code) == (status, code)
        assert answer.parsed.request_id == answer.headers["x-request-id"]
