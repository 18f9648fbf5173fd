"""A Kafka that asks for a password and lets Martlet make no topics: others have made them."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Iterator

import httpx
import pytest
from confluent_kafka.admin import (
    AclBinding, AclOperation, AclPermissionType, AdminClient, ConfigResource, NewTopic, ResourcePatternType, ResourceType)

from conftest import MakeUser
from kafka_broker import REPOSITORY, need_kafka
from martlet_process import Server, run_martlet
from ports import free_port
from support import eventually, expect

PASSWORD = "p;a=s, s'w&ö$r d;"
"""With all that a list of properties would part."""
MAKER = "maker;"
LIBRARIES = REPOSITORY.parent / "shared/kafka/libs"


def escaped(text: str) -> str:
    """As a file of Java's properties has it."""
    return "".join(sign if sign.isascii() else f"\\u{ord(sign):04x}" for sign in text)


class GuardedKafka:
    """A broker on which `maker` may do all, and `martlet` what has been allowed."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder, free_port(2)
        self.address = f"127.0.0.1:{port}"
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        (folder / "server.properties").write_text(
            "\n".join([
                "process.roles=broker,controller", "node.id=1", f"controller.quorum.voters=1@127.0.0.1:{port + 1}",
                f"listeners=SASL_PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}",
                "controller.listener.names=CONTROLLER", "inter.broker.listener.name=SASL_PLAINTEXT",
                "listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
                f'listener.name.sasl_plaintext.plain.sasl.jaas.config={login} username="maker" password="{MAKER}" '
                f'user_maker="{MAKER}" user_martlet="{escaped(PASSWORD)}";',
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users=User:maker;User:ANONYMOUS", f"log.dirs={folder}/data", "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1", "offsets.topic.num.partitions=1",
                "group.initial.rebalance.delay.ms=0", "log.cleaner.dedupe.buffer.size=16777216", ""]))
        identity = "A" * 22
        subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", identity, "-c", folder / "server.properties"), check=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            self.java("kafka.Kafka", folder / "server.properties"), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=folder)
        deadline = time.monotonic() + 60
        while b"Kafka Server started" not in (folder / "log").read_bytes():
            assert self.process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)

    def java(self, *words: object) -> list[str]:
        settings = f"-Dlog4j2.configurationFile={LIBRARIES.parent}/log4j2.properties"
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto", "-Dfile.encoding=UTF-8", settings, "-cp",
                f"{LIBRARIES}/*", *map(str, words)]

    def admin(self) -> AdminClient:
        return AdminClient({
            "bootstrap.servers": self.address, "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
            "sasl.username": "maker", "sasl.password": MAKER})

    def allow(self, kind: ResourceType, prefix: str, *operations: AclOperation) -> None:
        """Martlet's user may do this with all whose names begin so."""
        admin = self.admin()
        for operation in operations:
            rule = AclBinding(
                kind, prefix, ResourcePatternType.PREFIXED, "User:martlet", "*", operation, AclPermissionType.ALLOW)
            for done in admin.create_acls([rule]).values():
                done.result(30)

    def describe(self, topic: str) -> dict[str, str]:
        """The topic's settings."""
        admin, asked = self.admin(), ConfigResource(ConfigResource.Type.TOPIC, topic)
        return {name: entry.value for name, entry in admin.describe_configs([asked])[asked].result(30).items()}

    def settings(self, user: str, password: str, prefix: str) -> dict[str, str]:
        return {
            "MARTLET_KAFKA": self.address, "MARTLET_KAFKA_PREFIX": prefix, "MARTLET_KAFKA_PASSWORD": password,
            "MARTLET_KAFKA_PROPERTIES": f"security.protocol=sasl_plaintext;sasl.mechanism=PLAIN;sasl.username={user}",
            "MARTLET_LOG_REPLICAS": "1", "MARTLET_LOG_INSYNC_REPLICAS": "1",
        }

    def close(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def guarded() -> Iterator[GuardedKafka]:
    need_kafka()
    if not LIBRARIES.is_dir():
        pytest.skip("no Kafka: its libraries are not here")
    with tempfile.TemporaryDirectory(prefix="martlet-it-", dir="/tmp") as folder:
        kafka = GuardedKafka(Path(folder))
        try:
            yield kafka
        finally:
            kafka.close()


def deleted_and_made_by_others(guarded: GuardedKafka, server: Server) -> None:
    """It says that it can't go on, and goes on when it can."""
    admin = guarded.admin()
    names = [name for name in admin.list_topics(timeout=10).topics if name.startswith("site-")]
    for done in admin.delete_topics(names).values():
        done.result(30)

    def readiness() -> tuple[int, list[str]]:
        answer = httpx.get(server.url + "/readyz", trust_env=False, timeout=10)
        return answer.status_code, answer.json().get("missing", [])

    eventually(lambda: readiness() == (503, ["topics"]), 30, "no topics")
    assert "topics.not_restored" in server.log.read_text()
    for done in admin.create_topics([NewTopic(name, 4, 1) for name in names]).values():
        done.result(30)
    eventually(lambda: readiness() == (200, []), 30, "topics")


@pytest.mark.kafka
@pytest.mark.timeout(360)
def test_topics_that_others_have_made(guarded: GuardedKafka, make_user: MakeUser) -> None:
    maker = Server(**guarded.settings("maker", MAKER, "site-"))
    try:
        maker.start()
    finally:
        maker.remove()
    assert guarded.describe("site-post.events")["min.insync.replicas"] == "1"
    guarded.allow(ResourceType.TOPIC, "site-", AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE)
    guarded.allow(ResourceType.GROUP, "site-", AclOperation.READ, AclOperation.DESCRIBE)
    server = Server(**guarded.settings("martlet", PASSWORD, "site-"))
    try:
        server.start()
        alice, bob = make_user("alice", server), make_user("bob", server)
        bob.follow(alice)
        bob.sees(alice.post("by a user who may make no topics")["id"])
        deleted_and_made_by_others(guarded, server)
        bob.sees(alice.post("with topics that others have made anew")["id"], timeout=150)
    finally:
        server.remove()

    done = run_martlet(
        "serve", MARTLET_DATA=str(guarded.folder / "other"), MARTLET_PORT=str(free_port()),
        **guarded.settings("martlet", PASSWORD, "other-"))
    assert done.returncode == 1
    assert "topic other-" in done.stderr and "make it, with 4 partitions and records kept for" in done.stderr
    assert PASSWORD not in done.stderr + done.stdout

    done = run_martlet(
        "serve", MARTLET_DATA=str(guarded.folder / "third"), MARTLET_PORT=str(free_port()),
        **guarded.settings("martlet", "wrong;" + PASSWORD, "site-"))
    assert done.returncode == 1 and "Authentication failed" in done.stderr, done.stderr
    assert PASSWORD not in done.stderr + done.stdout
