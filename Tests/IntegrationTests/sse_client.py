"""A reader of Server-Sent Events, to the letter of what a browser's EventSource keeps."""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from support import PATIENCE

if TYPE_CHECKING:
    from martlet_process import Server


@dataclass(frozen=True)
class SseEvent:
    event: str
    id: str | None
    data: str
    retry: int | None

    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def post_id(self) -> str | None:
        if self.event not in ("post.created", "post.deleted"):
            return None
        return self.json()["post"]["id"] if self.event == "post.created" else self.json()["post_id"]


class Sse:
    """One GET on /v1/live/sse. The status is there at once; a thread reads the events when it is 200."""

    def __init__(
        self, server: "Server", *, token: str | None = None, last_event_id: str | None = None, origin: str | None = None,
        **query: str,
    ) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Accept": "text/event-stream"}
        for name, value in (("Authorization", token and f"Bearer {token}"), ("Last-Event-ID", last_event_id), ("Origin", origin)):
            if value is not None:
                headers[name] = value
        self.connection.request("GET", f"/v1/live/sse?{httpx.QueryParams(query)}".rstrip("?"), headers=headers)
        self._socket = self.connection.sock
        response = self.connection.getresponse()
        self.status_code = response.status
        self.headers = httpx.Headers(response.getheaders())
        self.comments = 0
        self.last_id: str | None = None
        self._queue: queue.Queue[SseEvent | None] = queue.Queue()
        self.content = b""
        if response.status == 200:
            threading.Thread(target=self._read, args=(response,), daemon=True).start()
        else:
            self.content = response.read()

    def __enter__(self) -> "Sse":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()

    def next(self, timeout: float = PATIENCE) -> SseEvent:
        try:
            event = self._queue.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no event within {timeout:.1f} s") from None
        if event is None:
            raise EOFError("the stream has ended")
        self.last_id = event.id or self.last_id
        return event

    def verdict(self, name: str) -> SseEvent:
        """The first event, which must be this verdict, with an id and a retry."""
        event = self.next()
        assert event.event == name, event
        assert event.id, event
        assert event.retry is not None and event.retry > 0, event
        return event

    def only_retry(self) -> int:
        """The milliseconds after which to come again, which is all that a stream says that is not let in."""
        assert self.status_code == 200, self.content
        event = self.next()
        assert event.id is None and not event.data and event.retry is not None, event
        assert self.rest(PATIENCE) == [] and self.comments == 1
        return event.retry

    def take(self, count: int, timeout: float = PATIENCE) -> list[SseEvent]:
        deadline = time.monotonic() + timeout
        return [self.next(max(deadline - time.monotonic(), 0.001)) for _ in range(count)]

    def until(self, post_id: str, timeout: float = PATIENCE) -> list[SseEvent]:
        """Everything up to and with the event about this post."""
        deadline = time.monotonic() + timeout
        seen = [self.next(timeout)]
        while seen[-1].post_id != post_id:
            seen.append(self.next(max(deadline - time.monotonic(), 0.001)))
        return seen

    def rest(self, timeout: float) -> list[SseEvent]:
        """The events up to the end of the stream, which must come within `timeout`."""
        deadline = time.monotonic() + timeout
        seen: list[SseEvent] = []
        while True:
            try:
                seen.append(self.next(max(deadline - time.monotonic(), 0.001)))
            except EOFError:
                return seen

    def _read(self, response: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        data: list[str] = []
        try:
            while raw := response.readline():
                line = raw.decode("utf-8").rstrip("\r\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    data.append(value) if name == "data" else fields.__setitem__(name, value)
                elif fields or data:
                    retry = int(fields["retry"]) if "retry" in fields else None
                    self._queue.put(SseEvent(fields.get("event", "message"), fields.get("id"), "\n".join(data), retry))
                    fields, data = {}, []
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # closed from either side
        self._queue.put(None)
