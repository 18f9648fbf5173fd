"""TCP ports for servers that are told where to listen. Used by the torture, too."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

FIRST = 10_000
_claims: list[socket.socket] = []


def free_port(count: int = 1) -> int:
    """The first of `count` free TCP ports in a row, which no other process of these tests is given while this one lives.

    They lie below those that the system gives to clients: one of those could be taken between this call and the server's
    start. A claim is a name in Linux's abstract namespace, so it ends with its process, however that ends.
    """
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    offset = os.getpid() * 37
    for number in range(end - FIRST - count):
        port = FIRST + (offset + number) % (end - FIRST - count)
        claims = list(itertools.takewhile(lambda claim: claim is not None, map(_claim, range(port, port + count))))
        if len(claims) == count:
            _claims.extend(claim for claim in claims if claim)
            return port
        for claim in claims:
            if claim:
                claim.close()
    raise OSError("no free port")


def _claim(port: int) -> socket.socket | None:
    """A name that stands for the port, or None where that is claimed or in use."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0martlet-test-port-{port}")
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            with socket.socket(family) as probe:
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
    except OSError:
        claim.close()
        return None
    return claim
