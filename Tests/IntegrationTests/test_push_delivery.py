"""The sender of pushes against a server that shares no code with it: PyPI's h2 (Tests/PushTool, Sources/PushDelivery)."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator

import h2.connection
import h2.errors
import pytest

from h2_server import H2Server, Request, respond
from push_tool import Tool

BODY = base64.b64encode(b'{"hello":"world"}').decode()


@pytest.fixture(scope="module")
def tool() -> Iterator[Tool]:
    tool = Tool()
    yield tool
    tool.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., H2Server]]:
    servers: list[H2Server] = []

    def start(react: Callable[[H2Server, h2.connection.H2Connection, Request], None], **options: Any) -> H2Server:
        server = H2Server(react, **options)
        server.start(tmp_path)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


def send(tool: Tool, server: H2Server, count: int, **values: Any) -> tuple[Counter[tuple[str, Any]], int]:
    reply = tool.ask(
        "send", provider="webhook", url=server.url + "/hook", body=BODY, count=count, ca=server.ca, **values)
    return Counter((result["outcome"], result.get("status") or result.get("reason")) for result in reply["results"]), reply[
        "connections"]


def test_requests_share_a_connection(tool: Tool, serve: Callable[..., H2Server]) -> None:
    server = serve(lambda server, connection, request: respond(connection, request.stream, 204))
    outcomes, connections = send(tool, server, 200)
    assert outcomes == {("delivered", 204): 200}
    assert connections == server.connections == 1
    request = server.requests[0]
    assert request.body == base64.b64decode(BODY)
    assert request.headers[":method"] == "POST" and request.headers["ttl"] == "60"
    # Nothing that curl would add by itself.
    assert "expect" not in request.headers and "content-type" not in request.headers


def test_a_server_that_takes_few_streams(tool: Tool, serve: Callable[..., H2Server]) -> None:
    server = serve(lambda server, connection, request: respond(connection, request.stream, 204), streams=3)
    outcomes, connections = send(tool, server, 100)
    assert outcomes == {("delivered", 204): 100}
    assert connections <= 8
    assert server.most_open <= 3


def test_a_goaway_in_between(tool: Tool, serve: Callable[..., H2Server]) -> None:
    """The streams behind its last were not looked at: they are sent again, the others are not."""
    answered: set[int] = set()
    ended = False

    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        nonlocal ended
        if request.connection == 1:
            # Bodies come in any order.
            is_gap = answered != set(range(1, 2 * len(answered), 2))
            if ended or len(answered) >= 10 and not is_gap:
                server.requests.remove(request)
                if not ended:
                    connection.close_connection(last_stream_id=max(answered))
                ended = True
                return
            answered.add(request.stream)
        respond(connection, request.stream, 204)

    server = serve(react)
    outcomes, connections = send(tool, server, 60)
    # Of the last stream of a connection that ends curl may say no more than that there was an error.
    unknown = outcomes.pop(("ambiguous", "broken"), 0)
    assert unknown <= 1 and outcomes == {("delivered", 204): 60 - unknown}
    assert ended and connections >= 2
    assert len(server.requests) == 60 - unknown


def test_refused_streams(tool: Tool, serve: Callable[..., H2Server]) -> None:
    refused: set[int] = set()

    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        if request.connection == 1 and len(refused) < 5:
            refused.add(request.stream)
            connection.reset_stream(request.stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        else:
            respond(connection, request.stream, 204)

    outcomes, _ = send(tool, serve(react), 50)
    assert outcomes == {("delivered", 204): 50} and len(refused) == 5


def test_a_stream_that_breaks_is_ambiguous(tool: Tool, serve: Callable[..., H2Server]) -> None:
    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        if request.stream == 5:
            connection.reset_stream(request.stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        else:
            respond(connection, request.stream, 204)

    server = serve(react)
    outcomes, _ = send(tool, server, 20)
    assert outcomes == {("delivered", 204): 19, ("ambiguous", "broken"): 1}
    assert len(server.requests) == 20


def test_a_stream_that_is_never_answered(tool: Tool, serve: Callable[..., H2Server]) -> None:
    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        if request.stream != 5:
            respond(connection, request.stream, 204)

    server = serve(react)
    outcomes, connections = send(tool, server, 20, milliseconds=1000)
    assert outcomes == {("delivered", 204): 19, ("ambiguous", "timeout"): 1}
    assert connections == 1 and len(server.requests) == 20


@pytest.mark.parametrize("fields", [
    [(":status", "204")], [(":status", "201"), ("location", "/1")], [(":status", "410")],
    [(":status", "200"), ("content-length", "0")]])
def test_no_stream_is_reset(tool: Tool, serve: Callable[..., H2Server], fields: list[tuple[str, str]]) -> None:
    """Servers count resets, and end the connection after a thousand."""
    server = serve(lambda server, connection, request: connection.send_headers(request.stream, fields, end_stream=True))
    outcomes, connections = send(tool, server, 100)
    assert list(outcomes.values()) == [100] and connections == 1
    assert server.resets == 0


def test_a_body_of_a_known_length(tool: Tool, serve: Callable[..., H2Server]) -> None:
    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        connection.send_headers(request.stream, [(":status", "200"), ("content-type", "text/plain"), ("content-length", "4")])
        connection.send_data(request.stream, b"fine", end_stream=True)

    server = serve(react)
    outcomes, connections = send(tool, server, 100)
    assert outcomes == {("delivered", 200): 100} and connections == 1
    assert server.resets == 0


def test_interim_responses_and_trailers(tool: Tool, serve: Callable[..., H2Server]) -> None:
    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        connection.send_headers(request.stream, [(":status", "103"), ("retry-after", "1")])
        connection.send_headers(request.stream, [(":status", "429"), ("retry-after", "7")])
        connection.send_data(request.stream, b"slow down")
        connection.send_headers(request.stream, [("retry-after", "9")], end_stream=True)

    outcomes, _ = send(tool, serve(react), 3)
    assert outcomes == {("throttled", 429): 3}


@pytest.mark.parametrize(("provider", "status", "reason", "outcome"), [
    ("apns", 403, "InvalidProviderToken", "credential_refused"), ("apns", 400, "TopicDisallowed", "device_refused"),
    ("apns", 403, "BadEnvironmentKeyInToken", "device_refused"), ("webpush", 403, "VapidPkHashMismatch", "device_refused"),
    ("webhook", 401, None, "device_refused")])
def test_whose_refusal_it_is(
    tool: Tool, serve: Callable[..., H2Server], provider: str, status: int, reason: str | None, outcome: str) -> None:
    """What a device may be the reason of is not put down to the site's credential."""
    def react(server: H2Server, connection: h2.connection.H2Connection, request: Request) -> None:
        connection.send_headers(request.stream, [(":status", str(status)), ("content-type", "application/json")])
        connection.send_data(request.stream, json.dumps({"reason": reason} if reason else {}).encode(), end_stream=True)

    server = serve(react)
    reply = tool.ask("send", provider=provider, url=server.url + "/x", body=BODY, count=1, ca=server.ca)
    assert [(result["outcome"], result["status"], result["reason"]) for result in reply["results"]] == [
        (outcome, status, reason)]
