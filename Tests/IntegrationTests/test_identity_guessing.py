"""Guessing passwords and handles through a proxy, over the wire. What the limits are is told in Tests/AccountsTests, and whose
limits count in Tests/HTTPServiceTests; what a guess costs is counted in test_rights_restart.py."""

from __future__ import annotations

import itertools
import time
from typing import Callable, Iterator, NamedTuple

import httpx
import pytest

from martlet_process import Server, run_martlet
from support import PASSWORD, assert_problem, expect, http_client, unique_handle


class Limit(NamedTuple):
    """As `martlet serve --help` and the OpenAPI document tell them."""

    burst: int
    per_minute: int


LOG_INS, SIGN_UPS = Limit(120, 120), Limit(30, 30)
TRUSTED = "127.0.0.0/8, 10.7.0.0/16,2001:db8:ffff::/48"
fresh_address = itertools.count(1)


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[Server]:
    """A server with its default limits, which believes the loopback's and some ranges' X-Forwarded-For."""
    limited = Server(MARTLET_TRUSTED_PROXIES=TRUSTED, MARTLET_PASSWORD_COST="1")
    del limited.settings["MARTLET_LIMITS"]
    try:
        yield limited.start()
    finally:
        limited.remove()


@pytest.fixture
def api(behind_proxy: Server) -> Iterator[httpx.Client]:
    with http_client(behind_proxy.url) as client:
        yield client


def address() -> str:
    """An IPv4 address that no test has had."""
    number = next(fresh_address)
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def post(api: httpx.Client, route: str, source: str, **body: str) -> httpx.Response:
    return api.post(f"/v1/auth/{route}", json=body, headers={"X-Forwarded-For": source})


def log_in(api: httpx.Client, source: str, handle: str, password: str = "a wrong guess") -> httpx.Response:
    return post(api, "login", source, handle=handle, password=password)


def sign_up(api: httpx.Client, source: str, name: str = "victim") -> str:
    handle = unique_handle(name)
    expect(post(api, "signup", source, handle=handle, password=PASSWORD), 201)
    return handle


def until_refused(attempt: Callable[[], httpx.Response], limit: Limit) -> httpx.Response:
    """Attempts until one is refused, and that answer: some are let through at once, and some more in each minute."""
    begin = time.monotonic()
    for number in itertools.count():
        answer = attempt()
        most = limit.burst + (time.monotonic() - begin) * limit.per_minute / 60
        if answer.status_code == 429:
            assert_problem(answer, 429, "rate_limited")
            return answer
        assert number < most, f"{number + 1} attempts were let through"
    raise AssertionError


def use_up(attempt: Callable[[], httpx.Response], limit: Limit) -> httpx.Response:
    """As `until_refused`, for a limit of which nothing was used: it lets through what it promises, too."""
    count = itertools.count()
    refused = until_refused(lambda: (next(count), attempt())[1], limit)
    assert next(count) > limit.burst
    return refused


def wait_as_told(answer: httpx.Response) -> int:
    """Waits for what Retry-After says; it is what the test measures."""
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= 60
    time.sleep(seconds)
    return seconds


def test_one_address_guesses_at_many_accounts(api: httpx.Client) -> None:
    """One password over many handles, existing or not: the address's limit holds, and the wait that it tells is true."""
    handles = [sign_up(api, address()) for _ in range(5)]
    source = address()
    refused = use_up(lambda: log_in(api, source, handles.pop() if handles else unique_handle("nobody")), LOG_INS)
    expect(log_in(api, address(), sign_up(api, address()), PASSWORD), 200)
    wait_as_told(refused)
    assert_problem(log_in(api, source, unique_handle("nobody")), 401, "invalid_credentials")


@pytest.mark.parametrize("spelling", [
    "1.2.3.4, [::ffff:{0}]:80, 10.7.1.2",
], ids=repr)
def test_one_address_in_many_spellings(api: httpx.Client, spelling: str) -> None:
    """The last address that is no trusted proxy's counts, however it is written and whatever comes before it."""
    source = address()
    both = itertools.cycle([source, spelling.format(source)])
    use_up(lambda: log_in(api, next(both), unique_handle("nobody")), LOG_INS)


def test_what_stands_before_an_address_is_not_believed(api: httpx.Client) -> None:
    """The client can write what it likes before the entry that the proxy adds."""
    source = address()
    claims = (f"{address()}, {source}" for _ in itertools.count())
    use_up(lambda: log_in(api, next(claims), unique_handle("nobody")), LOG_INS)
    # Nor what comes before an entry that can't be read: all of that is the proxy's own.
    unreadable = (f"{address()}, unknown" for _ in itertools.count())
    until_refused(lambda: log_in(api, next(unreadable), unique_handle("nobody")), LOG_INS)


@pytest.mark.parametrize("value", ["10.0.0.0/33", "10.0.0.1/8", "proxy.example", "10.0.0.0-10.0.0.9", "::1/129", "10.0.0.1;10.0.0.2"])
def test_a_range_that_is_none_is_named(value: str) -> None:
    ended = run_martlet("serve", timeout=15, MARTLET_TRUSTED_PROXIES=value)
    assert ended.returncode == 2
    assert "MARTLET_TRUSTED_PROXIES" in ended.stderr and value in ended.stderr and "CIDR" in ended.stderr


def test_sign_up_tells_who_exists_at_a_price(api: httpx.Client) -> None:
    """That a handle is taken cannot be hidden; it costs a hash and counts, and a public page says the same."""
    source, taken = address(), sign_up(api, address())
    assert_problem(post(api, "signup", source, handle=taken, password=PASSWORD), 409, "handle_taken", "handle")
    expect(api.get(f"/v1/users/@{taken}"), 200)
    until_refused(lambda: post(api, "signup", source, handle=taken, password=PASSWORD), SIGN_UPS)
