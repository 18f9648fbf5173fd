"""Runs the cases of the Autobahn test suite against a WebSocket server that echoes, and writes a table of the results.

    run.py PORT REPORT [CASE...]

The suite's cases decide what is sent and how the answer is judged; the connection is autobahn's client.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol, connectWS
from autobahn.websocket import protocol
from autobahn.websocket.protocol import WebSocketProtocol
from twisted.internet import reactor

import cases

SUITE = cases.load()
# What the suite itself does not count as a failure: an informational case has no right answer.
PASSED = ("OK", "INFORMATIONAL")
# They offer nothing but a window of 512 bytes for what the server sends, which it declines (Sources/Sockets/DeflateAgreement).
DECLINED = ("13.3.", "13.5.")
PATIENCE = 30
"""Seconds before a case gives up."""


class FastMasker:
    """Masks a long payload at once: autobahn's goes over it byte by byte."""

    def __init__(self, mask: bytes) -> None:
        self.mask, self.at = mask, 0

    def pointer(self) -> int:
        return self.at

    def reset(self) -> None:
        self.at = 0

    def process(self, data: bytes) -> bytes:
        turned = self.mask[self.at % 4 :] + self.mask[: self.at % 4]
        key = (turned * (len(data) // 4 + 1))[: len(data)]
        self.at += len(data)
        return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")


protocol.create_xor_masker = lambda mask, length=None: FastMasker(mask)


def octets(payload: Any) -> Any:
    """What a string of a case stands for."""
    return payload.encode("latin-1") if isinstance(payload, str) else payload


class CaseProtocol(WebSocketClientProtocol):
    """One connection, which a case drives: it calls what it finds here, as in the suite's own client."""

    def __init__(self, case: type, factory: WebSocketClientFactory) -> None:
        super().__init__()
        self.factory = factory
        self.connectionWasOpen = False
        self.createWirelog = False
        self.txFrameStats: Counter[int] = Counter()
        self.runCase = case(self)
        # Of the same content, wherever the parts come from.
        self.runCase.compare = lambda one, other: one == other

    # What the client does

    def onOpen(self) -> None:
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not isBinary:
            payload.decode()  # an echo of valid text is valid
        is_bytes = cases.is_of_compression(type(self.runCase))
        self.runCase.onMessage(payload if is_bytes else payload.decode("latin-1"), isBinary)

    def onPing(self, payload: bytes) -> None:
        self.runCase.onPing(payload.decode("latin-1"))
        super().onPing(payload)

    def onPong(self, payload: bytes) -> None:
        self.runCase.onPong(payload.decode("latin-1"))

    def onClose(self, wasClean: bool, code: int, reason: str) -> None:
        self.runCase.onClose(wasClean, code, reason)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.runCase.onConnectionLost(self.failedByMe)
        self.factory.ended(self)

    def logRxFrame(self, frameHeader: Any, payload: Any) -> None:
        pass

    def logTxFrame(self, frameHeader: Any, *_: Any) -> None:
        self.txFrameStats[frameHeader.opcode] += 1

    # What a case asks for

    def sendFrame(self, opcode: int, payload: Any = b"", **options: Any) -> None:
        super().sendFrame(opcode, octets(payload), **options)

    def sendMessage(self, payload: Any, isBinary: bool = False, **options: Any) -> None:
        super().sendMessage(octets(payload), isBinary, **options)

    def sendMessageFrameData(self, payload: Any, sync: bool = False) -> Any:
        return super().sendMessageFrameData(octets(payload), sync)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: Any = None, isReply: bool = False) -> None:
        super().sendCloseFrame(code, octets(reasonUtf8), isReply)

    def enableWirelog(self, enable: bool) -> None:
        pass

    def continueLater(self, delay: float, action: Any, tag: Any = None) -> None:
        self._later(delay, action)

    def killAfter(self, delay: float) -> None:
        """Gives up; no case that is passed ends so, and a second is little on a busy machine."""
        self._later(max(delay, PATIENCE), self._fail_connection)

    def closeAfter(self, delay: float) -> None:
        self._later(delay, self.sendClose)

    def _later(self, delay: float, action: Any) -> None:
        reactor.callLater(delay, lambda: None if self.state == WebSocketProtocol.STATE_CLOSED else action())


class Runner(WebSocketClientFactory):
    """One case after the other, each on a connection of its own."""

    def __init__(self, url: str, chosen: list[type]) -> None:
        super().__init__(url)
        # The closing is part of what is judged. Text is checked above, faster.
        self.setProtocolOptions(
            failByDrop=False, utf8validateIncoming=False, openHandshakeTimeout=PATIENCE, closeHandshakeTimeout=PATIENCE,
            serverConnectionDropTimeout=PATIENCE)
        self.logFrames = True
        self.waiting = chosen
        self.results: list[tuple[str, Any]] = []
        self.connector = connectWS(self)

    def buildProtocol(self, _: Any) -> CaseProtocol:
        return CaseProtocol(self.waiting[0], self)

    def ended(self, connection: CaseProtocol) -> None:
        self.results.append((name(self.waiting.pop(0)), connection.runCase))

    def clientConnectionLost(self, connector: Any, _: Any) -> None:
        connector.connect() if self.waiting else reactor.stop()

    def clientConnectionFailed(self, _: Any, reason: Any) -> None:
        print(f"no connection: {reason.getErrorMessage()}")
        reactor.stop()


def name(case: type) -> str:
    return case.__name__.removeprefix("Case").replace("_", ".")


def is_passed(number: str, behavior: str) -> bool:
    return behavior == "UNIMPLEMENTED" if number.startswith(DECLINED) else behavior in PASSED


def report(results: list[tuple[str, Any]]) -> str:
    counts = Counter(f"{case.behavior} / {case.behaviorClose}" for _, case in results)
    lines = ["# Autobahn test suite", "", "Written by `MARTLET_TEST_RECORD=1 scripts/autobahn`: what the cases say of the "
             "echo server (Tests/EchoServer).", ""]
    lines += ["| behaviour / close behaviour | cases |", "|---|---|"]
    lines += [f"| {kind} | {count} |" for kind, count in counts.most_common()]
    lines += ["", "| case | behaviour | close behaviour |", "|---|---|---|"]
    lines += [f"| {number} | {case.behavior} | {case.behaviorClose} |" for number, case in results]
    return "\n".join(lines) + "\n"


def main(port: str, path: str, *wanted: str) -> int:
    chosen = [case for case in SUITE.Cases if not wanted or any(f"{name(case)}.".startswith(f"{w}.") for w in wanted)]
    count = len(chosen)
    runner = Runner(f"ws://127.0.0.1:{port}/", chosen)
    reactor.run()
    Path(path).write_text(report(runner.results))
    bad = [(n, c) for n, c in runner.results if not is_passed(n, c.behavior) or c.behaviorClose not in PASSED]
    for number, case in bad:
        print(f"{number}: {case.behavior} ({case.result}), closing {case.behaviorClose} ({case.resultClose})")
    print(f"{len(runner.results)} of {count} cases, {len(bad)} not passed")
    return 1 if bad or not count or len(runner.results) < count else 0


sys.exit(main(*sys.argv[1:]))
