"""A process that was stopped reads what has come meanwhile before it holds anybody to a time."""

from __future__ import annotations

import json
import signal
import time

from martlet_process import Server
from raw_http import RawHttp
from raw_ws import frame, open_websocket, read_reply
from support import User

LONGER_THAN_ANY = 11.0
"""Seconds: a `connect` is waited for 10, as is the rest of a request's head."""


def test_nobody_is_cut_off_for_the_servers_own_pause(own_server: Server) -> None:
    user = User.signup(own_server)
    with open_websocket(own_server) as socket, RawHttp(own_server) as half:
        request = half.head("GET", "/v1/me", f"Authorization: Bearer {user.token}")
        half.send(request[:20])
        time.sleep(0.2)
        own_server.process.send_signal(signal.SIGSTOP)
        socket.send(frame(json.dumps({"id": 1, "connect": {"token": user.token}}).encode()))
        half.send(request[20:])
        time.sleep(LONGER_THAN_ANY)
        own_server.process.send_signal(signal.SIGCONT)
        assert "connect" in read_reply(socket, 1)
        assert half.answer().status_code == 200
