"""The network between the parts: a TCP proxy for each pair, in one process of its own, told what to do on stdin.

Started by `Network`, never by hand. A line of JSON is a command, and each gets one line as its answer:
`open` makes links, `cut` resets their connections, `set` changes how a link behaves from now on.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
READ_BYTES = 1 << 16


@dataclass
class Link:
    """Connections from one part to another, and how they fare."""

    target: int
    port: int = 0
    refuses: bool = False
    """New connections are reset."""
    delay: float = 0.0
    """Seconds that each piece waits, in both directions."""
    holds: bool = False
    """Nothing gets through, and nobody is told."""
    rewrites: tuple[bytes, bytes] | None = None
    """What the target says of its own address, and what takes its place: of the same length."""
    connections: set["Connection"] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        event, self.released = self.released, asyncio.Event()
        event.set()


class Connection:
    def __init__(self, link: Link, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.link = link
        self.ends = (client, server)

    def reset(self) -> None:
        for end in self.ends:
            reset(end)


def reset(end: asyncio.StreamWriter) -> None:
    """Closes with RST, so that the other side learns it at once and what was under way is lost."""
    connection = end.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    end.transport.abort()


class Links:
    def __init__(self) -> None:
        self.links: dict[str, Link] = {}

    async def run(self) -> None:
        reader = asyncio.StreamReader(limit=1 << 24)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            answer = await self.obey(json.loads(line))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    async def obey(self, command: dict[str, Any]) -> Any:
        match command["do"]:
            case "open":
                return {name: await self.open(name, link) for name, link in command["links"].items()}
            case "set":
                for name in command["names"]:
                    link = self.links[name]
                    link.refuses = command.get("refuses", link.refuses)
                    link.delay = command.get("delay", link.delay)
                    link.holds = command.get("holds", link.holds)
                    link.release()
                return None
            case "cut":
                cut = [connection for name in command["names"] for connection in list(self.links[name].connections)]
                for connection in cut:
                    connection.reset()
                return len(cut)

    async def open(self, name: str, options: dict[str, Any]) -> int:
        link = self.links[name] = Link(target=options["target"])
        server = await asyncio.start_server(lambda r, w: self.serve(link, r, w), "127.0.0.1", 0, limit=READ_BYTES)
        link.port = server.sockets[0].getsockname()[1]
        if options.get("rewrites_address"):
            host = b"127.0.0.1"
            link.rewrites = (host + struct.pack(">i", link.target), host + struct.pack(">i", link.port))
        return link.port

    async def serve(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if link.refuses:
            return reset(writer)
        try:
            upstream, sink = await asyncio.open_connection("127.0.0.1", link.target, limit=READ_BYTES)
        except OSError:
            return reset(writer)
        connection = Connection(link, writer, sink)
        link.connections.add(connection)
        for end in connection.ends:
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(link, reader, sink))
                group.create_task(pump(link, upstream, writer, link.rewrites))
        except* (OSError, RuntimeError):
            pass  # uvloop says RuntimeError where it meets an end that was reset already
        finally:
            link.connections.discard(connection)
            connection.reset()


async def pump(
    link: Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter, rewrites: tuple[bytes, bytes] | None = None
) -> None:
    """Copies one direction to its end. An end of the stream goes through as one; an error ends both directions."""
    while data := await source.read(READ_BYTES):
        while link.holds:
            await link.released.wait()
        if link.delay:
            await asyncio.sleep(link.delay)
        if rewrites:
            data = data.replace(*rewrites)
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


class Network:
    """The proxy process, as its owner sees it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).resolve()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ports: dict[str, int] = {}

    def open(self, links: dict[str, dict[str, Any]]) -> None:
        """Makes links: name → {target, rewrites_address?}; their ports are in `ports`."""
        self.ports |= self._tell(do="open", links=links)

    def cut(self, names: list[str]) -> int:
        return self._tell(do="cut", names=names)

    def set(self, names: list[str], **how: Any) -> None:
        self._tell(do="set", names=names, **how)

    def heal(self) -> None:
        self.set(list(self.ports), refuses=False, delay=0.0, holds=False)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def _tell(self, **command: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the process of the links has ended")
        return json.loads(answer)


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(Links().run())
    except KeyboardInterrupt:
        pass
