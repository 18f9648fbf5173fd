"""Clients of channels over WebSocket, in both forms of the protocol."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from centrifugo_client import FORMS, Centrifugo
from conftest import MakeUser
from support import User

UNKNOWN, PERMISSION_DENIED, ALREADY, LIMIT, BAD_REQUEST, TOO_MANY = 102, 103, 105, 106, 107, 111
REFUSED, INSUFFICIENT = 2000, 2500


def user_channel(user: User) -> str:
    return f"user:{user.id}"


def opened(form: type[Centrifugo], user: User) -> Centrifugo:
    client = form(user.server)
    try:
        client.connect(user.token, user.channel)
    except BaseException:
        client.ws.close()
        raise
    return client


def at(subscription: dict[str, Any]) -> tuple[str, int]:
    return subscription["epoch"], int(subscription["offset"])


@pytest.fixture(params=FORMS, ids=["json", "protobuf"])
def form(request: pytest.FixtureRequest) -> type[Centrifugo]:
    return request.param


@pytest.fixture
def carol(make_user: MakeUser) -> User:
    """She follows nobody."""
    return make_user("carol")


@pytest.fixture
def client(form: type[Centrifugo], carol: User) -> Iterator[Centrifugo]:
    with opened(form, carol) as one:
        yield one
