"""A process whose sockets are served by several loops: what holds for one holds over all of them."""

from __future__ import annotations

import re
from typing import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from centrifugo_client import Centrifugo
from conftest import MakeUser
from hostile import metric
from martlet_process import Server
from redis_socket import flush_all
from sse_client import Sse
from support import PATIENCE, User, eventually, expect, http_client

LOOPS = 3
CONNECTIONS_OF_A_USER = 20
CONNECTION_LIMIT = 3504


@pytest.fixture
def looped() -> Iterator[Server]:
    server = Server(MARTLET_LOOPS=str(LOOPS))
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def pair(looped: Server, make_user: MakeUser) -> tuple[User, User]:
    alice, bob = make_user("alice", looped), make_user("bob", looped)
    bob.follow(alice)
    return alice, bob


def spread(server: Server) -> list[int]:
    """How many connections each loop has."""
    with http_client(server.url) as http:
        text = expect(http.get("/metrics"), 200).text
    return [int(count) for count in re.findall(r'^martlet_loop_connections\{loop="[^"]+"\} (\d+)$', text, re.MULTILINE)]


def opened(user: User, count: int) -> list[Centrifugo]:
    """So many that it can't be that all are on one loop: the chance is below one in a million."""
    return [Centrifugo.of(user) for _ in range(count)]


def close(clients: list[Centrifugo]) -> None:
    for client in clients:
        client.ws.close()


def close_code(client: Centrifugo) -> int | None:
    """With which the server closes."""
    with pytest.raises(ConnectionClosed):
        while True:
            client.ws.recv(PATIENCE)
    return client.ws.close_code


def test_all_are_told_once(looped: Server, pair: tuple[User, User]) -> None:
    """One user's connections on all loops, over both transports, and the polls that are on any."""
    alice, bob = pair
    clients, live = opened(bob, 14), bob.http.get("/v1/feed").json()["live"]
    try:
        with Sse(looped, token=bob.token) as stream:
            stream.verdict("live")
            eventually(lambda: len(spread(looped)) == LOOPS and sum(n > 0 for n in spread(looped)) > 1, 10, "several loops")
            ids = alice.posts(5)
            for client in clients:
                assert [client.next().post_id for _ in ids] == ids
            assert [event.post_id for event in stream.take(5)] == ids
        poll = expect(bob.http.get("/v1/feed", params={"since": live, "wait": 20}), 200).json()
        assert [item["post"]["id"] for item in poll["items"]] == ids
        # Each loop finds its own gap.
        flush_all(looped.redis_socket)
        for client in clients:
            assert close_code(client) == 3010
    finally:
        close(clients)


def test_metrics_are_sums(looped: Server, pair: tuple[User, User]) -> None:
    _, bob = pair
    clients = opened(bob, 14)
    try:
        assert metric(looped, 'martlet_live_connections{transport="websocket"}') == 14
        eventually(
            lambda: metric(looped, 'martlet_queue_length{queue="connections"}') == sum(spread(looped)) >= 14, 10, "the sum")
        assert metric(looped, 'martlet_ws_connections') == 14
    finally:
        close(clients)
    eventually(lambda: metric(looped, 'martlet_live_connections{transport="websocket"}') == 0, 10, "none")


def test_a_users_connections_count_over_all(looped: Server, pair: tuple[User, User]) -> None:
    _, bob = pair
    clients = opened(bob, CONNECTIONS_OF_A_USER)
    try:
        for _ in range(6):
            with Centrifugo(looped) as more:
                more.ws.send('{"id":1,"connect":{"token":"%s"}}' % bob.token)
                assert close_code(more) == CONNECTION_LIMIT
            with Sse(looped, token=bob.token) as stream:
                assert stream.status_code == 429
        clients.pop().ws.close()
        eventually(lambda: metric(looped, "martlet_ws_connections") == CONNECTIONS_OF_A_USER - 1, 10, "a place")
        clients.append(Centrifugo.of(bob))
    finally:
        close(clients)


def test_subscriptions_count_over_all(looped: Server, pair: tuple[User, User]) -> None:
    """512 of a user: four connections have 128 each, and no other gets one."""
    _, bob = pair
    clients = opened(bob, 5)
    posts = [bob.post(str(number))["id"] for number in range(128)]
    try:
        for client in clients[:4]:
            for post in posts:
                client.call(subscribe={"channel": f"post:{post}"})
        assert metric(looped, "martlet_live_subscriptions") == 512
        assert clients[4].call(subscribe={"channel": f"post:{posts[0]}"})["error"]["code"] == 106
    finally:
        close(clients)


def test_connections_of_the_process_count_over_all(make_user: MakeUser) -> None:
    server = Server(MARTLET_LOOPS=str(LOOPS), MARTLET_CONNECTIONS="12")
    try:
        server.start()
        ports = [http_client(server.url) for _ in range(12)]
        answers = [http.get("/healthz").status_code for http in ports]
        # An address has as many as are still free: half, when it is alone. Those behind it are told so.
        assert answers.count(200) == 6 and set(answers[6:]) == {503}
        for http in ports:
            http.close()
        eventually(lambda: metric(server, 'martlet_queue_length{queue="connections"}') <= 1, 10, "their end")
    finally:
        server.remove()


def test_a_session_ends_on_all(looped: Server, pair: tuple[User, User]) -> None:
    _, bob = pair
    clients = opened(bob, 12)
    try:
        expect(bob.http.post("/v1/auth/logout", json={"refresh_token": bob.session["refresh_token"]}), 204)
        for client in clients:
            assert close_code(client) == 3503
    finally:
        close(clients)


def test_a_drain_ends_all(looped: Server, pair: tuple[User, User]) -> None:
    """Each is told to come back, none is cut, and the process ends in time; what was missed is told by the next."""
    alice, bob = pair
    clients = opened(bob, 14)
    positions = [(client.subscription["epoch"], int(client.subscription["offset"])) for client in clients]
    looped.terminate()
    for client in clients:
        assert close_code(client) == 3001
    assert looped.wait() == 0
    looped.start()
    post = alice.post("missed")["id"]
    for position in positions:
        with Centrifugo.of(bob, position=position) as client:
            assert client.next().post_id == post


def test_a_port_is_one_process(looped: Server) -> None:
    """Loops share a port; processes do not, whatever the kernel would let them."""
    other = Server(MARTLET_LOOPS="2")
    other.settings["MARTLET_PORT"] = str(looped.port)
    try:
        with pytest.raises(AssertionError, match="is taken"):
            other.start()
    finally:
        other.remove()
