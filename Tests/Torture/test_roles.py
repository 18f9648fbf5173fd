"""What holds between processes, with all roles by themselves and no faults."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from api import PASSWORD
from cluster import Cluster
from kafka_broker import need_kafka
from role import Role

WITHIN = 1.0
"""Seconds that a log-out may take to be known everywhere (API.md)."""
FINAL = range(3500, 4000)


@pytest.mark.kafka
@pytest.mark.timeout(180)
def test_a_log_out_ends_what_other_processes_hold() -> None:
    need_kafka(killable=True)
    cluster = Cluster("roles")
    try:
        cluster.start()
        asyncio.run(log_out(cluster))
    finally:
        cluster.close()


async def log_out(cluster: Cluster) -> None:
    """At one API process; the sockets, streams and tokens at all others end, and those of another session stay."""
    def url(role: Role, path: str) -> str:
        return f"http://127.0.0.1:{role.port}{path}"

    first, second = cluster.of("api")
    async with aiohttp.ClientSession() as http:
        sessions = []
        for path, extra in (("signup", {"display_name": "Ann"}), ("login", {})):
            body = {"handle": "ann", "password": PASSWORD} | extra
            async with http.post(url(first, f"/v1/auth/{path}"), json=body) as answer:
                sessions.append(await answer.json())
        gone, staying = ({"Authorization": f"Bearer {session['access_token']}"} for session in sessions)

        sockets = [await open_socket(http, url(role, "/v1/live/ws"), session["access_token"])
                   for role in cluster.of("realtime") for session in sessions]
        streams = [await http.get(url(role, "/v1/live/sse"), headers=gone) for role in cluster.of("realtime")]
        for stream in streams:
            assert b"event: live" in await stream.content.readuntil(b"\n\n")
        async with http.get(url(first, "/v1/feed"), headers=gone) as answer:
            live = (await answer.json())["live"]
        poll = asyncio.create_task(http.get(url(first, f"/v1/feed?since={live}&wait=30"), headers=gone))

        async with http.post(
            url(second, "/v1/auth/logout"), json={"refresh_token": sessions[0]["refresh_token"]}
        ) as answer:
            assert answer.status == 204
        async with asyncio.timeout(WITHIN):
            for socket in sockets[::2]:
                message = await socket.receive()
                assert message.type == aiohttp.WSMsgType.CLOSE and message.data in FINAL, message
            for stream in streams:
                assert b"event: post" not in await stream.content.read()
            assert (await poll).status == 401
        for role in (first, second):
            async with http.get(url(role, "/v1/me"), headers=gone) as answer:
                assert answer.status == 401
            async with http.get(url(role, "/v1/me"), headers=staying) as answer:
                assert answer.status == 200
        async with http.post(url(second, "/v1/posts"), json={"text": "still here"}, headers=staying) as answer:
            assert answer.status == 201
        for socket in sockets[1::2]:
            assert "still here" in (await socket.receive(timeout=10)).data


async def open_socket(http: aiohttp.ClientSession, url: str, token: str) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(url)
    await socket.send_json({"id": 1, "connect": {"token": token}})
    assert "connect" in await socket.receive_json(timeout=10)
    return socket
