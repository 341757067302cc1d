"""`coursekit.browser` by its rules; `tests/browser/test_cross_site.py` holds it to Chromium, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from coursekit.browser import MULTIPART, PLAIN, URLENCODED, Browser, HTMLForm
from coursekit.check_client import client_for
from coursekit.clock import FrozenClock
from coursekit.errors import CourseError

OURS, SIBLING, EVIL = "https://course.test", "https://blog.course.test", "https://evil.test"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def setting(*cookies: str) -> Any:
    """An app that sets these cookies at every request, and answers with what it got."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = (await request.body()).decode()
        response = JSONResponse({"headers": dict(request.headers), "url": str(request.url), "body": body})
        for cookie in cookies:
            response.headers.append("Set-Cookie", cookie)
        await response(scope, receive, send)

    return app


async def browser_with(*cookies: str, clock: Any = None, path: str = "/") -> Browser:
    """A browser that has been at `OURS`, which set these cookies."""
    app = setting(*cookies)
    browser = Browser({origin: client_for(app) for origin in (OURS, SIBLING, EVIL)}, clock or FrozenClock())
    await browser.visit(OURS + path)
    return browser


@pytest.mark.parametrize(
    ("same_site", "links", "forms"),
    [
        ("; SameSite=Strict", {OURS, SIBLING}, {OURS, SIBLING}),
        ("; SameSite=Lax", {OURS, SIBLING, EVIL}, {OURS, SIBLING}),
        ("; SameSite=None", {OURS, SIBLING, EVIL}, {OURS, SIBLING, EVIL}),
        ("", {OURS, SIBLING, EVIL}, {OURS, SIBLING, EVIL}),
        ("; SameSite=teapot", {OURS, SIBLING, EVIL}, {OURS, SIBLING, EVIL}),
    ],
)
async def test_same_site(same_site: str, links: set[str], forms: set[str]) -> None:
    clock = FrozenClock()
    browser = await browser_with(f"a=1; Secure; Path=/{same_site}", clock=clock)
    for later in (False, True):
        if later:
            clock.advance(minutes=2)
            forms = forms if "None" in same_site else forms - {EVIL}
        assert {page for page in (OURS, SIBLING, EVIL) if browser.attached(page, OURS)} == links
        assert {page for page in (OURS, SIBLING, EVIL) if browser.attached(page, OURS, "POST")} == forms
        assert browser.attached(None, OURS) == ["a"]


@pytest.mark.parametrize(
    "cookie",
    [
        "a=1; SameSite=None",
        "a=1; Domain=evil.test",
        "a=1; Domain=test",
        "a=1; Domain=blog.course.test",
        "a=1; Max-Age=0",
        "a=1; Max-Age=-5; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "__Host-a=1; Path=/",
        "__Host-a=1; Secure",
        "__Host-a=1; Secure; Path=/x",
        "__Host-a=1; Secure; Path=/; Domain=course.test",
        "__host-a=1; Path=/",
        "__Secure-a=1; Path=/",
    ],
)
async def test_refused(cookie: str) -> None:
    browser = await browser_with(cookie)
    assert browser.attached(None, OURS) == []


@pytest.mark.parametrize(
    ("cookie", "hosts"),
    [
        ("a=1", {OURS}),
        ("a=1; Domain=course.test", {OURS, SIBLING}),
        ("a=1; Domain=.COURSE.test", {OURS, SIBLING}),
        ("__Host-a=1; Secure; Path=/", {OURS}),
        ("a=1; Expires=no date; Max-Age=no number", {OURS}),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5", {OURS}),
    ],
)
async def test_hosts(cookie: str, hosts: set[str]) -> None:
    browser = await browser_with(cookie)
    assert {host for host in (OURS, SIBLING, EVIL) if browser.attached(None, host)} == hosts


async def test_paths() -> None:
    browser = await browser_with("a=1", "b=1; Path=/app", "c=1; Path=/", path="/app/login")
    found = {path: browser.attached(None, OURS + path) for path in ("/app", "/app/x", "/apple", "/", "")}
    assert found == {"/app": ["a", "b", "c"], "/app/x": ["a", "b", "c"], "/apple": ["c"], "/": ["c"], "": ["c"]}


async def test_time_passes() -> None:
    clock = FrozenClock()
    browser = await browser_with("a=1; Max-Age=60", "b=1", clock=clock)
    clock.advance(seconds=59)
    assert browser.attached(None, OURS) == ["a", "b"]
    clock.advance(seconds=1)
    assert browser.attached(None, OURS) == ["b"]


async def test_scripts_and_http() -> None:
    browser = await browser_with("a=1; HttpOnly", "b=2; Secure", "c=3")
    assert browser.readable_cookies(OURS) == {"b": "2", "c": "3"}
    assert browser.attached(None, "http://course.test/") == ["a", "c"]
    assert browser.attached(OURS, "http://course.test/", "POST") == [
        "a",
        "c",
    ]  # another scheme, another site; new


@pytest.mark.parametrize(
    ("enctype", "content_type", "body"),
    [
        (URLENCODED, URLENCODED, "a+b=%C3%A9%0D%0A*%7E&c=%3D"),
        ("application/json", URLENCODED, "a+b=%C3%A9%0D%0A*%7E&c=%3D"),
        (PLAIN, PLAIN, "a b=é\r\n*~\r\nc==\r\n"),
        ("TEXT/Plain", PLAIN, "a b=é\r\n*~\r\nc==\r\n"),
    ],
)
async def test_forms(enctype: str, content_type: str, body: str) -> None:
    browser = await browser_with()
    fields = {"a b": "é\n*~", "c": "="}
    for page, relation in ((OURS, "same-origin"), (SIBLING, "same-site"), (EVIL, "cross-site")):
        answer = (await browser.submit(page, HTMLForm(f"{OURS}/x", fields, enctype=enctype))).json()
        assert (answer["headers"]["content-type"], answer["body"]) == (content_type, body)
        assert (answer["headers"]["origin"], answer["headers"]["sec-fetch-site"]) == (page, relation)
    answer = (await browser.submit(EVIL, HTMLForm(f"{OURS}/x?y=1", {"c": "="}, "GET", enctype))).json()
    assert (answer["url"], answer["body"]) == (f"{OURS}/x?c=%3D", "")
    assert "origin" not in answer["headers"]


async def test_multipart() -> None:
    browser = await browser_with()
    for enctype in (MULTIPART, MULTIPART.upper()):
        answer = (await browser.submit(EVIL, HTMLForm(OURS, {'a"\n': "é"}, enctype=enctype))).json()
        assert answer["headers"]["content-type"].startswith(f"{MULTIPART}; boundary=")
        assert 'name="a%22%0D%0A"\r\n\r\né\r\n--' in answer["body"]


async def test_scripts_send_json_to_their_own_origin() -> None:
    browser = await browser_with("a=1; SameSite=Strict")
    answer = (await browser.fetch(OURS, "/x", "PATCH", headers={"X-Y": "z"}, json={"a": 1})).json()
    assert (answer["headers"]["content-type"], answer["body"]) == ("application/json", '{"a": 1}')
    assert (answer["headers"]["x-y"], answer["headers"]["cookie"]) == ("z", "a=1")
    with pytest.raises(CourseError, match="own origin"):
        await browser.fetch(EVIL, OURS)


async def test_what_a_client_brings_is_left_out_and_stays() -> None:
    client = client_for(setting("a=1"), headers={"Authorization": "Bearer x"}, cookies={"own": "1"})
    browser = Browser({OURS: client}, FrozenClock())
    for _ in range(2):
        headers = (await browser.visit(OURS)).json()["headers"]
    assert headers["cookie"] == "a=1"
    assert "authorization" not in headers
    assert dict(client.cookies) == {"own": "1"}


@pytest.mark.parametrize("url", ["https://nowhere.test/", "http://course.test/", "https://course.test:8443/"])
async def test_no_server(url: str) -> None:
    browser = await browser_with()
    with pytest.raises(CourseError, match="There is no server at"):
        await browser.visit(url)


async def test_a_new_value_is_a_new_cookie() -> None:
    clock = FrozenClock()

    async def told(values: Sequence[str]) -> list[str]:
        browser = Browser({OURS: httpx.AsyncClient()}, clock)
        for value in values:
            browser._store(f"a={value}; Secure", httpx.URL(OURS))
            browser._store("b=1; Secure", httpx.URL(OURS))
            clock.advance(minutes=1)
        return browser.attached(EVIL, OURS, "POST")

    assert await told(["1", "1"]) == []
    assert await told(["1", "2"]) == ["a"]
