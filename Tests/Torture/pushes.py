"""Notifications of the users, and pushes of these to a sink: in the end all is told, and what is written down is so."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.request
from collections import Counter
from typing import Any

from api import Api, User
from cluster import Cluster
from readers import walk

DEVICES = 8
"""How many of the users have a webhook."""
SENT_WITHIN = 60.0
"""Seconds after all is quiet, by which nothing waits to be sent."""


class Pushes:
    """A sink, and the devices of some users there."""

    def __init__(self, cluster: Cluster, api: Api) -> None:
        self.cluster, self.api = cluster, api
        self.sink = subprocess.Popen(
            [cluster.binary, "sink", "--sink-port", "0", "--sink-folder", str(cluster.home / "sink"), "--sink-kept", "100000"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={"PATH": "/usr/bin:/bin"})
        self.address = json.loads(self.sink.stdout.readline())["plain"]
        # What it prints for each request is not needed: it writes into a file that nobody reads.
        self.drain = subprocess.Popen(["cat"], stdin=self.sink.stdout, stdout=subprocess.DEVNULL)
        self.users: list[User] = []

    def close(self) -> None:
        for process in (self.sink, self.drain):
            process.terminate()
            process.wait(10)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/sink{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    async def set_up(self, users: list[User]) -> None:
        for user in users[:DEVICES]:
            reply = await self.api.write(
                "POST", "/v1/devices", user, {"kind": "webhook", "url": f"{self.address}/hooks/{user.handle}"})
            assert reply.status == 201, reply.body
            await asyncio.to_thread(
                self.control, "POST", "/devices/webhook", {"name": user.handle, "secret": reply.body["secret"]})
            self.users.append(user)

    # In the end

    async def write_truth(self, users: list[User]) -> None:
        ids = ",".join(user.id for user in users)
        causes = f"SELECT user_id, actor_id FROM notification_causes WHERE key = 'follow' AND user_id IN ({ids}) AND actor_id IN ({ids})"
        follows = f"SELECT followee, follower FROM follows WHERE followee IN ({ids}) AND follower IN ({ids})"
        for what, statement in (("missing", f"{follows} EXCEPT {causes}"), ("extra", f"{causes} EXCEPT {follows}")):
            for row in await asyncio.to_thread(self.cluster.sql, statement):
                self.api.history.add("wrong cause", what=what, cause=row)
        for user in users:
            pages = [page async for page in walk(self.api, user, "/v1/notifications")]
            if pages[-1] is None:
                self.api.history.add("bug", t=self.api.history.now, what=f"the notifications of {user.id} can't be read at the end")
                continue
            groups = [group for page in pages for group in page["items"]]
            self.api.history.add(
                "final inbox", user=user.id, groups=len(groups), listed=sum(not group["read"] for group in groups),
                unread=pages[0]["unread"])
        await asyncio.to_thread(self.write_deliveries)

    def write_deliveries(self) -> None:
        ids = ",".join(user.id for user in self.users)
        deadline = time.monotonic() + SENT_WITHIN
        while True:
            # What a notifier that was killed has claimed is another's after two minutes, and between two pushes of a group is a minute
            # or more: here all is due at once.
            self.cluster.sql(f"UPDATE push_paces SET next_at = least(next_at, now()) WHERE user_id IN ({ids})")
            self.cluster.sql(f"UPDATE deliveries SET due_at = least(due_at, now()) WHERE state = 'waiting' AND user_id IN ({ids})")
            waiting = int(self.cluster.sql(f"SELECT count(*) FROM deliveries WHERE state = 'waiting' AND user_id IN ({ids})")[0])
            if not waiting or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        lost = self.cluster.sql(
            "SELECT n.user_id, n.key FROM notifications n JOIN devices d ON d.user_id = n.user_id AND d.id < n.id "
            "LEFT JOIN deliveries x ON x.user_id = n.user_id AND x.device_id = d.id AND x.notification_id = n.id "
            f"WHERE n.user_id IN ({ids}) AND NOT n.read AND n.count > 0 AND x.state IS NULL")
        delivered = self.cluster.sql(
            f"SELECT 'msg_' || device_id || '_' || notification_id FROM deliveries WHERE state = 'delivered' AND user_id IN ({ids})")
        received = Counter(
            line["id"] for line in self.control("GET", "/received")["received"] if line.get("id") and line["status"] == 204)
        states = dict(row.split("|") for row in self.cluster.sql(
            f"SELECT state || COALESCE(' ' || reason, ''), count(*) FROM deliveries WHERE user_id IN ({ids}) GROUP BY 1"))
        self.api.history.add(
            "pushes", waiting=waiting, lost=lost[:20], unsent=[id for id in delivered if id not in received][:20],
            received=sum(received.values()), again=sum(received.values()) - len(received), states=states)
