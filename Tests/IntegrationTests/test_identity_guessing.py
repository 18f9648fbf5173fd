"""Guessing passwords and handles: by many, from many addresses, and by words. What a guess costs is counted in
test_rights_restart.py."""

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


LOG_INS, SIGN_UPS, AUTH = Limit(120, 120), Limit(30, 30), Limit(300, 600)
NEIGHBOURS = Limit(30, 11)
"""All addresses of one network: what strangers share, and a try of its own for each of twenty."""
TRUSTED = "127.0.0.0/8, 10.7.0.0/16,2001:db8:ffff::/48"
fresh_address, fresh_network = itertools.count(1), itertools.count(1)


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


def neighbours() -> Iterator[str]:
    """IPv4 addresses of one /24 that no test has had."""
    number = next(fresh_network)
    return (f"100.{64 + (number >> 8)}.{number & 255}.{host}" for host in range(1, 255))


def network() -> str:
    """An IPv6 network of 64 bits that no test has had, without its last 64 bits."""
    return f"2001:db8:1:{next(fresh_address):x}"


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


def test_the_owner_is_not_locked_out(api: httpx.Client) -> None:
    """While strangers use up the account's guesses without end, whoever opened it before gets in from where that was, and
    has a try from each new address; another one after the wait. Tokens are refreshed all the while."""
    home, sources = address(), neighbours()
    handle = sign_up(api, home)
    session = expect(log_in(api, home, handle, PASSWORD), 200).json()
    for _ in range(5):
        until_refused(lambda: log_in(api, next(sources), handle), NEIGHBOURS)
        expect(log_in(api, home, handle, PASSWORD), 200)
        expect(log_in(api, address(), handle, PASSWORD), 200)
        session = expect(post(api, "refresh", home, refresh_token=session["refresh_token"]), 200).json()
    elsewhere = address()
    assert_problem(log_in(api, elsewhere, handle), 401, "invalid_credentials")
    wait_as_told(until_refused(lambda: log_in(api, elsewhere, handle), Limit(1, 10)))
    expect(log_in(api, elsewhere, handle, PASSWORD), 200)


def test_one_address_guesses_at_many_accounts(api: httpx.Client) -> None:
    """One password over many handles, existing or not: the address's limit holds, and the wait that it tells is true."""
    handles = [sign_up(api, address()) for _ in range(5)]
    source = address()
    refused = use_up(lambda: log_in(api, source, handles.pop() if handles else unique_handle("nobody")), LOG_INS)
    expect(log_in(api, address(), sign_up(api, address()), PASSWORD), 200)
    wait_as_told(refused)
    assert_problem(log_in(api, source, unique_handle("nobody")), 401, "invalid_credentials")


@pytest.mark.parametrize("route", ["signup", "refresh", "logout"])
def test_other_ways_in_are_limited(api: httpx.Client, route: str) -> None:
    """Making accounts, probing handles by sign-up and guessing refresh tokens: by address, with a true wait."""
    source, taken = address(), sign_up(api, address())

    def attempt() -> httpx.Response:
        if route == "signup":
            return post(api, route, source, handle=taken, password=PASSWORD)
        return post(api, route, source, refresh_token=unique_handle("guess"))

    wait_as_told(use_up(attempt, SIGN_UPS if route == "signup" else AUTH))
    assert attempt().status_code == {"signup": 409, "refresh": 401, "logout": 204}[route]


def test_an_ipv6_network_is_one_guesser(api: httpx.Client) -> None:
    """A customer has 2^64 addresses; another network is somebody else."""
    net = network()
    sources = (f"{net}:{number:x}::{number:x}" for number in itertools.count(1))
    use_up(lambda: log_in(api, next(sources), unique_handle("nobody")), LOG_INS)
    assert log_in(api, f"{network()}::1", unique_handle("nobody")).status_code == 401


@pytest.mark.parametrize("spelling", [
    "{0}:4711", "1.2.3.4 ,\t{0}", "::ffff:{0}", "[::ffff:{0}]:80", "1.2.3.4, {0}", "1.2.3.4, {0}, 10.7.1.2", "{0}, 127.0.0.9,10.7.9.9",
    "{0}, ::ffff:10.7.0.1", "{0}, [2001:db8:ffff:1::7]:443", "garbage, {0}", ", {0}",
], ids=repr)
def test_one_address_in_many_spellings(api: httpx.Client, spelling: str) -> None:
    """The last address that is no trusted proxy's counts, however it is written and whatever stands before it."""
    source = address()
    both = itertools.cycle([source, spelling.format(source)])
    use_up(lambda: log_in(api, next(both), unique_handle("nobody")), LOG_INS)


def test_what_stands_before_an_address_is_not_believed(api: httpx.Client) -> None:
    """The client can write what it likes before the entry that the proxy adds."""
    source = address()
    claims = (f"{address()}, {source}" for _ in itertools.count())
    use_up(lambda: log_in(api, next(claims), unique_handle("nobody")), LOG_INS)
    # Nor what stands before an entry that can't be read: all of that is the proxy's own.
    unreadable = (f"{address()}, unknown" for _ in itertools.count())
    until_refused(lambda: log_in(api, next(unreadable), unique_handle("nobody")), LOG_INS)


def test_without_a_trusted_proxy_nobody_is_believed(limited_server: Server) -> None:
    with http_client(limited_server.url) as http:
        until_refused(lambda: log_in(http, address(), unique_handle("nobody")), LOG_INS)


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
