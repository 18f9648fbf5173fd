"""Chromium's DevTools protocol, for what WebDriver has no words for: its service workers."""

from __future__ import annotations

import json
from typing import Any

import httpx
from selenium import webdriver
from websockets.sync.client import ClientConnection, connect

from support import eventually


class DevTools:
    """One target of a browser. Events that come meanwhile are kept."""

    def __init__(self, driver: webdriver.Chrome, kind: str, url: str) -> None:
        address = driver.capabilities["goog:chromeOptions"]["debuggerAddress"]

        def target() -> dict[str, str] | None:
            listed = httpx.get(f"http://{address}/json/list", trust_env=False).json()
            return next((entry for entry in listed if entry["type"] == kind and entry["url"].startswith(url)), None)

        self._socket: ClientConnection = connect(
            eventually(target, 15, f"a {kind} at {url}")["webSocketDebuggerUrl"], proxy=None, max_size=None)
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> DevTools:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _next(self, timeout: float) -> dict[str, Any]:
        message = json.loads(self._socket.recv(timeout=timeout))
        if "id" not in message:
            self.events.append(message)
        return message

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while (message := self._next(15)).get("id") != self._last:
            pass
        assert "error" not in message, message
        return message["result"]

    def event(self, method: str) -> dict[str, Any]:
        """The parameters of the next one of a kind, perhaps heard before."""
        while True:
            for place, event in enumerate(self.events):
                if event["method"] == method:
                    return self.events.pop(place)["params"]
            self._next(15)

    def evaluate(self, expression: str) -> Any:
        """Waits for a promise."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")
