"""A follower that resumes by the rules of the contract, over any number of disconnects."""

from __future__ import annotations

import threading
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from centrifugo_client import Centrifugo, Publication
from support import User, eventually, http_client


class ReconnectingFollower:
    """Holds a connection until it is closed, and comes back after every loss with its last position.

    Told that its position is out of the window, it reads GET /v1/feed and goes live from the page's `live`.
    `view` is what a person would see, oldest first: an id twice in it is a duplicate on the screen.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.view: list[str] = []
        self.resets = 0
        self.connections = 0
        self.closes: list[int | None] = []
        self.failure: str | None = None
        self._position: tuple[str, int] | None = None
        self._since: str | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "ReconnectingFollower":
        """Returns once it is live."""
        self._thread.start()
        eventually(lambda: self.connections or self.failure, 15, "the follower's first connection")
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(30)
        assert not self._thread.is_alive(), "the follower did not end"
        assert self.failure is None, self.failure

    def sees(self, *post_ids: str, timeout: float = 15) -> None:
        """Waits until the view shows these posts."""
        eventually(lambda: self.failure or set(post_ids) <= set(self.view), timeout, f"{post_ids} in {self.view[-20:]}")
        assert self.failure is None, self.failure

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._session()
            except ConnectionClosed as end:
                code = end.rcvd.code if end.rcvd else None
                self.closes.append(code)
                if code and 3500 <= code < 4000:
                    self.failure = f"told never to come back: {code}"
                    return
            except (OSError, InvalidHandshake, httpx.TransportError):
                self.closes.append(None)  # the server is away
            except BaseException as error:
                self.failure = repr(error)
                return
            self._ending.wait(0.05)

    def _session(self) -> None:
        with Centrifugo(self.user.server) as client:
            if self._since:
                client.connect(self.user.token, self.user.channel, since=self._since)
            else:
                client.connect(self.user.token, self.user.channel, position=self._position)
            if (self._since or self._position) and not client.subscription.get("recovered"):
                return self._reset()
            if self._position is None and not client.publications:
                self._position = client.position
            self._since = None if self._position else self._since
            self.connections += 1
            while not self._ending.is_set():
                while client.publications:
                    self._show(client.publications.popleft(), client.position[0])
                client.poll(0.1)

    def _show(self, publication: Publication, epoch: str) -> None:
        self._position = (epoch, publication.offset)
        self._since = None
        if publication.event["type"] == "post.created":
            self.view.append(publication.post_id)
        elif publication.post_id in self.view:
            self.view.remove(publication.post_id)

    def _reset(self) -> None:
        """The window is past: what the pages say replaces the view, and their `live` is the new position."""
        with http_client(self.user.server.url, self.user.token) as http:
            if http.get("/v1/feed").status_code == 503:
                return  # not ready yet: come back
            reader = User(self.user.server, self.user.session, self.user.password, http)
            pages: list[dict[str, Any]] = list(reader.pages())
        self.view = [post["id"] for page in reversed(pages) for post in reversed(page["items"])]
        self._position, self._since = None, pages[0]["live"]
        self.resets += 1
