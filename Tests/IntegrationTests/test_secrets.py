"""The site's secret is changed, process by process, or because it has leaked; and the operator ends sessions."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from typing import Iterator

import pytest

from centrifugo_client import Centrifugo
from conftest import MakeUser
from identity import show_to_rest, ticket_of
from martlet_process import Server, run_martlet
from raw_http import RawHttp
from sql import rows
from sse_client import Sse
from support import PATIENCE, User, assert_problem, eventually, expect, http_client
from test_notifier import deliveries, register, settings, sink
from test_sink import Sink

OLD, NEW = "the old secret of the site, long enough", "the new secret of the site, long enough"
LATER, PAST = "2099-12-31T00:00:00Z", "2026-01-01T00:00:00.000Z"
FORCE_DISCONNECT = 3503
KINDS = ("webpush", "apns", "fcm", "webhook")
__all__ = ["sink"]


def secrets(signing: str, accepted: str = "", end: str = LATER) -> dict[str, str]:
    return {"MARTLET_SECRET": signing} | ({"MARTLET_SECRETS_ACCEPTED": f"{accepted}@{end}"} if accepted else {})


def restart(server: Server, given: dict[str, str]) -> None:
    server.stop()
    server.settings.pop("MARTLET_SECRETS_ACCEPTED", None)
    server.settings |= given
    server.start()


def beside(first: Server, **given: str) -> Server:
    """Another process on the PostgreSQL and Redis of the first one."""
    return Server(
        MARTLET_POSTGRES=f"host={first.data}/postgres user=martlet dbname=martlet",
        MARTLET_REDIS=f"unix://{first.redis_socket}", **given)


def metric(server: Server, name: str) -> float:
    with http_client(server.url) as http:
        lines = expect(http.get("/metrics"), 200).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


@pytest.fixture
def first(sink: Sink) -> Iterator[Server]:
    server = Server(**settings(sink), **secrets(OLD))
    try:
        yield server.start()
    finally:
        server.remove()


class Traffic:
    """Somebody who reads, writes and refreshes at both processes, the whole time: nothing may be refused but by one that drains."""

    def __init__(self, user: User, processes: list[Server]) -> None:
        self.user, self.processes, self.served = user, processes, 0
        self.failures: list[str] = []
        self.session = user.session
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while not self.ending.is_set():
            for server in self.processes:
                self.step(server)
            time.sleep(0.02)

    def step(self, server: Server) -> None:
        try:
            with http_client(server.url, self.session["access_token"], timeout=5) as http:
                answer = http.get("/v1/me")
                if answer.status_code == 200 and self.served % 20 == 0:
                    answer = http.post("/v1/auth/refresh", json={"refresh_token": self.session["refresh_token"]})
                    if answer.status_code == 200:
                        self.session = answer.json()
        except OSError:
            return
        except Exception as error:
            if "Connect" in type(error).__name__ or "Protocol" in type(error).__name__ or "Read" in type(error).__name__:
                return
            raise
        if answer.status_code == 200:
            self.served += 1
        elif answer.status_code != 503:
            self.failures.append(f"{answer.status_code} at {server.port}: {answer.text}")

    def end(self) -> None:
        self.ending.set()
        self.thread.join(20)
        assert self.failures == [] and self.served > 20


def pushes(alice: User, fan: User, devices: dict[str, str], number: int) -> None:
    post = alice.post(f"post {number}")["id"]
    expect(fan.http.put(f"/v1/posts/{post}/like"), 204)
    for kind, device in devices.items():
        eventually(lambda: deliveries(alice, device)[:number] == [("like", "delivered")] * number, PATIENCE, f"push {number} by {kind}")


def test_in_the_right_order(first: Server, sink: Sink, make_user: MakeUser) -> None:
    alice, fan = make_user("alice", first), make_user("fan", first)
    devices = {kind: register(alice, kind, sink)["id"] for kind in KINDS}
    pushes(alice, fan, devices, 1)
    second = beside(first, **settings(sink), **secrets(OLD)).start()
    try:
        traffic = Traffic(make_user("reader", first), [first, second])
        # The one that has the private servers last, for they end with it.
        for given in (secrets(OLD, NEW), secrets(NEW, OLD)):
            restart(second, given)
            time.sleep(1)
            restart_beside(first, second, given)
            time.sleep(1)
        traffic.end()
        for server in (first, second):
            assert metric(server, "martlet_secret_differences") == 0
        assert "secrets.differ" not in first.log.read_text() + second.log.read_text()
        alice.close(), fan.close()
        alice, fan = alice.login(), fan.login()
        pushes(alice, fan, devices, 2)
        eventually(lambda: metric(first, "martlet_devices_sealed_before") == 0, PATIENCE, "all to be sealed anew")
    finally:
        second.remove()
    restart(first, secrets(NEW))
    pushes(alice, fan, devices, 3)
    assert set(rows(first, "SELECT count(DISTINCT sealed_by) FROM devices")) == {("1",)}


def restart_beside(first: Server, second: Server, given: dict[str, str]) -> None:
    restart(first, given)
    eventually(lambda: show_ready(second), PATIENCE, "the other to find its servers again")


def show_ready(server: Server) -> bool:
    with http_client(server.url) as http:
        return http.get("/readyz").status_code == 200


def test_a_leak(first: Server, sink: Sink, make_user: MakeUser) -> None:
    """From the restart on nothing is taken that the old one has signed, refresh tokens go on until the operator ends them, and devices
    are still pushed to, also when the old secret has gone."""
    alice, fan = make_user("alice", first), make_user("fan", first)
    devices = {kind: register(alice, kind, sink)["id"] for kind in KINDS}
    alice.posts(3)
    page = expect(alice.http.get("/v1/feed?limit=1"), 200).json()
    key = expect(alice.http.get("/v1/keys"), 200).json()["keys"][0]
    tickets = [ticket_of(alice), ticket_of(alice)]
    with Sse(first, ticket=ticket_of(alice)) as stream:
        last = stream.verdict("live").id
    refresh = [{"refresh_token": user.session["refresh_token"]} for user in (alice, fan)]
    restart(first, secrets(NEW, OLD, PAST))
    assert "secret.changed" in first.log.read_text() and "sessions end --all" in first.log.read_text()
    assert_problem(show_to_rest(first, alice.token), 401, "unauthenticated")
    for given in ({"token": alice.token}, {"ticket": tickets[0]}, {"ticket": tickets[1], "last_event_id": last}):
        with Sse(first, **given) as refused:
            assert_problem(refused, 401, "unauthenticated")
    with Centrifugo(first) as socket:
        socket.command(connect={"token": alice.token})
        assert socket.closed(PATIENCE)[0] == 3500
    with http_client(first.url) as http:
        alice, fan = (User.of_session(first, expect(http.post("/v1/auth/refresh", json=body), 200).json()) for body in refresh)
        assert expect(http.get("/v1/keys"), 200).json()["keys"][1:] == [key]
    assert_problem(alice.http.get("/v1/feed", params={"limit": 1, "cursor": page["next"]}), 400, "invalid_cursor")
    pushes(alice, fan, devices, 1)
    eventually(lambda: metric(first, "martlet_devices_sealed_before") == 0, PATIENCE, "all to be sealed anew")
    restart(first, secrets(NEW))
    pushes(alice, fan, devices, 2)
    ended = run_martlet("sessions", "end", "--all", "--yes", MARTLET_DATA=str(first.data))
    assert ended.returncode == 0, ended.stderr
    with http_client(first.url) as http:
        answer = http.post("/v1/auth/refresh", json={"refresh_token": alice.session["refresh_token"]})
        assert_problem(answer, 401, "invalid_credentials")


def test_mixed_secrets_are_told(first: Server) -> None:
    second = beside(first, **secrets(NEW)).start()
    try:
        for server in (first, second):
            eventually(lambda: metric(server, "martlet_secret_differences") == 1, PATIENCE, "the other to be found")
        said = first.log.read_text() + second.log.read_text()
        lines = [json.loads(line) for line in said.splitlines() if '"secrets.differ"' in line]
        assert len(lines) == 2 and all(line["accepts_ours"] == "no" for line in lines)
        assert OLD not in said and NEW not in said
        restart(second, secrets(OLD))
        eventually(lambda: metric(first, "martlet_secret_differences") == 0, PATIENCE, "the same secrets")
    finally:
        second.remove()


class Live:
    """What a session holds open."""

    def __init__(self, user: User, stack: ExitStack) -> None:
        self.user = user
        self.socket = stack.enter_context(Centrifugo.of(user))
        self.stream = stack.enter_context(Sse(user.server, token=user.token))
        self.stream.verdict("live")
        self.poll = stack.enter_context(RawHttp(user.server))
        self.poll.send(self.poll.request("GET", f"/v1/feed?since={user.feed()['live']}&wait=45", token=user.token))

    def assert_ended(self, seconds: float) -> None:
        assert self.socket.closed(seconds)[0] == FORCE_DISCONNECT
        assert self.stream.rest(seconds) == []
        self.poll.socket.settimeout(seconds)
        assert_problem(self.poll.answer(), 401, "unauthenticated")

    def assert_refused(self) -> None:
        assert_problem(show_to_rest(self.user.server, self.user.token), 401, "unauthenticated")
        with http_client(self.user.server.url) as http:
            answer = http.post("/v1/auth/refresh", json={"refresh_token": self.user.session["refresh_token"]})
        assert_problem(answer, 401, "invalid_credentials")


def test_sessions_end(own_server: Server, make_user: MakeUser) -> None:
    def run(*words: str) -> str:
        done = run_martlet("sessions", *words, MARTLET_DATA=str(own_server.data))
        return done.stdout if done.returncode == 0 else f"{done.returncode}: {done.stderr}"

    for words in ((), ("end",), ("end", "--all"), ("end", "bob", "--all", "--yes"), ("end", "bob", "--yes"), ("begin", "bob")):
        assert run(*words).startswith("2: "), words
    assert "no user @nobody_there" in run("end", "nobody_there")
    one, others = make_user("one", own_server), [make_user(f"other{number}", own_server) for number in range(8)]
    again = one.login()
    with ExitStack() as stack:
        mine, theirs = [Live(user, stack) for user in (one, again)], [Live(user, stack) for user in others]
        assert run("end", f"@{one.handle}") == f"ended: 2 sessions of @{one.handle}\n"
        for live in mine:
            live.assert_ended(2)
            live.assert_refused()
        for live in theirs:
            expect(show_to_rest(own_server, live.user.token), 200)
        before = time.monotonic()
        assert run("end", "--all", "--yes") == "all sessions have ended\n"
        # At once, whatever is still open.
        eventually(lambda: show_to_rest(own_server, theirs[0].user.token).status_code == 401, 2, "the end of the tokens")
        for live in theirs:
            live.assert_refused()
        ends = []
        for live in theirs:
            live.assert_ended(12)
            ends.append(time.monotonic() - before)
        # Spread over ten seconds, not all in one moment.
        assert 1 < ends[-1] < 14
    assert [row[0] for row in rows(own_server, "SELECT did FROM audit ORDER BY id")] == ["user.sessions_ended", "sessions.ended"]
    back = others[0].login()
    expect(back.http.get("/v1/feed"), 200)
    for user in (again, back):
        user.close()
