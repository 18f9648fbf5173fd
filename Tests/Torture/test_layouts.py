"""Another number of partitions under load, on all roles: nothing is lost, told twice or done by hand."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time

import pytest
import uvloop

from cluster import Cluster
from faults import Fault
from kafka_broker import need_kafka
from round import Round


class PartitionsRound(Round):
    """8 to 32 and back; the second time the command is killed, and one of the processes that begin anew. Then the log's topics get
    more partitions."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, 0, 1, 0, 1, 12)
        self.crowd_size, self.circle_count, self.calm = 0, 0, 0.0
        self.pids = {role.name: role.process.pid for role in cluster.roles}

    async def break_things(self) -> None:
        await asyncio.sleep(5)
        await self.executioner.commit(Fault(5, "partitions", "postgres", amount=32))
        await asyncio.sleep(10)
        fault = Fault(20, "partitions", "postgres", amount=8)
        self.history.add("fault", t=self.history.now, **vars(fault))
        await asyncio.to_thread(self.change_and_kill)
        assert {name: self.executioner.role(name).process.pid for name in self.pids} == self.pids
        self.history.add("fault ends", t=self.history.now, kind=fault.kind, target=fault.target)
        await asyncio.sleep(10)
        fault = Fault(30, "partitions", "kafka", amount=9)
        self.history.add("fault", t=self.history.now, **vars(fault))
        done = await asyncio.to_thread(self.cluster.run, "partitions", "--log", "9")
        assert done.returncode == 0 and "4 -> 9 partitions of the event log" in done.stdout, done.stdout + done.stderr
        self.history.add("fault ends", t=self.history.now, kind=fault.kind, target=fault.target)
        await asyncio.sleep(10)

    def change_and_kill(self) -> None:
        api, fanout = self.cluster.of("api")[0], self.cluster.of("fanout")[0]
        settings = {name: value for name, value in api.settings.items() if name.startswith("MARTLET_")}
        command = subprocess.Popen([api.binary, "partitions", "8"], env=os.environ | settings, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        assert command.stdout and b"32 -> 8" in command.stdout.readline()
        command.kill()
        fanout.kill()
        del self.pids[fanout.name]
        fanout.start()
        command.wait()
        deadline = time.monotonic() + 60
        while not (said := self.cluster.run("partitions").stdout).startswith("8 partitions, layout 3,"):
            assert time.monotonic() < deadline, said
            time.sleep(0.2)


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_partitions_change_under_load() -> None:
    need_kafka(killable=True)
    cluster = Cluster("roles")
    cluster.common["MARTLET_PARTITIONS"] = "8"
    try:
        cluster.start()
        part = PartitionsRound(cluster)
        report = uvloop.run(part.run())
        assert part.executioner.counts["partitions"] == 1, part.executioner.problems
        assert not report.findings, report.findings
        assert report.counts["deliveries checked"] > 100, report.counts
        for role in cluster.roles:
            role.ready()
    except BaseException:
        cluster.keep = True
        raise
    finally:
        cluster.close()
