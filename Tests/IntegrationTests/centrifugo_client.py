"""A client of the Centrifugo protocol over one WebSocket, in JSON or in protobuf."""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from centrifuge.codecs import _ProtobufCodec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as open_websocket

from support import PATIENCE, User

if TYPE_CHECKING:
    from martlet_process import Server


@dataclass(frozen=True)
class Publication:
    offset: int
    event: dict[str, Any]

    @property
    def post_id(self) -> str | None:
        """`None`: it is about none."""
        return self.event["post"]["id"] if "post" in self.event else self.event.get("post_id")


class Centrifugo:
    """One WebSocket. Publications come in one order, whether recovered in the reply or pushed."""

    subprotocol: str | None = None

    def __init__(self, server: "Server", *, origin: str | None = None, subprotocol: str | None = None, port: int = 0) -> None:
        self.ws = open_websocket(
            f"ws://127.0.0.1:{port or server.port}/v1/live/ws", origin=origin,
            subprotocols=[name] if (name := subprotocol or self.subprotocol) else None, compression=None, proxy=None, ping_interval=None,
            open_timeout=PATIENCE, close_timeout=2, max_size=None, max_queue=None, legacy=True,
        )
        self.publications: deque[Publication] = deque()
        # Of channels that were subscribed to.
        self.channels: dict[str, deque[Publication]] = {}
        self.replies: dict[int, dict[str, Any]] = {}
        self.other_pushes: list[dict[str, Any]] = []
        self.pings = 0
        self.answers_pings = True
        self.subscription: dict[str, Any] = {}
        self.channel = ""
        self._last_id = 0

    def __enter__(self) -> "Centrifugo":
        return self

    def __exit__(self, *_: object) -> None:
        self.ws.close()

    @classmethod
    def of(cls, user: User, since: str | None = None, position: tuple[str, int] | None = None, port: int = 0) -> "Centrifugo":
        """Opens and connects as `user`: from now, from a REST position, or from (epoch, offset)."""
        client = cls(user.server, port=port)
        try:
            client.connect(user.token, user.channel, since, position)
        except BaseException:
            client.ws.close()
            raise
        return client

    def connect(
        self, token: str, channel: str, since: str | None = None, position: tuple[str, int] | None = None
    ) -> dict[str, Any]:
        """Sends `connect`, expects its result and takes over the personal subscription."""
        parameters: dict[str, Any] = {"token": token}
        if since is not None:
            parameters["data"] = {"since": since}
        if position is not None:
            parameters["subs"] = {channel: {"recover": True, "epoch": position[0], "offset": position[1]}}
        reply = self.call(connect=parameters)
        assert "error" not in reply, reply
        result = reply["connect"]
        self.channel = channel
        self.subscription = result["subs"][channel]
        recovered = self.subscription.get("publications", [])
        self.publications.extendleft(reversed([self._publication(pub) for pub in recovered]))
        return result

    def subscribe(self, channel: str, position: tuple[str, int] | None = None) -> dict[str, Any]:
        """Expects to be let in. What is recovered comes first in `channels`."""
        self.channels[channel] = deque()
        reply = self.try_to_subscribe(channel, position)
        assert "error" not in reply, reply
        recovered = reply["subscribe"].get("publications", [])
        self.channels[channel].extendleft(reversed([self._publication(pub) for pub in recovered]))
        return reply["subscribe"]

    def try_to_subscribe(self, channel: str, position: tuple[str, int] | None = None) -> dict[str, Any]:
        recover = {"recover": True, "epoch": position[0], "offset": position[1]} if position else {}
        return self.call(subscribe={"channel": channel, **recover})

    def told(self, channel: str, count: int, timeout: float = PATIENCE) -> list[Publication]:
        """The next publications on a channel that was subscribed to."""
        deadline = time.monotonic() + timeout
        while len(self.channels[channel]) < count:
            self._read(deadline, f"{count} publications on {channel}")
        return [self.channels[channel].popleft() for _ in range(count)]

    def unsubscribed(self, channel: str, timeout: float = PATIENCE) -> int:
        """Waits for the push that ends a subscription, and returns its code."""
        deadline = time.monotonic() + timeout
        while not (ends := [push["push"]["unsubscribe"] for push in self.other_pushes
                            if push.get("push", {}).get("channel") == channel and "unsubscribe" in push["push"]]):
            self._read(deadline, f"the end of {channel}")
        return int(ends[0]["code"])

    @property
    def position(self) -> tuple[str, int]:
        """The position that the connect reply told."""
        return self.subscription["epoch"], self.subscription["offset"]

    def send(self, message: str | bytes) -> None:
        self.ws.send(message)

    def encode(self, *commands: dict[str, Any]) -> str | bytes:
        """Commands as one message."""
        return "\n".join(json.dumps(command) for command in commands)

    def decode(self, message: str | bytes) -> list[dict[str, Any]]:
        """The replies in one message."""
        assert isinstance(message, str), "the JSON protocol speaks in text frames"
        return [json.loads(line) for line in message.split("\n") if line]

    def command(self, **method: Any) -> int:
        """Sends one command and returns its id."""
        self._last_id += 1
        self.send(self.encode({"id": self._last_id, **method}))
        return self._last_id

    def call(self, timeout: float = PATIENCE, **method: Any) -> dict[str, Any]:
        return self.reply(self.command(**method), timeout)

    def reply(self, command_id: int, timeout: float = PATIENCE) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while command_id not in self.replies:
            self._read(deadline, f"the reply to command {command_id}")
        return self.replies.pop(command_id)

    def next(self, timeout: float = PATIENCE) -> Publication:
        deadline = time.monotonic() + timeout
        while not self.publications:
            self._read(deadline, "a publication")
        return self.publications.popleft()

    def take(self, count: int, timeout: float = PATIENCE, late: str | None = None) -> list[Publication]:
        """The next `count` publications, all within `timeout`.

        `late`: a post that was accepted before this client subscribed, and may yet be told behind that. It isn't counted.
        """
        deadline = time.monotonic() + timeout
        taken: list[Publication] = []
        while len(taken) < count:
            one = self.next(max(deadline - time.monotonic(), 0.001))
            if late is None or one.post_id != late or one.event["type"] != "post.created":
                taken.append(one)
        return taken

    def until(self, post_id: str, timeout: float = PATIENCE) -> list[Publication]:
        """Everything up to and with the publication about this post: nothing is between that is not told."""
        deadline = time.monotonic() + timeout
        seen = [self.next(timeout)]
        while seen[-1].post_id != post_id:
            seen.append(self.next(max(deadline - time.monotonic(), 0.001)))
        return seen

    def ping(self, timeout: float) -> int:
        """Waits for the server's next ping."""
        deadline, before = time.monotonic() + timeout, self.pings
        while self.pings == before:
            self._read(deadline, "a ping")
        return self.pings

    def closed(self, timeout: float) -> tuple[int, str]:
        """Code and reason with which the server ends the connection; an end without a close frame fails."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._read(deadline, "the end of the connection")
            except ConnectionClosed as end:
                assert end.rcvd is not None, "the connection ended without a close frame"
                return end.rcvd.code, end.rcvd.reason

    def poll(self, seconds: float) -> bool:
        """Takes in one frame, if one comes in this time."""
        try:
            frame = self.ws.recv(timeout=seconds)
        except TimeoutError:
            return False
        for message in self.decode(frame):
            self._take_in(message)
        return True

    def _read(self, deadline: float, what: str) -> None:
        assert self.poll(max(deadline - time.monotonic(), 0.001)), f"no sign of {what} in time"

    def _take_in(self, message: dict[str, Any]) -> None:
        if message == {}:
            self.pings += 1
            if self.answers_pings:
                self.send(self.encode({}))
        elif "id" in message:
            self.replies[message["id"]] = message
        elif "pub" in message.get("push", {}):
            channel = message["push"]["channel"]
            assert not self.channel or channel in (self.channel, *self.channels), message
            self.channels.get(channel, self.publications).append(self._publication(message["push"]["pub"]))
        else:
            self.other_pushes.append(message)

    @staticmethod
    def _publication(pub: dict[str, Any]) -> Publication:
        return Publication(pub.get("offset", 0), pub["data"])


class ProtobufCentrifugo(Centrifugo):
    """The same in the protobuf form, written and read by the code that was generated for the Python SDK. What goes in and
    comes out is as in JSON."""

    subprotocol = "centrifuge-protobuf"

    def encode(self, *commands: dict[str, Any]) -> bytes:
        return _ProtobufCodec.encode_commands([_with_bytes(command) for command in commands])

    def decode(self, message: str | bytes) -> list[dict[str, Any]]:
        assert isinstance(message, bytes), "the protobuf protocol speaks in binary frames"
        return [_without_bytes(reply) for reply in _ProtobufCodec.decode_replies(message)]


def _with_bytes(value: Any) -> Any:
    """`data` as the JSON of what it is, in base64, as the generated code wants it."""
    if isinstance(value, dict):
        return {
            key: base64.b64encode(json.dumps(child).encode()).decode() if key == "data" else _with_bytes(child)
            for key, child in value.items()
        }
    return value


def _without_bytes(value: Any) -> Any:
    """The way back. Numbers of 64 bits come as text."""
    if isinstance(value, list):
        return [_without_bytes(child) for child in value]
    if not isinstance(value, dict):
        return value
    result = {key: _without_bytes(child) for key, child in value.items()}
    if isinstance(result.get("data"), str):
        result["data"] = json.loads(base64.b64decode(result["data"]))
    if isinstance(result.get("offset"), str):
        result["offset"] = int(result["offset"])
    return result


FORMS: list[type[Centrifugo]] = [Centrifugo, ProtobufCentrifugo]
