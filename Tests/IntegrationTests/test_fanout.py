"""One author, a thousand followers: every connected one gets each post once and in order."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from conftest import MakeUser
from martlet_process import Server, run_martlet
from support import PATIENCE, User, eventually, expect, jwt_parts

FOLLOWERS, CONNECTED, POSTS, RATE = 1000, 100, 200, 50


async def follow_live(server: Server, token: str, ready: asyncio.Semaphore, last: asyncio.Future[str]) -> list[str]:
    """The ids that one follower gets, up to the last post."""
    received: list[str] = []
    address = f"ws://127.0.0.1:{server.port}/v1/live/ws"
    async with connect(address, proxy=None, compression=None, ping_interval=None, open_timeout=30, max_queue=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        async for frame in socket:
            for line in filter(None, str(frame).split("\n")):
                message = json.loads(line)
                if message == {}:
                    await socket.send("{}")
                elif "connect" in message:
                    ready.release()
                elif "pub" in message.get("push", {}):
                    received.append(message["push"]["pub"]["data"]["post"]["id"])
            if last.done() and received and received[-1] == last.result():
                return received
    return received


async def post_at_rate(server: Server, token: str) -> list[str]:
    """Posts one after the other, at the promised rate or as fast as they are accepted."""
    ids: list[str] = []
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False, timeout=30) as http:
        begin = asyncio.get_running_loop().time()
        for number in range(POSTS):
            await asyncio.sleep(max(0.0, begin + number / RATE - asyncio.get_running_loop().time()))
            answer = await http.post("/v1/posts", json={"text": f"to a thousand, {number}"})
            ids.append(expect(answer, 201).json()["id"])
    return ids


@pytest.mark.slow
@pytest.mark.both_logs
def test_a_thousand_followers(own_server: Server, make_user: MakeUser) -> None:
    """`martlet seed` makes 1,000 followers; 100 connect; 200 posts at 50 a second."""
    author = make_user("author", own_server)
    tokens_file = Path(own_server.home) / "tokens"
    seeded = run_martlet("seed", "--users", str(FOLLOWERS), "--follow", author.handle, "--tokens", str(tokens_file),
                         timeout=120, MARTLET_DATA=str(own_server.data), MARTLET_PORT=str(own_server.port))
    assert seeded.returncode == 0, seeded.stderr
    tokens = tokens_file.read_text().splitlines()
    assert len(tokens) == FOLLOWERS
    assert len({jwt_parts(token)[1]["sub"] for token in tokens}) == FOLLOWERS
    eventually(lambda: author.http.get("/v1/me").json()["followers"] == FOLLOWERS, 15, "1,000 followers")

    async def run() -> tuple[list[str], list[list[str]]]:
        ready, last = asyncio.Semaphore(0), asyncio.get_running_loop().create_future()
        followers = [asyncio.ensure_future(follow_live(own_server, token, ready, last)) for token in tokens[:CONNECTED]]
        async with asyncio.timeout(PATIENCE):
            for _ in followers:
                await ready.acquire()
        ids = await post_at_rate(own_server, author.token)
        marker_headers = {"Authorization": f"Bearer {author.token}"}
        async with httpx.AsyncClient(base_url=own_server.url, headers=marker_headers, trust_env=False) as http:
            marker = expect(await http.post("/v1/posts", json={"text": "the last"}), 201).json()["id"]
        last.set_result(marker)
        async with asyncio.timeout(PATIENCE):
            return [*ids, marker], await asyncio.gather(*followers)

    ids, received = asyncio.run(run())
    assert len(received) == CONNECTED
    for number, seen in enumerate(received):
        assert seen == ids, f"follower {number}: {len(seen)} of {len(ids)}, {len(set(seen))} different"
    absent = User.of_token(own_server, tokens[-1])
    assert absent.walk(limit=100) == ids[::-1]
    absent.close()
