"""A server with providers that run here, and what a test does with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest

from martlet_process import Server
from oidc_provider import CLIENT, SECRET, Provider
from support import assert_problem, expect, http_client

BACK = "https://app.example/back"
OTHER_BACK = "com.example.app:/back"


def write_providers(folder: Path, **providers: Any) -> Path:
    """The operator's file: a provider's issuer, with what else is said of it."""
    path = folder / "providers.json"
    (folder / "client-secret").write_text(SECRET + "\n")
    path.write_text(json.dumps({"providers": [
        {"name": name, "client_id": CLIENT, "redirects": [BACK, OTHER_BACK]} | entry for name, entry in providers.items()]}))
    for file in (path, folder / "client-secret"):
        file.chmod(0o600)
    return path


class Site:
    """A server with three providers: one for each way of signing and of saying who the client is."""

    def __init__(self) -> None:
        self.one, self.two, self.public = Provider("RS256"), Provider("ES256"), Provider("EdDSA", secret=None)
        self.two.auth_methods = ["client_secret_post"]
        self.server = Server()
        self.server.settings |= {
            "MARTLET_OIDC_LOOPBACK": "on",
            "MARTLET_OIDC_PROVIDERS": str(write_providers(
                self.server.home, one={"issuer": self.one.issuer, "client_secret_file": "client-secret", "title": "One"},
                two={"issuer": self.two.issuer, "client_secret": SECRET}, public={"issuer": self.public.issuer})),
        }
        self.server.start()
        self.http = http_client(self.server.url)

    def provider(self, name: str) -> Provider:
        return getattr(self, name)

    def start(self, name: str = "one", redirect: str = BACK) -> dict[str, str]:
        return expect(self.http.post(f"/v1/auth/oidc/{name}/start", json={"redirect": redirect}), 200).json()

    def finish(self, code: str, state: str, name: str = "one", **headers: str) -> httpx.Response:
        return self.http.post(f"/v1/auth/oidc/{name}/finish", json={"code": code, "state": state}, headers=headers)

    def at_provider(self, subject: str, name: str = "one", redirect: str = BACK) -> tuple[str, str]:
        """Up to the way back: the code and the state."""
        begun = self.start(name, redirect)
        code, state = self.provider(name).authorize(begun["url"], subject)
        assert state == begun["state"]
        return code, state

    def log_in(self, subject: str, name: str = "one", redirect: str = BACK) -> httpx.Response:
        return self.finish(*self.at_provider(subject, name, redirect), name)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    try:
        yield made
        log = made.server.log.read_text()
        assert SECRET not in log and "ada@example.com" not in log and "the provider's own words" not in log
    finally:
        made.server.remove()
        for provider in (made.one, made.two, made.public):
            provider.stop()


@pytest.fixture(autouse=True)
def right(site: Site) -> None:
    for provider in (site.one, site.two, site.public):
        provider.right()


@pytest.fixture
def fresh() -> Iterator[Site]:
    """Providers that nothing is known of yet."""
    made = Site()
    try:
        yield made
    finally:
        made.server.remove()
        for provider in (made.one, made.two, made.public):
            provider.stop()


def unavailable(answer: httpx.Response) -> None:
    problem = assert_problem(answer, 503, ("provider_unavailable", "overloaded"))
    assert int(answer.headers["Retry-After"]) in range(1, 11)
    assert "own words" not in str(problem) and "127.0.0.1" not in str(problem)
