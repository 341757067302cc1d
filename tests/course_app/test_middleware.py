"""What stands around every route: the order of the middlewares and what it buys, and the sentences of the contract."""

from __future__ import annotations

import gzip
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from httpx import AsyncClient

from coursekit.check_client import client_for
from coursekit.testing import logged

ENVELOPE = {"success", "message", "data", "errors"}
TOKEN = "/api/v1/auth/token"
PASSWORD = "Correct-Horse-7"
ORIGIN = "https://shop.example"
MEBIBYTE = 1024 * 1024
Messages = list[dict[str, Any]]
Open = Callable[..., Any]


@pytest.fixture
def start(course_app: Any, new_settings: Any, clock: Any) -> Open:
    """`async with start(TRUSTED_PROXIES="10.0.0.0/8") as app`: an application of its own, with its lifespan."""

    @asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Any]:
        app = course_app.create_app(new_settings(**changes), clock=clock)
        for path, endpoint in (("/boom", boom), ("/boom/late", boom_late), ("/boom/early", boom_early)):
            app.add_api_route(path, endpoint)
        app.add_api_route("/who", who)
        async with app.router.lifespan_context(app):
            yield app

    return started


async def boom() -> None:
    raise RuntimeError("secret text")


async def boom_late() -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 2000
        raise RuntimeError("secret text")

    return StreamingResponse(body())


async def boom_early() -> Response:
    async def body() -> AsyncIterator[bytes]:
        raise RuntimeError("secret text")
        yield b""

    return StreamingResponse(body())


async def who(request: Request) -> Response:
    client = request.client.host if request.client else ""
    return Response(headers={"Seen-Scheme": request.url.scheme, "Seen-Client": client})


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """The records of the access log."""
    with logged("course_app.access") as records:
        yield records


async def call(
    app: Any,
    path: str = "/health/live",
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    received: Messages | None = None,
    client: tuple[str, int] | None = ("192.0.2.7", 1234),
    root_path: str = "",
) -> tuple[Messages, Exception | None]:
    """One request as a server makes it: what was sent, and what was raised."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": root_path + path,
        "raw_path": (root_path + path).encode(),
        "query_string": b"",
        "root_path": root_path,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": client,
        "server": ("course.test", 80),
    }
    incoming = received or [{"type": "http.request", "body": b"", "more_body": False}]
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except Exception as error:
        return sent, error
    return sent, None


def status_of(sent: Messages) -> int:
    assert sent[0]["type"] == "http.response.start"
    return int(sent[0]["status"])


def headers_of(sent: Messages) -> dict[str, str]:
    names = [name for name, _ in sent[0]["headers"]]
    assert names.count(b"x-request-id") == 1
    return {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}


def assert_error(response: Any, status: int) -> None:
    assert response.status_code == status, response.text
    assert set(response.json()) == ENVELOPE
    assert response.json()["success"] is False
    assert response.headers["x-request-id"]


async def sign_in(http: AsyncClient, name: str) -> dict[str, str]:
    account = {"email": f"{name}@example.com", "password": PASSWORD, "full_name": name}
    assert (await http.post("/api/v1/users", json=account)).status_code == 201
    login = await http.post(TOKEN, data={"username": account["email"], "password": PASSWORD})
    return {"Authorization": f"Bearer {login.json()['access_token']}"}


# --- the order -------------------------------------------------------------------------------------------------------


def test_the_order(app: Any) -> None:
    """Each pair with what would be lost the other way round."""
    position = {entry.cls.__name__.removesuffix("Middleware"): n for n, entry in enumerate(app.user_middleware)}
    for outer, inner, otherwise in (
        ("RequestID", "AccessLog", "log lines without the request's ID"),
        ("RequestID", "ServerError", "500 without X-Request-ID"),
        ("ClientAddress", "AccessLog", "the proxy's address in the log"),
        ("ClientAddress", "RateLimit", "one limit for everybody behind the proxy"),
        ("AccessLog", "CORS", "preflights that nobody logs"),
        ("AccessLog", "Head", "HEAD in the log as GET"),
        ("AccessLog", "ServerError", "the line says 500 before the client got it"),
        ("Head", "Compression", "the empty body is compressed, with a length of its own"),
        ("CORS", "ServerError", "500 that scripts cannot read"),
        ("CORS", "RateLimit", "429 that scripts cannot read, and preflights that count"),
        ("ServerError", "Compression", "an exception before the first byte ends as bare text"),
        ("BodyLimit", "RateLimit", "429 before 413"),
        ("Authentication", "RateLimit", "users limited by address"),
        ("RateLimit", "StrictPath", "404 without limit"),
    ):
        assert position[outer] < position[inner], otherwise


# --- X-Request-ID ----------------------------------------------------------------------------------------------------


async def test_every_answer_has_a_request_id(start: Open) -> None:
    async with start(ALLOWED_ORIGINS=ORIGIN) as app, client_for(app) as http:
        preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        answers = [
            await http.get("/health/live"),
            await http.get("/nowhere"),
            await http.get("/health/live%0A"),
            await http.get("/api/v1/users/me"),
            await http.put("/health/live"),
            await http.get("/boom"),
            await http.get("/boom/early"),
            await http.post("/api/v1/items", content=b"x" * (MEBIBYTE + 1)),
            await http.options("/api/v1/items", headers=preflight),
            await http.options("/api/v1/items", headers=preflight | {"Origin": "https://evil.example"}),
            await http.head("/api/v1/items"),
            await http.get("/docs"),
            await http.get("/openapi.json"),
        ]
    statuses = [200, 404, 404, 401, 405, 500, 500, 413, 204, 400, 200, 200, 200]
    assert [answer.status_code for answer in answers] == statuses
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert all(len(values) == 1 and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", values[0]) for values in ids)
    assert len({values[0] for values in ids}) == len(ids)


@pytest.mark.parametrize("sent", ["a", "A-z_0.9", "x" * 64])
async def test_an_acceptable_request_id_is_kept(client: AsyncClient, sent: str) -> None:
    for path in ("/health/live", "/nowhere"):
        assert (await client.get(path, headers={"X-Request-ID": sent})).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a\tb", "é", "a/b", "a,b", "<script>", "{}"])
async def test_any_other_request_id_is_replaced(client: AsyncClient, sent: str) -> None:
    answer = await client.get("/health/live", headers=[(b"X-Request-ID", sent.encode())])
    assert answer.headers["x-request-id"] not in ("", sent)


async def test_two_request_ids_are_none(client: AsyncClient) -> None:
    answer = await client.get("/health/live", headers=[("X-Request-ID", "a"), ("X-Request-ID", "b")])
    assert answer.headers.get_list("x-request-id") not in (["a"], ["b"], ["a", "b"])


# --- the access log --------------------------------------------------------------------------------------------------


async def test_one_line_for_each_request(start: Open, lines: list[logging.LogRecord]) -> None:
    async with start(ALLOWED_ORIGINS=ORIGIN) as app, client_for(app) as http:
        for method, path in (
            ("GET", "/api/v1/items"),
            ("HEAD", "/api/v1/items/7"),
            ("GET", "/api/v1/users/me"),
            ("PUT", "/health/live"),
            ("GET", "/nowhere"),
            ("GET", "/boom"),
        ):
            await http.request(method, path, headers={"X-Request-ID": "abc"})
        await http.options("/api/v1/items", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"})
    told = [(line.method, line.route, line.status) for line in lines]  # type: ignore[attr-defined]
    assert told == [
        ("GET", "/api/v1/items", 200),
        ("HEAD", "/api/v1/items/{item_id}", 404),
        ("GET", "/api/v1/users/me", 401),
        ("PUT", "/health/live", 405),
        ("GET", None, 404),
        ("GET", "/boom", 500),
        ("OPTIONS", None, 204),
    ]
    assert {line.request_id for line in lines[:6]} == {"abc"}  # type: ignore[attr-defined]
    assert all(line.levelname == "INFO" and line.duration_ms >= 0 for line in lines)  # type: ignore[attr-defined]


# --- 500 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "encoding"), [("/boom", "gzip"), ("/boom", "identity"), ("/boom/early", "gzip")])
async def test_an_exception_is_500_in_the_envelope_with_all_headers(start: Open, path: str, encoding: str) -> None:
    async with start(ALLOWED_ORIGINS=ORIGIN) as app, client_for(app) as http:
        answer = await http.get(path, headers={"Origin": ORIGIN, "Accept-Encoding": encoding})
    assert_error(answer, 500)
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "secret" not in answer.text
    assert isinstance(answer.extensions["exception"], RuntimeError), "the server must see the exception"


async def test_an_exception_after_the_answer_has_begun_is_raised_and_nothing_more_is_sent(
    start: Open, lines: list[logging.LogRecord]
) -> None:
    async with start() as app:
        sent, error = await call(app, "/boom/late")
        assert isinstance(error, RuntimeError)
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        assert (status_of(sent), sent[1]["more_body"]) == (200, True)
        assert lines[-1].status == 200  # type: ignore[attr-defined]
        sent, error = await call(app, "/boom/early")
        assert isinstance(error, RuntimeError)
        assert [message["type"] for message in sent] == ["http.response.start"]


async def test_the_token_endpoint_answers_in_its_own_words(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1) as app, client_for(app) as http:
        large = await http.post(TOKEN, content=b"x" * (MEBIBYTE + 1))
        first = await http.post(TOKEN, data={"username": "a", "password": "b"})
        limited = await http.post(TOKEN, data={"username": "a", "password": "b"})
    assert [answer.status_code for answer in (large, first, limited)] == [413, 401, 429]
    assert large.json()["error"] == "invalid_request"
    assert limited.json()["error"] == "temporarily_unavailable"
    assert limited.headers["retry-after"] == "60"
    for answer in (large, limited):
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"


# --- 413 -------------------------------------------------------------------------------------------------------------


async def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_413(client: AsyncClient) -> None:
    for method in ("POST", "GET", "PUT", "DELETE", "PATCH"):
        assert_error(await client.request(method, "/api/v1/items", content=b" " * (MEBIBYTE + 1)), 413)
    json = {"Content-Type": "application/json"}
    account = b'{"email": "a@example.com", "password": "Sunshine1", "full_name": "A"}'
    whole = account + b" " * (MEBIBYTE - len(account))
    assert (await client.post("/api/v1/users", content=whole, headers=json)).status_code == 201


async def test_a_body_without_length_is_counted(start: Open) -> None:
    async with start() as app:
        chunks: Messages = [{"type": "http.request", "body": b" " * 300_000, "more_body": True} for _ in range(9)]
        sent, error = await call(app, "/api/v1/users", method="POST", received=chunks)
        assert (status_of(sent), error) == (413, None)
        assert len(chunks) == 5, "it stops reading at once"


@pytest.mark.parametrize("length", ["1048577", "9" * 5000, "0001048577"])
async def test_a_declared_length_is_believed_at_once(start: Open, length: str) -> None:
    async with start() as app:
        unread: Messages = [{"type": "http.request", "body": b"", "more_body": True}]
        headers = (("Content-Length", "5"), ("Content-Length", length))
        sent, _ = await call(app, "/api/v1/users", method="POST", headers=headers, received=unread)
        assert status_of(sent) == 413
        assert len(unread) == 1


@pytest.mark.parametrize("length", ["1048576", "-5", "1e9", "five", "", "²"])
async def test_any_other_length_is_left_to_the_count(start: Open, length: str) -> None:
    async with start() as app:
        sent, error = await call(app, headers=(("Content-Length", length),))
        assert (status_of(sent), error) == (200, None)


@pytest.mark.parametrize("path", ["/api/v1/users", TOKEN, "/api/v1/items", "/nowhere"])
async def test_a_client_that_leaves_in_the_middle_of_its_body(start: Open, path: str) -> None:
    async with start() as app:
        form = (("Content-Type", "application/x-www-form-urlencoded" if path == TOKEN else "application/json"),)
        cut_off: Messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
        sent, error = await call(app, path, method="POST", headers=form, received=cut_off)
        assert error is None
        assert 400 <= status_of(sent) < 500


# --- 429 -------------------------------------------------------------------------------------------------------------


async def test_an_address_has_its_limit_over_a_sliding_minute(start: Open, clock: Any) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=3) as app, client_for(app) as http:
        for seconds in (0, 20, 20):
            clock.advance(seconds=seconds)
            assert (await http.get("/api/v1/items")).status_code == 200
        for path in ("/api/v1/items", "/nowhere", "/docs", "/api/v1/users/me"):
            refused = await http.get(path)
            assert_error(refused, 429)
            assert refused.headers["retry-after"] == "20"
        clock.advance(seconds=19)
        assert (await http.get("/api/v1/items")).headers["retry-after"] == "1"
        clock.advance(seconds=1)
        assert (await http.get("/api/v1/items")).status_code == 200, "refused requests do not count"
        assert (await http.get("/api/v1/items")).headers["retry-after"] == "20"


async def test_health_and_preflights_are_exempt(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1, ALLOWED_ORIGINS=ORIGIN) as app, client_for(app) as http:
        preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
        for _ in range(3):
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.head("/health/ready")).status_code == 200
            assert (await http.options("/api/v1/items", headers=preflight)).status_code == 204
        assert (await http.get("/api/v1/items")).status_code == 200
        assert (await http.get("/api/v1/items")).status_code == 429
        assert (await http.get("/health/live")).status_code == 200
        refused = await http.get("/api/v1/items", headers={"Origin": ORIGIN})
        assert refused.headers["access-control-allow-origin"] == ORIGIN


async def test_below_a_prefix_the_same_paths_are_special(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1) as app:
        for root_path in ("", "/shop"):
            for _ in range(3):
                sent, _ = await call(app, "/health/live", root_path=root_path)
                assert status_of(sent) == 200
        length = (("Content-Length", str(MEBIBYTE + 1)), ("Accept-Encoding", "gzip"))
        for root_path in ("", "/shop"):
            sent, _ = await call(app, TOKEN, method="POST", headers=length, root_path=root_path)
            assert status_of(sent) == 413
            assert sent[1]["body"].startswith(b'{"error":"invalid_request"')
    async with start() as app:
        for root_path, varies in (("", False), ("/shop", False), ("/sho", False), ("/api/v1", True)):
            path = TOKEN.removeprefix(root_path) if varies else TOKEN
            sent, _ = await call(app, path, method="POST", headers=length, root_path=root_path)
            assert ("Accept-Encoding" in headers_of(sent).get("vary", "")) is varies


async def test_zero_switches_it_off(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=0) as app, client_for(app) as http:
        assert {(await http.get("/health/nowhere")).status_code for _ in range(120)} == {404}


async def test_a_user_has_a_limit_and_their_address_five_times_as_much(start: Open, clock: Any) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=2) as app, client_for(app) as http:
        users = []
        for name in "abcdef":
            users.append(await sign_in(http, name))
            clock.advance(seconds=60)
        for user in users[:5]:
            statuses = [(await http.get("/api/v1/users/me", headers=user)).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]
        refused = await http.get("/api/v1/users/me", headers=users[5])
        assert_error(refused, 429)
        clock.advance(seconds=60)
        assert (await http.get("/api/v1/users/me", headers=users[5])).status_code == 200


async def test_users_and_strangers_of_one_address_count_apart(start: Open, clock: Any) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=2) as app, client_for(app) as http:
        user = await sign_in(http, "a")
        clock.advance(seconds=60)
        assert [(await http.get("/api/v1/users/me", headers=user)).status_code for _ in range(3)] == [200, 200, 429]
        assert [(await http.get("/api/v1/items")).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_token_that_is_not_ours_makes_nobody_a_user(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=2) as app, client_for(app) as http:
        for number, status in enumerate((200, 200, 429)):
            headers = {"Authorization": f"Bearer {number}.{number}.{number}"}
            assert (await http.get("/api/v1/items", headers=headers)).status_code == status


async def test_413_comes_before_429(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1) as app, client_for(app) as http:
        await http.get("/api/v1/items")
        assert_error(await http.get("/api/v1/items"), 429)
        assert_error(await http.post("/api/v1/items", content=b"x" * (MEBIBYTE + 1)), 413)


async def test_two_applications_count_apart(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1) as one, start(RATE_LIMIT_PER_MINUTE=1) as other:
        for app in (one, other):
            async with client_for(app) as http:
                assert [(await http.get("/api/v1/items")).status_code for _ in range(2)] == [200, 429]


async def test_without_an_address_everybody_shares_one_limit(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1, TRUSTED_PROXIES="0.0.0.0/0,::/0") as app:
        statuses = [status_of((await call(app, "/api/v1/items", client=None))[0]) for _ in range(2)]
        assert statuses == [200, 429]


# --- who is the client -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "same"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["203.0.113.9"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, "], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("testclient", ["203.0.113.9"], "testclient"),
    ],
)
async def test_behind_a_proxy_the_limit_is_the_clients(start: Open, peer: str, forwarded: list[str], same: str) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=1, TRUSTED_PROXIES="10.0.0.0/8") as app:
        headers = tuple(("X-Forwarded-For", value) for value in forwarded)
        sent, _ = await call(app, "/api/v1/items", headers=headers, client=(peer, 1))
        assert status_of(sent) == 200
        sent, _ = await call(app, "/api/v1/items", client=(same, 1))
        assert status_of(sent) == 429
        sent, _ = await call(app, "/api/v1/items", client=("192.0.2.99", 1))
        assert status_of(sent) == 200


async def test_a_forged_header_buys_nothing(start: Open) -> None:
    async with start(RATE_LIMIT_PER_MINUTE=3, TRUSTED_PROXIES="10.0.0.0/8") as app:
        for peer in ("192.0.2.7", "10.0.0.1"):
            behind = ", 203.0.113.9" if peer == "10.0.0.1" else ""
            statuses = []
            for number in range(5):
                headers = (("X-Forwarded-For", f"198.51.100.{number}{behind}"),)
                statuses.append(status_of((await call(app, "/api/v1/items", headers=headers, client=(peer, 1)))[0]))
            assert statuses == [200, 200, 200, 429, 429]


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "HTTPS ", "https"),
        ("10.0.0.1", "https, http", "http"),
        ("10.0.0.1", "javascript", "http"),
        ("10.0.0.1", "", "http"),
        ("192.0.2.7", "https", "http"),
    ],
)
async def test_the_scheme_is_the_proxys_word(start: Open, peer: str, proto: str, scheme: str) -> None:
    async with start(TRUSTED_PROXIES="10.0.0.0/8") as app:
        sent, _ = await call(app, "/who", headers=(("X-Forwarded-Proto", proto),), client=(peer, 1))
    assert (headers_of(sent)["seen-scheme"], headers_of(sent)["seen-client"]) == (scheme, peer)


@pytest.mark.parametrize(
    ("setting", "value", "position"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8,hunter2", "2"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "1"),
        ("TRUSTED_PROXIES", '["::1", "hunter2", "x"]', "2, 3"),
        ("TRUSTED_PROXIES", "[hunter2", ""),
        ("ALLOWED_ORIGINS", "[hunter2", ""),
        ("ALLOWED_ORIGINS", "[1]", ""),
        ("ALLOWED_ORIGINS", "[" * 100_000, ""),
    ],
)
def test_a_faulty_list_is_told_without_its_value(
    course_app: Any, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, position: str
) -> None:
    monkeypatch.setenv(setting, value)
    with pytest.raises(Exception, match=setting) as refused:
        course_app.create_app()
    assert type(refused.value).__name__ == "ConfigurationError"
    assert "hunter2" not in str(refused.value)
    assert position in str(refused.value)


@pytest.mark.parametrize("value", ["10.0.0.0/8, ::1 ,", '["10.0.0.0/8", " ::1"]'])
def test_a_list_is_read_with_commas_or_as_json(new_settings: Any, value: str) -> None:
    networks = new_settings(TRUSTED_PROXIES=value).TRUSTED_PROXIES
    assert [str(network) for network in networks] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("value", "network"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
async def test_a_proxy_in_ipv6_form_is_trusted(start: Open, new_settings: Any, value: str, network: str) -> None:
    assert [str(one) for one in new_settings(TRUSTED_PROXIES=value).TRUSTED_PROXIES] == [network]
    async with start(TRUSTED_PROXIES=value) as app:
        headers = (("X-Forwarded-For", "203.0.113.9"),)
        sent, _ = await call(app, "/who", headers=headers, client=("::ffff:10.0.0.1", 1))
        trusted = value.startswith("::ffff")
        assert headers_of(sent)["seen-client"] == ("203.0.113.9" if trusted else "10.0.0.1")


def test_an_empty_list_is_empty(new_settings: Any) -> None:
    for value in ("", " , ", "[]"):
        settings = new_settings(TRUSTED_PROXIES=value, ALLOWED_ORIGINS=value)
        assert (settings.TRUSTED_PROXIES, settings.ALLOWED_ORIGINS) == ((), ())


# --- HEAD ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/live", "/api/v1/items", "/api/v1/items/1", "/nowhere", "/docs", TOKEN])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_head_is_get_without_the_body(client: AsyncClient, path: str, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding, "X-Request-ID": "same"}
    get, head = await client.get(path, headers=headers), await client.head(path, headers=headers)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers == get.headers


async def test_allow_names_head_beside_get(client: AsyncClient) -> None:
    assert (await client.put("/api/v1/items")).headers["allow"] == "GET, HEAD, POST"
    assert (await client.get(TOKEN)).headers["allow"] == "POST"
    assert (await client.head(TOKEN)).headers["allow"] == "POST"


# --- compression -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "compressed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.5", True),
        ("gzip ; q=1.000", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("", False),
        ("br", False),
        ("notgzip", False),
        ("gzip;q=high", False),
        ("gzip;q=1_0", False),
    ],
)
async def test_compression_only_where_it_is_accepted(client: AsyncClient, accept: str, compressed: bool) -> None:
    answer = await client.get("/openapi.json", headers={"Accept-Encoding": accept})
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert answer.headers["vary"].lower().count("accept-encoding") == 1
    assert answer.json()["openapi"]


async def test_accept_encoding_may_come_in_two_headers(start: Open) -> None:
    async with start() as app:
        headers = (("Accept-Encoding", "br"), ("Accept-Encoding", "gzip"))
        sent, _ = await call(app, "/openapi.json", headers=headers)
        assert headers_of(sent)["content-encoding"] == "gzip"
        body = b"".join(message.get("body", b"") for message in sent[1:])
        assert len(body) == int(headers_of(sent)["content-length"])
        assert gzip.decompress(body).startswith(b'{"openapi"')


async def test_answers_with_secrets_and_small_ones_are_not_compressed(start: Open) -> None:
    async with start() as app, client_for(app) as http:
        await sign_in(http, "a")
        form = {"username": "a@example.com", "password": PASSWORD}
        assert "content-encoding" not in (await http.post(TOKEN, data=form)).headers
        assert "content-encoding" not in (await http.get("/health/live")).headers


# --- paths, and what is no HTTP request ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/health/live", "/api/v1/items", "/api/v1/items/1", TOKEN, "/nowhere"]
)
async def test_a_path_that_ends_in_a_line_break_is_404(client: AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "HEAD"):
        answer = await client.request(method, path + "%0A")
        assert answer.status_code == 404
        if method != "HEAD":
            assert_error(answer, 404)


@pytest.mark.parametrize(
    "character", ["%00", "%01", "%0D", "%0D%0A", "%0A%0A", "%1F", "%7F", "%C2%85", "%E2%80%A8", "%FF"]
)
async def test_control_characters_in_paths_are_4xx(client: AsyncClient, character: str) -> None:
    for path in ("/docs", "/health/live", "/api/v1/items", "/api/v1/items/1", "/api/v1/users/"):
        for spelling in (path + character, path[:5] + character + path[5:]):
            answer = await client.get(spelling)
            assert answer.status_code in (401, 404, 422)
            assert_error(answer, answer.status_code)


async def test_what_is_no_http_request_passes(course_app: Any, new_settings: Any, clock: Any) -> None:
    app = course_app.create_app(new_settings(RATE_LIMIT_PER_MINUTE=1), clock=clock)
    events: Messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: Messages = []

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    receiver: Callable[[], Awaitable[dict[str, Any]]] = receive
    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receiver, send)
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    for _ in range(2):
        events.append({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": "/socket\n", "headers": [], "client": None, "scheme": "ws"}
        await app(scope | {"query_string": b"", "root_path": "", "subprotocols": []}, receiver, send)
        assert sent[-1]["type"] == "websocket.close"


async def test_two_authorization_headers_are_no_token(start: Open) -> None:
    async with start() as app, client_for(app) as http:
        bearer = (await sign_in(http, "a"))["Authorization"]
        for other in (bearer, "Bearer x", "Basic eDp5"):
            answer = await http.get("/api/v1/users/me", headers=[("Authorization", bearer), ("Authorization", other)])
            assert_error(answer, 401)
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
