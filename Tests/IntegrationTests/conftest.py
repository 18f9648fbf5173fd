"""Fixtures: the server under test, over each event log, and its users."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

import httpx
import pytest

import kafka_broker
import run_report
from centrifugo_client import Centrifugo
from martlet_process import Server
from sse_client import Sse
from support import User, http_client

EVENT_LOGS = ("postgres", "kafka")
MakeUser = Callable[..., User]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--event-log", choices=EVENT_LOGS, help="run over this event log alone (default: PostgreSQL, and "
                     "Kafka, too, for what is marked both_logs)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that one worker runs")
    if is_controller(config):
        kafka_broker.open_run()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A skip for want of a Kafka is told from one place, so that all of them make one line."""
    if report.skipped and isinstance(report.longrepr, tuple) and "no Kafka" in report.longrepr[2]:
        report.longrepr = ("scripts/test-kafka", 1, report.longrepr[2])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if is_controller(terminalreporter.config) and "MARTLET_TEST_SWIFT_TIMES" in os.environ:
        run_report.write(terminalreporter, Path(os.environ["MARTLET_TEST_SWIFT_TIMES"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    if is_controller(config):
        kafka_broker.close_run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For several workers: what waits for long begins first, and what shares something costly stays with one worker."""
    items.sort(key=lambda item: (not in_torture(item), item.get_closest_marker("slow") is None))
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))


def in_torture(item: pytest.Item) -> bool:
    return "Torture" in item.path.parts


def group_of(item: pytest.Item) -> str | None:
    fixtures = getattr(item, "fixturenames", ())
    if "long_away" in fixtures:
        return "long_away"
    callspec = getattr(item, "callspec", None)
    if "server" in fixtures and callspec and callspec.params.get("event_log") == "kafka":
        return "kafka"
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    if any(definition.scope == "module" for several in definitions.values() for definition in several[-1:]):
        return item.path.stem
    return None


def is_controller(config: pytest.Config) -> bool:
    """Whether this process is the run's own, and no worker of it."""
    return not hasattr(config, "workerinput")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "event_log" in metafunc.fixturenames:
        logs = EVENT_LOGS if metafunc.definition.get_closest_marker("both_logs") else EVENT_LOGS[:1]
        chosen = metafunc.config.getoption("--event-log")
        metafunc.parametrize("event_log", [chosen] if chosen else logs, indirect=True, scope="session")


@pytest.fixture(scope="session")
def event_log(request: pytest.FixtureRequest) -> Callable[[], dict[str, str]]:
    """Makes the settings with which one server uses the event log of this test."""
    if request.param == "postgres":
        return dict
    kafka_broker.need_kafka()
    kafka_broker.broker()
    return kafka_broker.settings


@pytest.fixture(scope="session")
def server(event_log: Callable[[], dict[str, str]]) -> Iterator[Server]:
    """One server for all tests that leave it as they found it."""
    shared = Server(**event_log())
    try:
        yield shared.start()
        assert shared.stop() == 0, shared.log_tail()
    finally:
        shared.remove()


@pytest.fixture
def own_server(event_log: Callable[[], dict[str, str]]) -> Iterator[Server]:
    """A server of the test's own, to kill and to start again on the same data."""
    own = Server(**event_log())
    try:
        yield own.start()
    finally:
        own.remove()


@pytest.fixture(scope="module")
def limited_server() -> Iterator[Server]:
    """A server with the rate limits that it has by default."""
    limited = Server()
    del limited.settings["MARTLET_LIMITS"]
    try:
        yield limited.start()
    finally:
        limited.remove()


@pytest.fixture
def api(server: Server) -> Iterator[httpx.Client]:
    """A client without a session."""
    with http_client(server.url) as client:
        yield client


@pytest.fixture
def make_user(request: pytest.FixtureRequest, event_log: Callable[[], dict[str, str]]) -> Iterator[MakeUser]:
    """Signs up users with handles of their own, on the shared server unless another is given."""
    made: list[User] = []

    def make(name: str = "user", on: Server | None = None, password: str | None = None) -> User:
        where = on or request.getfixturevalue("server")
        made.append(User.signup(where, name, password) if password else User.signup(where, name))
        return made[-1]

    yield make
    for user in made:
        user.close()


@pytest.fixture
def make_limited_user(limited_server: Server) -> Iterator[MakeUser]:
    """Signs up users where the limits are on."""
    made: list[User] = []

    def make(name: str = "user") -> User:
        made.append(User.signup(limited_server, name))
        return made[-1]

    yield make
    for user in made:
        user.close()


@pytest.fixture
def alice(make_user: MakeUser, server: Server) -> User:
    return make_user("alice")


@pytest.fixture
def bob(make_user: MakeUser, alice: User) -> User:
    """A follower of alice."""
    user = make_user("bob")
    user.follow(alice)
    return user


@dataclass
class LongAway:
    """A reader whose position on every transport was taken before 1,250 posts of one author."""

    reader: User
    author: User
    before: list[str]
    post_ids: list[str]
    live: str
    ws_position: tuple[str, int]
    sse_id: str


@pytest.fixture(scope="session")
def long_away(server: Server) -> LongAway:
    """More posts than a timeline's window of 800 holds, and a reader who missed them all."""
    author, reader = User.signup(server, "prolific"), User.signup(server, "away")
    reader.follow(author)
    before = author.posts(2, "before")
    reader.sees(*before)
    with Centrifugo.of(reader) as live, Sse(server, token=reader.token) as stream:
        ws_position, sse_id = live.position, stream.verdict("live").id
    live_position = reader.feed()["live"]
    ids = author.posts(1250)
    reader.sees(ids[-1], timeout=30)
    assert sse_id is not None
    return LongAway(reader, author, before, ids, live_position, ws_position, sse_id)
