"""Forms on other sites in Chromium: `coursekit.browser` agrees with it, the finished application withstands them."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cors_server import ASGIApp, Receive, Scope, Send, serving
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jupyterlab_page import browser_page
from playwright.sync_api import Page
from starlette.responses import HTMLResponse

from coursekit import loader
from coursekit.browser import LAX_ALLOWS_POST, MULTIPART, PLAIN, Browser, HTMLForm
from coursekit.check_client import client_for

ROOT = Path(__file__).resolve().parents[2]
OURS, SIBLING, EVIL = "https://course.test", "https://blog.course.test", "https://evil.test"
EMPTY_PAGE = "/page"
CHROMIUM_OPTIONS = (
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--no-proxy-server",
    "--enable-features=ShortLaxAllowUnsafeThreshold",  # 10 seconds in the place of LAX_ALLOWS_POST
)
SECONDS_OF_LAX = 10
SUBMIT = """
([action, method, enctype, fields]) => {
    const form = Object.assign(document.createElement('form'), {action, method, enctype});
    for (const [name, value] of fields) {
        form.append(Object.assign(document.createElement('textarea'), {name, value}));
    }
    document.body.append(form);
    form.submit();
}
"""
CLICK = "url => Object.assign(document.createElement('a'), {href: url}).click()"


@pytest.fixture(scope="module")
def chromium_page(chromium: str) -> Iterator[Page]:
    with browser_page(chromium, *CHROMIUM_OPTIONS) as page:
        yield page


@pytest.fixture(scope="module")
def https(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The options of uvicorn for https, with a certificate that nobody has signed.

    No connection is kept: one that is open when the server stops would be a warning.
    """
    folder, key = tmp_path_factory.mktemp("certificate"), ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "course.test")]), datetime.now(UTC)
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = unsigned.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    files = {
        "ssl_certfile": dated.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM),
        "ssl_keyfile": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for option, content in files.items():
        (folder / option).write_bytes(content)
    return {**{option: str(folder / option) for option in files}, "headers": [("Connection", "close")]}


class Chromium:
    """The actions of `coursekit.browser.Browser` in Chromium, at the origins of `port`."""

    def __init__(self, page: Page, port: int) -> None:
        self.page = page
        self.port = port
        page.context.clear_cookies()

    def visit(self, url: str) -> None:
        self.page.goto(self._with_port(url))

    def click(self, page: str, url: str) -> None:
        self.visit(page + EMPTY_PAGE)
        with self.page.expect_navigation():
            self.page.evaluate(CLICK, self._with_port(url))

    def submit(self, page: str, form: HTMLForm) -> None:
        self.visit(page + EMPTY_PAGE)
        fields = [list(pair) for pair in form.fields.items()]
        with self.page.expect_navigation():
            self.page.evaluate(SUBMIT, [self._with_port(form.action), form.method, form.enctype, fields])

    def readable_cookies(self, page: str) -> dict[str, str]:
        self.visit(page + EMPTY_PAGE)
        text = self.page.evaluate("document.cookie")
        return dict(pair.split("=", 1) for pair in text.split("; ")) if text else {}

    def fetch(self, page: str, url: str, options: dict[str, Any]) -> int | str:
        """The status, or the name of the error."""
        self.visit(page + EMPTY_PAGE)
        script = "([url, options]) => fetch(url, options).then(r => r.status, error => error.name)"
        outcome: int | str = self.page.evaluate(script, [self._with_port(url), options])
        return outcome

    def _with_port(self, url: str) -> str:
        return re.sub(r"^(https://[a-z.]+)", rf"\1:{self.port}", url)


class WithPages:
    """An app with an empty page beside it, on every host."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        beside = scope["type"] == "http" and scope["path"] in (EMPTY_PAGE, "/favicon.ico")
        await (HTMLResponse("") if beside else self.app)(scope, receive, send)


# --- the small browser and Chromium ----------------------------------------------------------------------------------

COOKIES = {
    "/set": (
        "strict=1; Secure; SameSite=Strict; Path=/",
        "lax=1; Secure; SameSite=Lax; Path=/",
        "none=1; Secure; SameSite=None; Path=/",
        "absent=1; Secure; Path=/",
        "odd=1; Secure; SameSite=odd; Path=/",
        "hidden=1; Secure; HttpOnly; SameSite=Lax; Path=/",
        "insecure=1; SameSite=Lax; Path=/",
        "insecure-none=1; SameSite=None; Path=/",
        "deep=1; Secure; SameSite=Lax; Path=/deep",
        "without-path=1; Secure; SameSite=Lax",
        "domain=1; Secure; SameSite=Lax; Domain=course.test; Path=/",
        "dotted=1; Secure; SameSite=Lax; Domain=.course.test; Path=/",
        "alien=1; Secure; SameSite=Lax; Domain=evil.test; Path=/",
        "suffix=1; Secure; SameSite=Lax; Domain=test; Path=/",
        "__Host-ok=1; Secure; SameSite=Lax; Path=/",
        "__Host-insecure=1; SameSite=Lax; Path=/",
        "__Host-path=1; Secure; SameSite=Lax; Path=/deep",
        "__Host-no-path=1; Secure; SameSite=Lax",
        "__Host-domain=1; Secure; SameSite=Lax; Domain=course.test; Path=/",
        "__Secure-ok=1; Secure; SameSite=Lax; Path=/deep",
        "__Secure-insecure=1; SameSite=Lax; Path=/",
        "expired=1; Secure; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "no-time=1; Secure; SameSite=Lax; Path=/; Max-Age=0",
        "both=1; Secure; SameSite=Lax; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "LOUD=1; SECURE; SAMESITE=LAX; PATH=/",
    ),
    "/toss": (
        "lax=tossed; Secure; SameSite=Lax; Domain=course.test; Path=/",
        "domain=tossed; Secure; SameSite=Lax; Domain=course.test; Path=/",
        "__Host-ok=tossed; Secure; SameSite=Lax; Domain=course.test; Path=/",
        "tossed=1; Secure; SameSite=Lax; Domain=course.test; Path=/look",
    ),
    "/clear": (
        "lax=; Secure; Path=/; Max-Age=0",
        "deep=; Secure; Path=/; Max-Age=0",
        "__Host-ok=; Path=/; Max-Age=0",
        "hidden=; Secure; Path=/; Max-Age=-1",
        "strict=2; Secure; SameSite=Lax; Path=/",
    ),
}
FIELDS = {"a b": 'é&=\n+*~-._"', '{"note": "': '", "to": "mallory"}', "two\r\nlines": "x\ry"}


async def story(browser: Any) -> None:
    """What somebody does in a browser, which may answer at once or later."""

    async def do(action: str, *arguments: Any) -> None:
        outcome = getattr(browser, action)(*arguments)
        if asyncio.iscoroutine(outcome):
            await outcome

    await do("visit", f"{OURS}/set")
    await do("visit", f"{OURS}/look")
    await do("visit", f"{OURS}/deep/look")
    await do("visit", f"{OURS}/deeper")
    for page in (OURS, SIBLING, EVIL):
        await do("click", page, f"{OURS}/look")
        for method in ("POST", "GET"):
            await do("submit", page, HTMLForm(f"{OURS}/look", FIELDS, method))
        for enctype in (PLAIN, MULTIPART, "application/json"):
            await do("submit", page, HTMLForm(f"{OURS}/look", FIELDS, enctype=enctype))
        await do("submit", page, HTMLForm(f"{OURS}/look?x=1", {}))
        await do("submit", page, HTMLForm(f"{OURS}/look?x=1", {"y": "2"}, "GET"))
    await do("visit", f"{SIBLING}/look")
    await do("visit", f"{SIBLING}/toss")
    await do("visit", f"{OURS}/look")
    await do("submit", EVIL, HTMLForm(f"{OURS}/clear", {}))
    await do("visit", f"{OURS}/look")
    await do("visit", f"{OURS}/deep/look")
    for enctype in ("TEXT/Plain", "Multipart/FORM-data"):
        await do("submit", OURS, HTMLForm(f"{OURS}/look", FIELDS, enctype=enctype))


class Witness:
    """Sets `COOKIES`, and notes what reaches it."""

    def __init__(self) -> None:
        self.noted: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers, body, more = {name.decode(): value.decode() for name, value in scope["headers"]}, b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        names = ("cookie", "origin", "sec-fetch-site", "content-type")
        said = {name: re.sub(r"(\.test):\d+", r"\1", headers[name]) for name in names if name in headers}
        url = f"{scope['path']}?{scope['query_string'].decode()}"
        text, boundary = body.decode(), said.get("content-type", "").partition("boundary=")[2]
        if boundary:
            said["content-type"], text = MULTIPART, text.replace(boundary, "boundary")
        self.noted.append({"request": f"{scope['method']} {url}", **said, "body": text})
        response = HTMLResponse("")
        for cookie in COOKIES.get(scope["path"], ()):
            response.headers.append("Set-Cookie", cookie)
        await response(scope, receive, send)


def in_another_thread(coroutine: Any) -> None:
    """Run a coroutine although Playwright has a loop running in this thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result()


def test_the_small_browser_agrees_with_chromium(chromium_page: Page, https: dict[str, Any]) -> None:
    clock, small, real = [datetime.now(UTC)], Witness(), Witness()

    async def in_the_small_one() -> None:
        browser = Browser({origin: client_for(small) for origin in (OURS, SIBLING, EVIL)}, lambda: clock[0])
        await story(browser)
        readable.append(browser.readable_cookies(OURS))
        clock[0] += LAX_ALLOWS_POST
        await browser.submit(EVIL, HTMLForm(f"{OURS}/look", {}))

    readable: list[dict[str, str]] = []
    in_another_thread(in_the_small_one())
    with serving(WithPages(real), **https) as origin:
        browser = Chromium(chromium_page, urlsplit(origin).port or 0)
        _run_at_once(story(browser))
        readable.append(browser.readable_cookies(OURS))
        time.sleep(SECONDS_OF_LAX + 1)
        browser.submit(EVIL, HTMLForm(f"{OURS}/look", {}))
    for ours, theirs in zip(small.noted, real.noted, strict=True):
        assert ours == theirs
    assert readable[0] == readable[1]
    assert "absent" not in small.noted[-1]["cookie"]


def _run_at_once(coroutine: Any) -> None:
    """Run a coroutine that never waits."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


# --- the finished application ----------------------------------------------------------------------------------------

ADMIN = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
LOGIN, LOGOUT, ME = f"{OURS}/api/v1/auth/login", f"{OURS}/api/v1/auth/logout", f"{OURS}/api/v1/users/me"
EVERYWHERE = ("core/cookies.py", 'samesite="lax"', 'samesite="none"')
UNCHECKED = ("api/deps.py", "if identity.by_cookie and request.method not in SAFE_METHODS:", "if False:")


@contextmanager
def application(folder: Path, *holes: tuple[str, str, str], environment: str = "test") -> Iterator[Any]:
    """The finished application, with these texts replaced in these files."""
    shutil.copytree(ROOT / "course_app", folder / "course_app", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text, hole in holes:
        file = folder / "course_app" / name
        source = file.read_text(encoding="utf-8")
        assert source.count(text) == 1, f"{name} does not say {text!r} once"
        file.write_text(source.replace(text, hole), encoding="utf-8")
    with loader.imported(folder) as main:
        settings = main.Settings(
            ENVIRONMENT=environment,
            SECRET_KEY="the secret of the tests of the application: 64 characters of text",
            DATABASE_URL=f"sqlite+aiosqlite:///{(folder / 'app.sqlite3').as_posix()}",
            REDIS_URL="redis://127.0.0.1:1/0" if environment == "production" else None,
            ALLOWED_HOSTS="course.test",
            FIRST_ADMIN_EMAIL=ADMIN["username"],
            FIRST_ADMIN_PASSWORD=ADMIN["password"],
            RATE_LIMIT_PER_MINUTE=0,
        )
        yield main.create_app(settings)


@contextmanager
def victim(page: Page, app: Any, https: dict[str, Any]) -> Iterator[Chromium]:
    """Somebody who has signed in with the form on our page."""
    with serving(WithPages(app), **https) as origin:
        browser = Chromium(page, urlsplit(origin).port or 0)
        browser.submit(OURS, HTMLForm(LOGIN, ADMIN))
        assert browser.fetch(OURS, ME, {}) == 200
        yield browser


@pytest.mark.parametrize(
    ("holes", "ended_by"),
    [
        ((UNCHECKED, EVERYWHERE), {EVIL, SIBLING}),
        ((UNCHECKED,), {SIBLING}),
        ((EVERYWHERE,), set()),
        ((), set()),
    ],
    ids=["neither", "only SameSite=Lax", "only the CSRF token", "both, as it is"],
)
def test_a_form_elsewhere_ends_the_session(
    chromium_page: Page,
    https: dict[str, Any],
    tmp_path: Path,
    holes: tuple[tuple[str, str, str], ...],
    ended_by: set[str],
) -> None:
    with application(tmp_path, *holes) as app:
        for page in (EVIL, SIBLING):
            with victim(chromium_page, app, https) as browser:
                browser.submit(page, HTMLForm(LOGOUT, {}))
                assert browser.fetch(OURS, ME, {}) == (401 if page in ended_by else 200), page


@pytest.mark.parametrize(("environment", "prefix"), [("test", ""), ("production", "__Host-")])
def test_our_own_pages_may_write(
    chromium_page: Page, https: dict[str, Any], tmp_path: Path, environment: str, prefix: str
) -> None:
    with application(tmp_path, environment=environment) as app, victim(chromium_page, app, https) as browser:
        readable = browser.readable_cookies(OURS)
        assert set(readable) == {f"{prefix}csrf_token"}
        kept = {cookie["name"]: cookie for cookie in chromium_page.context.cookies()}
        assert set(kept) == {f"{prefix}access_token", f"{prefix}csrf_token"}
        assert all(cookie["secure"] and cookie["sameSite"] == "Lax" for cookie in kept.values())
        change = {"method": "PATCH", "headers": {"Content-Type": "application/json"}, "body": '{"full_name": "Ada"}'}
        assert browser.fetch(OURS, ME, change) == 403
        token = {"X-CSRF-Token": readable[f"{prefix}csrf_token"]}
        change["headers"] = {**change["headers"], **token}
        assert browser.fetch(OURS, ME, change) == 200
        for page in (EVIL, SIBLING):
            assert browser.fetch(page, ME, {**change, "credentials": "include"}) == "TypeError"
        assert browser.fetch(OURS, LOGOUT, {"method": "POST", "headers": token}) == 200
        assert browser.readable_cookies(OURS) == {}
        assert chromium_page.context.cookies() == []
