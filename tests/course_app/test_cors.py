"""What pages of other origins may do with the application (CONTRACT: "Small print", CORS)."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import AsyncClient, Response

from coursekit.check_client import client_for
from coursekit.fetch import Page

API = "https://course.test/api/v1"
SHOP, LOCAL, EVIL = "https://shop.example", "http://localhost:3000", "https://evil.example"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
REQUEST_HEADERS = [
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-CSRF-Token",
    "X-Request-ID",
]
SAFELISTED = ["Accept", "Accept-Language", "Content-Language"]
READABLE = {"etag", "location", "retry-after", "x-request-id", "content-disposition"}
QUESTIONS = ["Access-Control-Request-Method", "Access-Control-Request-Headers"]
ENVELOPE = {"success", "message", "data", "errors"}
CORS = "access-control-"
NOT_ALLOWED = (
    EVIL,
    "null",
    "",
    "*",
    f"{SHOP}/",
    f"{SHOP}.evil.example",
    "http://shop.example",
    f"{SHOP}:443",
    "https://Shop.example",
)

Allowing = Callable[..., Any]


@pytest.fixture
def allowing(course_app: Any, new_settings: Any, clock: Any) -> Allowing:
    """`async with allowing("https://shop.example") as http`: a client of an app with these ALLOWED_ORIGINS."""

    @asynccontextmanager
    async def make(origins: object = f"{SHOP},{LOCAL}", **changes: Any) -> AsyncIterator[AsyncClient]:
        application = course_app.create_app(new_settings(ALLOWED_ORIGINS=origins, **changes), clock=clock)
        application.add_api_route("/broken", broken)
        async with application.router.lifespan_context(application), client_for(application) as http:
            yield http

    return make


def broken() -> None:
    raise LookupError


def asking(origin: str = SHOP, method: str = "PATCH", headers: str | None = None) -> dict[str, str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return asked if headers is None else {**asked, "Access-Control-Request-Headers": headers}


def listed(response: Response, name: str) -> list[str]:
    return [entry.strip() for entry in response.headers.get(name, "").split(",") if entry.strip()]


def permissions(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith(CORS)}


async def test_an_allowed_page_reads_with_credentials(allowing: Allowing) -> None:
    async with allowing() as http:
        for origin in (SHOP, LOCAL):
            response = await http.get("/api/v1/items", headers={"Origin": origin})
            assert response.status_code == 200
            assert response.headers.get_list("access-control-allow-origin") == [origin]
            assert response.headers.get_list("access-control-allow-credentials") == ["true"]
            assert {name.lower() for name in listed(response, "Access-Control-Expose-Headers")} == READABLE
            assert "access-control-allow-methods" not in response.headers


async def test_every_other_page_gets_nothing(allowing: Allowing) -> None:
    async with allowing() as http:
        for origin in NOT_ALLOWED:
            for path in ("/api/v1/items", "/api/v1/nothing", "/health/live", "/broken"):
                assert permissions(await http.get(path, headers={"Origin": origin})) == {}
            assert permissions(await http.options("/api/v1/items", headers=asking(origin))) == {}
        assert permissions(await http.get("/api/v1/items")) == {}


async def test_no_origins_no_permission(allowing: Allowing) -> None:
    for nothing in ((), "", " , "):
        async with allowing(nothing) as http:
            response = await http.get("/api/v1/items", headers={"Origin": SHOP})
            assert response.status_code == 200
            assert permissions(response) == {}
            assert "origin" not in response.headers.get("vary", "").lower()
            assert_refused(await http.options("/api/v1/items", headers=asking()))


async def test_every_answer_varies_by_origin(allowing: Allowing) -> None:
    async with allowing(RATE_LIMIT_PER_MINUTE=20) as http:
        for origin in ({}, {"Origin": SHOP}, {"Origin": EVIL}):
            for method, path in (
                ("GET", "/api/v1/items"),
                ("HEAD", "/api/v1/items"),
                ("GET", "/api/v1/users/me"),
                ("GET", "/nothing"),
                ("GET", "/broken"),
                ("OPTIONS", "/api/v1/items"),
            ):
                response = await http.request(method, path, headers=origin)
                assert "Origin" in listed(response, "Vary"), f"{method} {path} {origin}"
        for headers in (asking(), asking(EVIL), asking(method="patch")):
            response = await http.options("/api/v1/items", headers=headers)
            assert listed(response, "Vary") == ["Origin", *QUESTIONS]
        response = await http.get("/api/v1/items", headers={"Accept-Encoding": "gzip"})
        assert {"Origin", "Accept-Encoding"} <= set(listed(response, "Vary"))


async def test_a_preflight_is_answered_with_the_policy(allowing: Allowing) -> None:
    async with allowing() as http:
        for path, method in itertools.product(("/api/v1/items", "/api/v1/users/1", "/api/v1/auth/token"), METHODS):
            response = await http.options(path, headers=asking(method=method))
            assert response.status_code == 204
            assert response.content == b""
            assert response.headers["access-control-allow-origin"] == SHOP
            assert response.headers["access-control-allow-credentials"] == "true"
            assert listed(response, "Access-Control-Allow-Methods") == METHODS
            assert listed(response, "Access-Control-Allow-Headers") == [*REQUEST_HEADERS, *SAFELISTED]
            assert response.headers["access-control-max-age"] == "600"
            assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [*REQUEST_HEADERS, *SAFELISTED, ",".join(sorted(REQUEST_HEADERS)).lower(), "content-type, IF-MATCH", "", ",", None],
)
async def test_the_headers_that_may_be_sent(allowing: Allowing, headers: str | None) -> None:
    async with allowing() as http:
        assert (await http.options("/api/v1/items", headers=asking(headers=headers))).status_code == 204


def assert_refused(response: Response) -> None:
    assert response.status_code == 400
    answer = response.json()
    assert set(answer) == ENVELOPE
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["errors"]
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    "asked",
    [
        asking(EVIL),
        asking("null"),
        asking(""),
        asking(method="patch"),
        asking(method="OPTIONS"),
        asking(method="TRACE"),
        asking(method=""),
        asking(headers="x-evil"),
        asking(headers="content-type, x-evil-header"),
        asking(headers="*"),
        asking(headers="content-type;if-match"),
        asking(headers="\xff"),
        asking(EVIL, "evil-method", "x-evil-header"),
    ],
    ids=str,
)
async def test_a_refused_preflight_comes_in_the_envelope(allowing: Allowing, asked: dict[str, str]) -> None:
    async with allowing() as http:
        sent = {name: value.encode("latin-1") for name, value in asked.items()}
        for path in ("/api/v1/items", "/api/v1/nothing", "/health/live"):
            response = await http.options(path, headers=sent)
            assert_refused(response)
            assert "evil" not in response.text


async def test_what_is_no_preflight_reaches_the_app(allowing: Allowing) -> None:
    async with allowing() as http:
        for headers in ({}, {"Origin": SHOP}, {"Access-Control-Request-Method": "PATCH"}):
            assert (await http.options("/api/v1/items", headers=headers)).status_code == 405


async def test_preflights_are_not_counted(allowing: Allowing) -> None:
    async with allowing(RATE_LIMIT_PER_MINUTE=1) as http:
        for _ in range(5):
            assert (await http.options("/api/v1/items", headers=asking())).status_code == 204
            assert (await http.options("/api/v1/items", headers=asking(EVIL))).status_code == 400
        assert (await http.get("/api/v1/items")).status_code == 200
        assert (await http.get("/api/v1/items")).status_code == 429
        assert (await http.options("/api/v1/items", headers=asking())).status_code == 204


@pytest.mark.parametrize("credentials", ["omit", "include"])
async def test_every_error_is_readable(allowing: Allowing, credentials: Any) -> None:
    too_much = "x" * (1024 * 1024 + 1)
    async with allowing(RATE_LIMIT_PER_MINUTE=10) as http:
        page = Page(SHOP, http)
        for status, method, path, body in (
            (401, "GET", "/users/me", None),
            (404, "GET", "/items/1", None),
            (404, "GET", "/nothing", None),
            (405, "DELETE", "/items", None),
            (413, "POST", "/users", too_much),
            (422, "GET", "/items?limit=0", None),
            (422, "POST", "/users", "{"),
            (400, "POST", "/auth/token", None),
        ):
            fetched = await page.fetch(API + path, method, body=body, credentials=credentials)
            assert (fetched.status, fetched.blocked) == (status, None), str(fetched)
            assert "x-request-id" in fetched.headers
        assert (await page.fetch("https://course.test/broken", credentials=credentials)).status == 500
        for _ in range(10):
            fetched = await page.fetch(f"{API}/items", credentials=credentials)
        assert fetched.status == 429, str(fetched)
        assert int(fetched.headers["retry-after"]) > 0
        assert (await Page(EVIL, http).fetch(f"{API}/items", credentials=credentials)).blocked


async def test_a_signed_in_page_works_with_items(allowing: Allowing) -> None:
    async with allowing() as http:
        page = Page(SHOP, http)
        form = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
        signed_in = await page.fetch(f"{API}/auth/token", "POST", body=form)
        assert signed_in.sent == ("POST",)
        bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}", "Content-Type": "application/json"}
        created = await page.fetch(f"{API}/items", "POST", headers=bearer, body='{"name": "Lamp", "price": "1.50"}')
        assert (created.status, created.sent) == (201, ("OPTIONS", "POST"))
        assert created.headers["location"] == "/api/v1/items/1"
        read = await page.fetch(f"{API}/items/1", headers={**bearer, "X-Request-ID": "mine"})
        assert read.headers["x-request-id"] == "mine"
        replaced = await page.fetch(
            f"{API}/items/1", "PUT", headers={**bearer, "If-Match": "*"}, body='{"name": "Lamp", "price": "2.50"}'
        )
        assert replaced.status == 200
        assert (await page.fetch(f"{API}/items/1", "DELETE", headers=bearer)).status == 204
        assert (await page.fetch(f"{API}/items", "HEAD")).status == 200


async def test_everybody(allowing: Allowing) -> None:
    for origins in ("*", f"{SHOP},*"):
        async with allowing(origins) as http:
            for origin in (SHOP, EVIL, "null"):
                for response in (
                    await http.get("/api/v1/items", headers={"Origin": origin}),
                    await http.options("/api/v1/items", headers=asking(origin, headers="authorization")),
                ):
                    assert response.is_success
                    assert response.headers["access-control-allow-origin"] == "*"
                    assert "access-control-allow-credentials" not in response.headers
                    assert "origin" not in response.headers.get("vary", "").lower()
            assert (await Page(EVIL, http).fetch(f"{API}/items")).status == 200
            assert (await Page(SHOP, http).fetch(f"{API}/items", credentials="include")).blocked


async def test_a_start_without_headers(course_app: Any) -> None:
    async def bare(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    CORSMiddleware = importlib.import_module("course_app.middleware.cors").CORSMiddleware

    headers = [(b"origin", SHOP.encode())]
    await CORSMiddleware(bare, (SHOP,))({"type": "http", "method": "GET", "headers": headers}, None, send)
    assert (b"access-control-allow-origin", SHOP.encode()) in sent[0]["headers"]
    with pytest.raises(TypeError):
        CORSMiddleware(bare, SHOP)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://shop.example", (SHOP,)),
        (" HTTPS://Shop.example:443 , http://localhost:3000,", (SHOP, LOCAL)),
        ('["https://shop.example", "http://localhost:3000"]', (SHOP, LOCAL)),
        ([SHOP, "https://SHOP.example"], (SHOP,)),
        ("http://shop.example:80,http://shop.example:8080", ("http://shop.example", "http://shop.example:8080")),
        ("", ()),
        ("*", ("*",)),
    ],
)
def test_origins_in_the_settings(new_settings: Any, given: object, expected: tuple[str, ...]) -> None:
    origins = new_settings(ALLOWED_ORIGINS=given).ALLOWED_ORIGINS
    assert origins == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "shop.example",
        "null",
        "https://*.shop.example",
        "https://ada:secret@shop.example",
        "https://shop.example/secret",
        "ftp://secret",
    ],
)
def test_a_setting_that_names_no_origin_is_refused(new_settings: Any, wrong: str) -> None:
    with pytest.raises(ValueError, match="entry 2") as caught:
        new_settings(ALLOWED_ORIGINS=f"{SHOP},{wrong}")
    assert "secret" not in str(caught.value)
