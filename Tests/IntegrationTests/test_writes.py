"""The two ways in which live events reach the kernel: chosen at the start, logged, and the same for clients."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import no_io_uring
from centrifugo_client import Centrifugo
from martlet_process import Server
from support import User

WITHOUT = [sys.executable, str(Path(no_io_uring.__file__))]


@pytest.fixture
def way_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    settings, launcher = request.param
    one = Server(**settings)
    one.launcher = launcher
    try:
        yield one
    finally:
        one.remove()


def chosen(server: Server) -> list[dict]:
    lines = [line for line in server.log.read_text().splitlines() if '"writes.chosen"' in line]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    ("way_server", "way"),
    [
        (({"MARTLET_WRITES": "send"}, []), None),
        (({}, []), "io_uring"),
        (({}, WITHOUT), "send"),
    ],
    indirect=["way_server"], ids=["send", "auto", "auto-forbidden"],
)
def test_either_way_brings_posts_to_all(way_server: Server, way: str | None) -> None:
    """Twenty connections of a user get each post once and in order, whatever carries them."""
    way_server.start()
    lines = chosen(way_server)
    assert [line["way"] for line in lines] == ([way] if way else []), lines
    assert [line for line in lines if line["way"] == "send" and "not permitted" not in line["because"].lower()] == []
    author, reader = User.signup(way_server, "author"), User.signup(way_server, "reader")
    reader.follow(author)
    with ExitStack() as stack:
        clients = [stack.enter_context(Centrifugo.of(reader)) for _ in range(20)]
        ids = author.posts(20)
        for client in clients:
            assert [publication.post_id for publication in client.until(ids[-1])] == ids
    author.close()
    reader.close()


@pytest.mark.parametrize("way_server", [({"MARTLET_WRITES": "io_uring"}, WITHOUT)], indirect=True)
def test_what_is_forced_and_forbidden_is_an_error(way_server: Server) -> None:
    """The start fails and says what to change."""
    with pytest.raises(AssertionError):
        way_server.start()
    assert "writes=io_uring" in way_server.log_tail() and "auto" in way_server.log_tail()
