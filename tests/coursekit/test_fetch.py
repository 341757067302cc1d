"""`coursekit.fetch` decides as the Fetch standard does; `tests/browser/test_cors.py` holds Chromium to it too."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from cors_cases import PROTOCOL
from cors_server import Recorder, Scripted, respond_with

from coursekit.check_client import client_for
from coursekit.errors import CourseError
from coursekit.fetch import Blocked, Page, is_forbidden_header, is_safelisted_header, origin_of, unsafe_header_names

SHOP, API = "https://shop.example", "https://course.test"
ALWAYS_READABLE = {"content-type", "content-length"}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("number", range(len(PROTOCOL)), ids=[case.name for case in PROTOCOL])
async def test_the_protocol(number: int) -> None:
    case, app = PROTOCOL[number], Scripted(PROTOCOL)
    app.page = API if case.own else SHOP
    async with client_for(app) as client:
        fetched = await Page(app.page, client).fetch(f"{API}/{number}", **case.options())
    assert fetched.sent == case.sent
    if case.readable is None:
        assert fetched.blocked
        assert (fetched.status, fetched.headers, fetched.body) == (None, {}, b"")
    else:
        assert fetched.blocked is None
        assert fetched.status == case.answer.status
        assert set(fetched.headers) - ALWAYS_READABLE == set(case.readable)


async def test_what_is_told() -> None:
    async with client_for(Scripted(PROTOCOL)) as client:
        fetched = await Page(SHOP, client).fetch(f"{API}/0?a=1", "PATCH", headers={"Content-Type": "application/json"})
        dropped = await Page(API, client).fetch("/0", headers={"Host": "x"})
    assert str(fetched).splitlines() == [
        "a page of https://shop.example: PATCH https://course.test/0?a=1",
        "  1. another origin; asks first because of method PATCH, header content-type",
        "  2. OPTIONS /0?a=1 -> 200",
        "  3. preflight: the CORS check fails",
        "BLOCKED: there is no Access-Control-Allow-Origin",
    ]
    assert str(dropped).splitlines() == [
        "a page of https://course.test: GET https://course.test/0",
        "  1. forbidden headers, dropped without a word: host",
        "  2. the page's own origin: sent, and no question asked",
        "  3. GET /0 -> 200",
        "READABLE: status 200, body, and the headers content-length, x-request-id",
    ]


async def test_cookies_are_told() -> None:
    async with client_for(respond_with(200), cookies={"a": "b"}) as client:
        with_cookies = await Page(SHOP, client).fetch(API, "PUT", credentials="include")
        without = await Page(SHOP, client).fetch(API)
        own = await Page(API, client).fetch("/")
    assert with_cookies.steps[1] == "2. OPTIONS / -> 200"
    assert without.steps[1] == "2. GET / -> 200"
    assert own.steps[1] == "2. GET / with cookies -> 200"


async def test_a_blocked_answer_has_no_json() -> None:
    async with client_for(respond_with(200)) as client:
        fetched = await Page(SHOP, client).fetch(API)
    with pytest.raises(Blocked, match="no Access-Control-Allow-Origin"):
        fetched.json()


async def test_a_page_sends_nothing_of_the_clients_own() -> None:
    recorder = Recorder(respond_with(200))
    options: dict[str, Any] = {"headers": {"Authorization": "Bearer x"}, "auth": ("a", "b"), "cookies": {"a": "b"}}
    async with client_for(recorder, **options) as client:
        for credentials in ("omit", "same-origin", "include"):
            await Page(SHOP, client).fetch(API, credentials=credentials)
            await Page(API, client).fetch("/", credentials=credentials)
    origin = f"origin: {SHOP}"
    assert recorder.take() == [
        ("GET", origin),
        ("GET",),
        ("GET", origin),
        ("GET", "cookie: a=b"),
        ("GET", origin, "cookie: a=b"),
        ("GET", "cookie: a=b"),
    ]


@pytest.mark.parametrize(("credentials", "kept"), [("omit", False), ("same-origin", False), ("include", True)])
async def test_a_cookie_is_kept_only_with_credentials(credentials: Any, kept: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", b"a=b")]})
        await send({"type": "http.response.body"})

    async with client_for(app) as client:
        await Page(SHOP, client).fetch(API, credentials=credentials)
        assert dict(client.cookies) == ({"a": "b"} if kept else {})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("x", "content-type: text/plain;charset=UTF-8"),
        ({"a": "1"}, "content-type: application/x-www-form-urlencoded;charset=UTF-8"),
        (b"x", None),
    ],
)
async def test_the_content_type_of_a_body(body: Any, content_type: str | None) -> None:
    recorder = Recorder(respond_with(200))
    async with client_for(recorder) as client:
        fetched = await Page(SHOP, client).fetch(API, "POST", body=body)
    assert fetched.sent == ("POST",)
    assert recorder.take() == [("POST", *filter(None, (f"origin: {SHOP}", content_type)))]


async def test_redirects_are_not_followed() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 308, "headers": [(b"location", b"https://x.example/")]})
        await send({"type": "http.response.body"})

    async with client_for(app) as client:
        with pytest.raises(CourseError, match="redirect"):
            await Page(SHOP, client).fetch(API)
        assert (await Page(SHOP, client).fetch(API, "PUT")).blocked


async def test_what_no_browser_has() -> None:
    async with client_for(respond_with(200)) as client:
        for origin in ("https://shop.example/", "https://Shop.example", "shop.example", "https://shop.example:443"):
            with pytest.raises(CourseError, match="is no origin"):
                Page(origin, client)
        credentials: Any = "true"
        with pytest.raises(CourseError, match="no credentials 'true'"):
            await Page(SHOP, client).fetch(API, credentials=credentials)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://shop.example:443/items?a=1#top", "https://shop.example"),
        ("http://Shop.example:80", "http://shop.example"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("https://ada:secret@bücher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_origin_of(url: str, origin: str) -> None:
    assert origin_of(httpx.URL(url)) == origin


def test_headers_that_no_page_sets() -> None:
    for name in ("Origin", "cookie", "Sec-Fetch-Mode", "proxy-authorization", "Referer", "Content-Length"):
        assert is_forbidden_header(name, "x")
    for name in ("Authorization", "X-Proxy-A", "Secret", "Range", "X-HTTP-Method"):
        assert not is_forbidden_header(name, "x")
    assert is_forbidden_header("X-Method-Override", "GET, trace ")


def test_headers_that_need_no_question() -> None:
    assert is_safelisted_header("Content-Type", "TEXT/plain ; charset=x")
    assert not is_safelisted_header("Content-Type", 'text/plain; charset="x"')
    assert not is_safelisted_header("Range", "bytes=5-2")
    assert not is_safelisted_header("X-Shop", "")
    assert unsafe_header_names({"X-B": "1", "x-a": "2", "Accept": "*/*"}) == ["x-a", "x-b"]
