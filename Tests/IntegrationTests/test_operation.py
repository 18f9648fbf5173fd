"""What an operator sees: health, metrics, the API's description, help and settings."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from martlet_process import READY_LINE, Server, clean_environment, free_port, martlet_binary, run_martlet
from support import CODES, User, eventually, expect, http_client

PATHS = {
    ("post", "/v1/auth/signup"), ("post", "/v1/auth/login"), ("post", "/v1/auth/refresh"), ("post", "/v1/auth/logout"),
    ("get", "/v1/me"), ("get", "/v1/users/{}"), ("get", "/v1/users/@{}"), ("put", "/v1/users/{}/follow"),
    ("delete", "/v1/users/{}/follow"), ("get", "/v1/users/{}/followers"), ("get", "/v1/users/{}/following"),
    ("post", "/v1/posts"), ("get", "/v1/posts/{}"), ("delete", "/v1/posts/{}"), ("get", "/v1/users/{}/posts"),
    ("get", "/v1/feed"), ("post", "/posts"), ("post", "/follow"), ("get", "/feeds/{}"), ("post", "/v1/live/ticket"),
    ("get", "/v1/live/sse"), ("get", "/v1/live/ws"), ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"),
}
SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?'
    r' ([-+]?(?:[0-9.eE+-]+|Inf|NaN))( \d+)?')


def test_health(api: httpx.Client) -> None:
    expect(api.get("/healthz"), 200)
    expect(api.get("/readyz"), 200)


@pytest.mark.both_logs
def test_metrics_parse(api: httpx.Client, alice: User) -> None:
    """The Prometheus text format, line by line; every series belongs to a typed family; histograms add up."""
    alice.post("something to count")
    answer = expect(api.get("/metrics"), 200)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.endswith("\n")
    types: dict[str, str] = {}
    buckets: dict[str, list[float]] = {}
    counts: dict[str, float] = {}
    series: set[str] = set()
    for line in filter(None, answer.text.split("\n")):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and kind in ("counter", "gauge", "histogram", "summary", "untyped"), line
            types[name] = kind
        elif not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, f"not a sample: {line!r}"
            name, labels, value = match[1], match[2] or "", float(match[3])
            family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
            assert family in types, f"no TYPE before {line!r}"
            assert (key := name + labels) not in series, f"twice: {key}"
            series.add(key)
            if types[family] == "histogram":
                bare = re.sub(r',?le="[^"]*"', "", labels).replace("{}", "").replace("{,", "{")
                if name.endswith("_bucket"):
                    buckets.setdefault(family + bare, []).append(value)
                elif name.endswith("_count"):
                    counts[family + bare] = value
    assert any(name.startswith("martlet_") for name in types)
    for key, values in buckets.items():
        assert values == sorted(values), key
        assert values[-1] == counts[key], key


@pytest.mark.both_logs
def test_metrics_count(api: httpx.Client, alice: User) -> None:
    """A post raises some counter by what was posted: the figures are not decoration."""
    def counters() -> dict[str, float]:
        text = expect(api.get("/metrics"), 200).text
        return {m[1] + (m[2] or ""): float(m[3]) for line in text.split("\n") if (m := SAMPLE.fullmatch(line))}

    before = counters()
    alice.posts(7)
    eventually(lambda: any("post" in key and value - before.get(key, 0) >= 7 for key, value in counters().items()),
               10, "a series about posts that grew by 7")


def test_the_description_is_the_contract(api: httpx.Client) -> None:
    """OpenAPI 3.1 with every path and method, every error code, and no reference into nothing."""
    answer = expect(api.get("/openapi.json"), 200)
    assert answer.headers["content-type"].startswith("application/json")
    document = answer.json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    described = {(method, re.sub(r"\{[^}]*\}", "{}", path)) for path, item in document["paths"].items() for method in item}
    assert PATHS <= described, PATHS - described
    text = json.dumps(document)
    assert not {code for code in CODES if f'"{code}"' not in text and f"`{code}`" not in text}
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', text):
        node = document
        for step in reference.split("/"):
            node = node[step.replace("~1", "/").replace("~0", "~")]
    methods = ("get", "put", "post", "delete")
    operations = [item[method] for item in document["paths"].values() for method in methods if method in item]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation["responses"] for operation in operations)


def test_the_document_for_people(api: httpx.Client) -> None:
    """The same as the other one, in HTML without a script, and nothing in it is fetched from anywhere."""
    answer = expect(api.get("/docs"), 200)
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert not re.findall(r"<script|<link|<img|<iframe|url\(|@import|\son\w+=", answer.text)
    assert {address for address in re.findall(r'(?:href|src)="([^"]*)"', answer.text) if address[0] != "#"} == {"/openapi.json"}
    anchors = set(re.findall(r'id="([^"]*)"', answer.text))
    assert {address[1:] for address in re.findall(r'href="(#[^"]*)"', answer.text)} <= anchors
    for path, item in expect(api.get("/openapi.json"), 200).json()["paths"].items():
        for method in set(item) - {"parameters"}:
            assert re.search(rf"{method.upper()}</span>{re.escape(path)}</code>", answer.text), (method, path)


def test_the_page_is_locked_down(api: httpx.Client) -> None:
    """HTML with a policy that lets no foreign and no inline script run."""
    answer = expect(api.get("/"), 200)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = {d.split()[0]: d.split()[1:] for d in answer.headers["content-security-policy"].split(";") if d.strip()}
    scripts = policy.get("script-src", policy.get("default-src"))
    assert scripts is not None
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "http:", "https:"} & set(scripts)
    assert "martlet" in answer.text.lower()


def test_the_pages_parts_are_served(api: httpx.Client) -> None:
    """Whatever the page refers to is there, with its type."""
    page = expect(api.get("/"), 200).text
    parts = re.findall(r'(?:src|href)="(/?[\w./-]+\.(?:js|css|svg))"', page)
    assert any(part.endswith(".js") for part in parts) and any(part.endswith(".css") for part in parts)
    for part in parts:
        answer = expect(api.get("/" + part.removeprefix("./").lstrip("/")), 200)
        expected = {"js": "javascript", "css": "text/css", "svg": "image/svg+xml"}[part.rsplit(".", 1)[1]]
        assert expected in answer.headers["content-type"]


def test_help_names_the_roles() -> None:
    shown = run_martlet("--help")
    assert shown.returncode == 0
    for role in ("serve", "api", "fanout", "realtime", "notifier", "worker", "tail", "seed"):
        assert re.search(rf"\b{role}\b", shown.stdout), role


def test_help_lists_the_settings() -> None:
    """Each with its default, if it has one; a number says what it counts."""
    shown = run_martlet("serve", "--help")
    assert shown.returncode == 0
    blocks = re.split(r"(?m)^(?=.*\bMARTLET_[A-Z])", shown.stdout)
    settings = {match[0]: block for block in blocks if (match := re.search(r"MARTLET_[A-Z_]+", block))}
    assert {"MARTLET_PORT", "MARTLET_DATA", "MARTLET_KAFKA", "MARTLET_KAFKA_PREFIX", "MARTLET_LIMITS", "MARTLET_POSTGRES",
            "MARTLET_REDIS"} <= set(settings)
    assert "8080" in settings["MARTLET_PORT"]
    with_default = [name for name, block in settings.items() if "default" in block.lower()]
    assert "MARTLET_PORT" in with_default and len(with_default) >= 3, with_default
    units = r"\b(bytes|KiB|MiB|s|ms|seconds?|milliseconds?|minutes?|hours?|days?|followers?|partitions?|threads?)\b"
    assert re.search(units, shown.stdout)


@pytest.mark.parametrize(("name", "value"), [
    ("MARTLET_PORT", "abc"), ("MARTLET_PORT", "70000"), ("MARTLET_PORT", "-1"), ("MARTLET_LIMITS", "perhaps"),
])
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    """Refused at the start, by name, and with the value."""
    settings = {"MARTLET_PORT": str(free_port()), "MARTLET_DATA": str(tmp_path / "data")} | {name: value}
    ended = run_martlet("serve", timeout=15, **settings)
    assert ended.returncode > 0
    assert name in ended.stderr + ended.stdout and value in ended.stderr + ended.stdout
    assert not (tmp_path / "data").exists(), "something was written before the settings were read"


def test_a_taken_port_is_named(server: Server) -> None:
    """The second server ends and names the port; the first does not notice."""
    second = Server()
    try:
        ended = run_martlet("serve", timeout=60, **second.settings | {"MARTLET_PORT": str(server.port)})
    finally:
        second.remove()
    assert ended.returncode > 0
    assert str(server.port) in ended.stderr + ended.stdout
    assert READY_LINE.format(port=server.port) not in ended.stdout
    with http_client(server.url) as http:
        expect(http.get("/readyz"), 200)


@pytest.mark.parametrize("role", ["api", "fanout", "realtime", "notifier", "worker"])
def test_a_role_by_itself_needs_kafka(role: str) -> None:
    """It says so and ends, rather than wait for what is not set."""
    ended = run_martlet(role, timeout=15, MARTLET_PORT=str(free_port()))
    assert ended.returncode > 0
    assert "MARTLET_KAFKA" in ended.stderr + ended.stdout


@pytest.mark.parametrize("arguments", [("frobnicate",), ("serve", "--frobnicate"), ("tail", "--frobnicate", "1")])
def test_unknown_arguments_are_named(arguments: tuple[str, ...]) -> None:
    ended = run_martlet(*arguments, timeout=15)
    assert ended.returncode > 0
    assert "frobnicate" in ended.stderr + ended.stdout


@pytest.mark.parametrize("by", ["environment", "flags"])
def test_tail_prints_events(server: Server, alice: User, bob: User, tmp_path: Path, by: str) -> None:
    """`martlet tail --json`: each live event as a line of JSON, at once and in order."""
    output = tmp_path / "tail.out"
    named = {"MARTLET_URL": server.url, "MARTLET_TOKEN": bob.token}
    arguments = [] if by == "environment" else ["--url", server.url, "--token", bob.token]
    environment = clean_environment(**(named if by == "environment" else {}))
    with output.open("wb") as sink:
        process = subprocess.Popen([martlet_binary(), "tail", "--json", *arguments], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=sink, stderr=subprocess.PIPE)
    try:
        def events() -> list[dict]:
            lines = output.read_text().splitlines(keepends=True)
            return [json.loads(line) for line in lines if line.endswith("\n")]

        def posted() -> list[str]:
            return [event["post"]["id"] for event in events() if event.get("type") == "post.created"]

        # It says nothing about when it is live: the first posts may come before that, the rest must all be there.
        eventually(lambda: process.poll() is None and alice.post("are you there?") and posted(), 15, "the first event")
        ids = [alice.post(f"tail {number}")["id"] for number in range(10)]
        eventually(lambda: ids[-1] in posted(), 10, "the last event")
        seen = posted()
        assert seen[-10:] == ids and len(seen) == len(set(seen))
        process.terminate()
        assert process.wait(10) in (0, -15, 143)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        if process.stderr:
            process.stderr.close()


@pytest.mark.both_logs
def test_logs_are_json_with_the_request_id(server: Server, alice: User, bob: User) -> None:
    """The id of a request is in the logs as a field."""
    request_id = f"trace-{os.getpid()}-{time.monotonic_ns()}"
    expect(alice.http.post("/v1/posts", json={"text": "traced"}, headers={"X-Request-Id": request_id}), 201)

    def logged() -> list[dict]:
        lines = server.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if request_id in line and line.startswith("{")]

    assert eventually(logged, 5, "a log line with the request id")


def test_the_operators_tools(server: Server, alice: User) -> None:
    """`migrate` finds nothing to do on a running server; `token` prints a token that works."""
    settings = {"MARTLET_DATA": str(server.data)}
    migrated = run_martlet("migrate", timeout=30, **settings)
    assert (migrated.returncode, migrated.stdout.strip()) == (0, "the schema is up to date"), migrated.stderr
    printed = run_martlet("token", "--handle", alice.handle, timeout=30, **settings)
    assert printed.returncode == 0, printed.stderr
    with http_client(server.url, printed.stdout.strip()) as http:
        assert expect(http.get("/v1/me"), 200).json()["id"] == alice.id
    unknown = run_martlet("token", "--handle", "nobody_at_all", timeout=30, **settings)
    assert unknown.returncode == 1 and "nobody_at_all" in unknown.stderr
