"""Every queue, buffer and table of the server has a gauge, and a limit where a number bounds it."""

from __future__ import annotations

import re

import pytest

from martlet_process import Server
from support import User, expect, http_client

# Bounded by a number, which /metrics shows.
LIMITED = {
    "connections", "requests_read", "requests_write", "requests_auth", "long_polls", "joins", "live_frames",
    "pg_routes_waiting", "pg_routes_pipelines", "pg_workers_waiting", "pg_workers_pipelines", "pg_scans_waiting",
    "pg_scans_pipelines", "redis_routes", "redis_routes_bytes", "redis_workers", "redis_workers_bytes", "redis_scans",
    "redis_scans_bytes", "redis_gateway", "redis_gateway_bytes",
    "passwords", "outbox", "log", "buffered_bytes", "connection_bytes", "rates", "account_rates", "join_rates",
    "user_names", "pushes", "push_waiting", "push_in_flight",
}
# Only with the embedded log; only with Kafka.
OF_POSTGRES = {"pg_log_waiting", "pg_log_pipelines"}
OF_KAFKA = {"log_producer"}
# Bounded by what fills them: by connections and requests (loops, slow connections, reads of lists), by age and
# rate (the rest).
UNNUMBERED = {
    "loop_stores", "loop_sockets", "loop_push", "slow_connections", "list_reads", "poll_reads", "idempotency_keys", "ended_sessions",
    "suspended_users", "export_reads",
}


def series(text: str, name: str) -> dict[str, int]:
    return {label: int(value) for label, value in re.findall(rf'^{name}{{queue="(\w+)"}} (-?\d+)$', text, re.M)}


@pytest.mark.both_logs
def test_every_queue_has_a_gauge_and_a_limit(own_server: Server) -> None:
    """From the start, before anything was in them; and nothing is longer than it may be."""
    with http_client(own_server.url) as http:
        text = expect(http.get("/metrics"), 200).text
    lengths, limits = series(text, "martlet_queue_length"), series(text, "martlet_queue_limit")
    backend = OF_KAFKA if "MARTLET_KAFKA" in own_server.settings else OF_POSTGRES
    assert set(limits) == LIMITED | backend
    assert set(lengths) == LIMITED | backend | UNNUMBERED
    assert all(limit > 0 for limit in limits.values()), limits
    assert all(0 <= lengths[name] <= limit for name, limit in limits.items()), (lengths, limits)
    for kind, reason in (("read", "in_work"), ("write", "in_work"), ("auth", "in_work"), ("write", "backlog")):
        assert re.search(rf'^martlet_http_shed_total{{kind="{kind}",reason="{reason}"}} 0$', text, re.M)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_operators_questions_are_not_counted(server: Server, path: str) -> None:
    """They are answered when nothing else is: no limit holds for them."""
    with http_client(server.url) as http:
        for _ in range(5):
            expect(http.get(path), 200)


def test_the_gauges_come_back_to_zero(server: Server, alice: User) -> None:
    """What was counted in is counted out: after requests of all kinds nothing is in work."""
    alice.posts(3)
    alice.feed()
    alice.login().close()
    expect(alice.http.get("/v1/feed", params={"since": alice.feed()["live"], "wait": 1}), 200)
    with http_client(server.url) as http:
        lengths = series(expect(http.get("/metrics"), 200).text, "martlet_queue_length")
    for name in ("requests_write", "requests_auth", "long_polls", "passwords", "pg_routes_waiting"):
        assert lengths[name] == 0, (name, lengths)
