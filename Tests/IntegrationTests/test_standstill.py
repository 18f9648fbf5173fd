"""A process that was stopped reads what has come meanwhile before it holds anybody to a time."""

from __future__ import annotations

import json
import os
import re
import signal
import time

from martlet_process import Server
from raw_http import RawHttp
from raw_ws import frame, open_websocket, read_reply
from redis_socket import redis_reply
from support import User

LONGER_THAN_REDIS = 3.0
"""Seconds: a reply of Redis is waited for 2."""
LONGER_THAN_ANY = 11.0
"""Seconds: a `connect` is waited for 10, as is the rest of a request's head."""


def pid_of_redis(server: Server) -> int:
    found = re.search(rb"process_id:(\d+)", redis_reply(server.redis_socket, "INFO", "server"))
    assert found
    return int(found[1])


def test_a_pause_of_the_whole_machine_is_no_loss_of_redis(own_server: Server) -> None:
    """A page that was read meanwhile has a position: whoever goes live from it is not told to begin anew."""
    user = User.signup(own_server)
    user.post("before")
    redis = pid_of_redis(own_server)
    with RawHttp(own_server) as reader:
        os.kill(redis, signal.SIGSTOP)
        reader.send(reader.head("GET", "/v1/feed", token=user.token))
        time.sleep(0.3)
        own_server.process.send_signal(signal.SIGSTOP)
        time.sleep(LONGER_THAN_REDIS)
        own_server.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        os.kill(redis, signal.SIGCONT)
        position = reader.answer().json()["live"]
    assert user.feed(since=position)["reset"] is False


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
