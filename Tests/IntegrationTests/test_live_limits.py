"""What one client may ask of the live feed, with the limits on: messages, joins, resumes; and that a crowd is no attack."""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from hostile import allow_descriptors
from identity import ticket_of
from martlet_process import Server, run_martlet
from raw_http import RawHttp
from raw_ws import PING, PONG, close_code, connected_websocket, frame, open_websocket, read_frame, read_reply
from redis_socket import flush_all
from sdk import FORMS, Events, until
from sse_client import Sse
from support import PATIENCE, User, assert_problem, eventually, expect, http_client

TOO_MANY, TOO_BIG = 3013, 1009
FIRST_MESSAGES, LONGEST_FIRST, LONGEST = 4, 4096, 24_576
FIRST_FRAMES, FRAMES = 32, 400
NO_MESSAGES = {"pings": frame(b"", PING), "pongs": frame(b"", PONG), "empty_pieces": frame(b"", 0, final=False)}
USER_BURST = 300


@pytest.fixture(scope="module")
def limited() -> Iterator[Server]:
    """A server with its default limits, which believes X-Forwarded-For."""
    server = Server(MARTLET_TRUSTED_PROXIES="127.0.0.0/8", MARTLET_PASSWORD_COST="1")
    del server.settings["MARTLET_LIMITS"]
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def user(limited: Server) -> Iterator[User]:
    made = User.signup(limited)
    yield made
    made.close()


def command(number: int, size: int = 0) -> bytes:
    """A command that nobody knows, padded to a size."""
    text = f'{{"id":{number},"frobnicate":{{"x":""}}}}'
    return text.replace('""', '"' + "x" * (size - len(text)) + '"').encode() if size else text.encode()


# Messages


def test_a_few_messages_before_connect(limited: Server) -> None:
    """Each is answered; the one that is too many gets the code that lets clients come back."""
    with open_websocket(limited) as raw:
        for number in range(1, FIRST_MESSAGES + 1):
            raw.send(frame(command(number)))
            assert read_reply(raw, number)["error"]["code"] == 104
        raw.send(frame(command(9)))
        assert close_code(raw) == TOO_MANY


@pytest.mark.parametrize("is_connected,longest", [(False, LONGEST_FIRST), (True, LONGEST)])
def test_the_size_of_a_message(limited: Server, user: User, is_connected: bool, longest: int) -> None:
    """Small before `connect`, enough for any command behind it; refused with its header, in pieces as well."""
    def opened() -> RawHttp:
        return connected_websocket(limited, user.token) if is_connected else open_websocket(limited)

    with opened() as raw:
        raw.send(frame(command(2, longest)))
        assert read_reply(raw, 2)["error"]["code"] == 104
    with opened() as raw:
        raw.send(frame(command(2, longest + 1))[:8])
        assert close_code(raw) == TOO_BIG
    with opened() as raw:
        half = command(2, longest + 1)
        raw.send(frame(half[:3000], final=False) + frame(half[3000:], opcode=0))
        assert close_code(raw) == TOO_BIG


@pytest.mark.parametrize("size,most", [(0, 200), (8000, 8)], ids=["messages", "bytes"])
def test_a_flood_of_messages(limited: Server, user: User, size: int, most: int) -> None:
    """A burst is answered, what is beyond it ends this connection, and no other of the user."""
    with Centrifugo(limited) as bystander, connected_websocket(limited, user.token) as raw:
        bystander.connect(user.token, user.channel)
        raw.send(b"".join(frame(command(number, size)) for number in range(1, most + 1)))
        read_reply(raw, most)
        raw.send(frame(command(1, size)) * 16)
        assert close_code(raw) == TOO_MANY
        assert bystander.until(user.post("in peace")["id"])


def test_commands_of_one_message_count_each(limited: Server, user: User) -> None:
    with connected_websocket(limited, user.token) as raw:
        message = frame(b"\n".join(b'{"id":%d,"ping":{}}' % number for number in range(1, 31)))
        for _ in range(6):
            raw.send(message)
            read_reply(raw, 30)
        raw.send(message)
        assert close_code(raw) == TOO_MANY


@pytest.mark.parametrize("kind", NO_MESSAGES)
@pytest.mark.parametrize("is_connected,most", [(False, FIRST_FRAMES), (True, FRAMES)])
def test_a_flood_of_what_is_no_message(limited: Server, user: User, kind: str, is_connected: bool, most: int) -> None:
    """Control frames count, and pieces that bring nothing: some are taken, more end the connection."""
    one = NO_MESSAGES[kind]
    with connected_websocket(limited, user.token) if is_connected else open_websocket(limited) as raw:
        raw.send(frame(b"", final=False) + one * (most - 2) + frame(b"still here", PING))
        while read_frame(raw) != (PONG, b"still here"):
            pass
        raw.send(one * most)
        assert close_code(raw) == TOO_MANY


def test_pings_and_pieces_of_an_honest_client(limited: Server, user: User) -> None:
    """A library may cut its messages, and ask whether the server is there, as often as it sends one."""
    def cut(text: bytes, size: int) -> bytes:
        pieces = [text[start:start + size] for start in range(0, len(text), size)]
        return frame(b"", PING).join(
            frame(piece, opcode=0 if number else 1, final=number == len(pieces) - 1) for number, piece in enumerate(pieces))

    def reply(raw: RawHttp, number: int) -> None:
        while True:
            opcode, payload = read_frame(raw)
            if opcode != PONG and json.loads(payload).get("id") == number:
                return

    with open_websocket(limited) as raw:
        connect = json.dumps({"id": 1, "connect": {"token": user.token}}).encode()
        raw.send(cut(connect, len(connect) // 10))
        reply(raw, 1)
        for number in range(2, 102):
            raw.send(cut(b'{"id":%d,"ping":{}}' % number, 11))
        reply(raw, 101)


@pytest.mark.parametrize("key", ["a" + "\u0301" * 17, "\u0301\u0323" * 900, "k" * 256])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_keys_that_are_slow_to_compare(limited: Server, key: str, is_escaped: bool) -> None:
    """No command: 3501, wherever the key is."""
    for text in ({"id": 1, key: {}}, {"id": 1, "connect": {"data": {key: 1}}}, {key: 1}):
        if len(data := json.dumps(text, ensure_ascii=is_escaped).encode()) > LONGEST_FIRST:
            continue
        with open_websocket(limited) as raw:
            raw.send(frame(data))
            assert close_code(raw) == 3501


# Joins and resumes


def use_up(server: Server, user: User) -> int:
    """Asks for streams until one is refused; how many were not. HEAD pays as GET does, and leaves no stream."""
    for opened in range(2 * USER_BURST):
        with RawHttp(server) as raw:
            raw.send(raw.head("HEAD", "/v1/live/sse", "X-Forwarded-For: 203.0.113.77", token=user.token))
            if raw.answer(head_only=True).status_code == 429:
                return opened
    raise AssertionError("as many as one likes")


def overdraw(user: User, old: str) -> None:
    """Asks many times at once for all since a position, until user owes so much that it takes a while to make up for."""
    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            answers = list(pool.map(lambda _: user.http.get("/v1/feed", params={"since": old}), range(8)))
            if any(answer.status_code == 429 for answer in answers):
                return
    raise AssertionError("as many as one likes")


def test_streams_of_one_user(limited: Server, user: User) -> None:
    """Hundreds are let in, and what comes in a second behind them."""
    begin = time.monotonic()
    opened = use_up(limited, user)
    assert USER_BURST - 20 <= opened <= USER_BURST + 5 * (time.monotonic() - begin) + 5


def test_every_way_to_join_is_refused(limited: Server, user: User) -> None:
    """One who has asked for too much is told when to come back, on every transport; others of the address go on."""
    ticket, live = ticket_of(user), user.feed()["live"]
    with Sse(limited, ticket=ticket) as opened:
        last = opened.verdict("live").id
    posts = user.posts(50, "x" * 4900)
    user.sees(posts[-1])
    overdraw(user, live)
    with Sse(limited, token=user.token) as refused:
        problem = assert_problem(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 61, problem
    # An EventSource would never come back after another status than 200.
    assert 1000 <= Sse(limited, ticket=ticket_of(user)).only_retry() <= 62_000
    assert 1000 <= Sse(limited, ticket=ticket, last_event_id=last).only_retry() <= 62_000
    assert_problem(user.http.get("/v1/feed", params={"since": live, "wait": 1}), 429, "rate_limited")
    with Centrifugo(limited) as client:
        error = client.call(connect={"token": user.token})["error"]
        assert error == {"code": 111, "message": "too many requests", "temporary": True}
    other = User.signup(limited)
    with Sse(limited, token=other.token) as beside, Centrifugo.of(other):
        beside.verdict("live")
    other.close()


def test_an_event_source_comes_back_with_its_ticket(limited: Server, user: User) -> None:
    """One that was told to wait has not used its ticket up."""
    old = user.feed()["live"]
    user.sees(user.posts(50, "x" * 2000)[-1])
    use_up(limited, user)
    # Costs some seconds' worth more than there is.
    eventually(lambda: user.http.get("/v1/feed", params={"since": old}).status_code == 200, PATIENCE, "a poll to be let in")
    ticket = ticket_of(user)
    with Sse(limited, ticket=ticket) as refused:
        milliseconds = refused.only_retry()
    time.sleep(milliseconds / 1000)
    with Sse(limited, ticket=ticket) as opened:
        opened.verdict("live")


def test_a_used_ticket_costs_its_owner_nothing(limited: Server, user: User) -> None:
    """It opens nothing, for who found it in some log; nor does it keep its owner out."""
    ticket = ticket_of(user)
    with Sse(limited, ticket=ticket) as mine:
        mine.verdict("live")
    with RawHttp(limited) as raw:
        for number in range(USER_BURST + 50):
            method = ("GET", "HEAD")[number % 2]
            raw.send(raw.head(method, f"/v1/live/sse?ticket={ticket}", "X-Forwarded-For: 203.0.113.78"))
            assert raw.answer(head_only=method == "HEAD").status_code == 401
    assert use_up(limited, user) > USER_BURST - 20


def test_a_poll_that_is_a_reset_is_paid_for(limited: Server, user: User) -> None:
    """As that of a stream: the timeline was looked through."""
    old = user.feed()["live"]
    flush_all(limited.redis_socket)
    answers = [user.http.get("/v1/feed", params={"since": old}) for _ in range(USER_BURST // 5 + 30)]
    resets = [answer for answer in answers if answer.status_code == 200]
    assert all(answer.json()["reset"] for answer in resets)
    assert USER_BURST // 5 - 2 <= len(resets) < USER_BURST // 5 + 20
    assert_problem(answers[-1], 429, "rate_limited")


def test_a_resume_costs_what_it_tells(limited: Server, user: User) -> None:
    """Fifty posts are told some thirty times, where three hundred empty answers are allowed."""
    old = user.feed()["live"]
    posts = user.posts(50, "x" * 1500)
    user.sees(posts[-1])
    with Sse(limited, token=user.token, since=old) as opened:
        assert opened.verdict("resumed").json() == {"missed": 50}
    told = 0
    while (answer := user.http.get("/v1/feed", params={"since": old})).status_code == 200:
        assert len(answer.json()["items"]) == 50
        told += 1
        assert told < 100
    assert_problem(answer, 429, "rate_limited")
    assert told > 20
    # What a poll has just taken of the little that came back is missing for streams, too, for two seconds.
    while user.http.get("/v1/feed", params={"since": old}).status_code != 200:
        pass
    assert_problem(Sse(limited, token=user.token), 429, "rate_limited")


def test_the_sdk_comes_back_by_itself(limited: Server, user: User) -> None:
    """A refused `connect` is an error that passes: the SDK waits and tries again."""
    use_up(limited, user)

    async def run() -> None:
        events = Events()
        client = FORMS[0](limited.port, user.token, events)
        await client.connect()
        await until(lambda: events.subscribed, PATIENCE, "the subscription")
        await client.disconnect()
        assert len(events.disconnected) == 1, "a refusal is no reason never to come back"

    asyncio.run(run())


def open_all(server: Server, tokens: list[str], per_address: int, since: str = "") -> None:
    """Opens a stream for each token, all at once, and reads each one's verdict; the addresses are told by a proxy."""
    selector = selectors.DefaultSelector()
    waiting = 0
    sockets: list[socket.socket] = []
    heads: dict[int, bytes] = {}
    try:
        for number, token in enumerate(tokens):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
            sockets.append(one)
            caller = number // per_address
            head = (f"GET /v1/live/sse HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
                    f"X-Forwarded-For: 10.{caller >> 16 & 255}.{caller >> 8 & 255}.{caller & 255}\r\n\r\n")
            one.sendall(head.encode())
            selector.register(one, selectors.EVENT_READ)
            heads[one.fileno()] = b""
            waiting += 1
        while waiting:
            ready = selector.select(PATIENCE)
            assert ready, f"{waiting} of {len(tokens)} wait for their verdict"
            for key, _ in ready:
                data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                heads[key.fd] += data
                assert data and heads[key.fd].startswith(b"HTTP/1.1 200"), heads[key.fd][:300]
                if b"event: live" in heads[key.fd]:
                    selector.unregister(key.fileobj)
                    waiting -= 1
    finally:
        for one in sockets:
            one.close()
        selector.close()


def seeded(server: Server, count: int, folder: Path) -> list[str]:
    tokens = folder / "tokens"
    made = run_martlet("seed", "--users", str(count), "--follow", User.signup(server, "seeder").handle, "--prefix", f"c{count}",
                       "--tokens", str(tokens), timeout=200, MARTLET_DATA=str(server.data), MARTLET_PASSWORD_COST="1")
    assert made.returncode == 0, made.stderr
    return tokens.read_text().split()


def test_three_hundred_behind_one_address(limited: Server, tmp_path: Path) -> None:
    """An office whose connections all broke at once comes back at once, several times."""
    tokens = seeded(limited, 300, tmp_path)
    for _ in range(3):
        open_all(limited, tokens, per_address=300)


@pytest.mark.long
def test_fourteen_thousand_behind_one_proxy(limited: Server, tmp_path: Path) -> None:
    """Each with an address of its own; twice."""
    clients = min(14_000, allow_descriptors(15_000) - 500)
    tokens = seeded(limited, clients, tmp_path)
    for _ in range(2):
        open_all(limited, tokens, per_address=1)
