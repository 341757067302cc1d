"""The checks of chapter 12."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from coursekit.testing import (
    answer,
    client_for,
    expect_equal,
    expect_status,
    learner_test_passes,
    logged,
    raises,
    raises_async,
    told,
)

HTTP = "".join(["ht", "tp"])  # equal to "http", and another object, as from a server
GOOD = "0123456789abcdefghijklmnopqrstuvwxyz"
QUARTER = timedelta(minutes=15)


def says(call: str, got: object, *, without: str = "", word: str = "") -> None:
    """Assert that an objection was made: one sentence, without the value, with a word."""
    if not isinstance(got, str) or not got.strip() or "\n" in got:
        raise AssertionError(told(call, "one sentence", got))
    if without and without in got:
        raise AssertionError(told(call, "a sentence without the value", got))
    if word not in got:
        raise AssertionError(told(call, f"a sentence with {word!r}", got))


@pytest.mark.exercise("12.1")
class TestProduction:
    def test_good_settings(self):
        """A long random secret, two URLs, exact origins and hosts: no objection."""
        for secret in (GOOD, "k" * 32, "ä" * 16, "the secret of a server that nobody has seen", "0" * 40):
            expect_equal(answer.secret_fault(secret), None, f"secret_fault({secret!r})")
        for name, value in (
            ("SECRET_KEY", GOOD),
            ("DATABASE_URL", "postgresql+asyncpg://db/app"),
            ("REDIS_URL", "redis://cache:6379/0"),
            ("ALLOWED_ORIGINS", ()),
            ("ALLOWED_ORIGINS", ("https://shop.example",)),
            ("ALLOWED_ORIGINS", ("https://a*b.example",)),
            ("ALLOWED_HOSTS", ("api.example", "10.0.0.7")),
        ):
            expect_equal(answer.production_fault(name, value), None, f"production_fault({name!r}, {value!r})")

    def test_missing_secret(self):
        """An empty or blank secret must be set."""
        for secret in ("", "   ", "\t\n", " " * 40):
            says(f"secret_fault({secret!r})", answer.secret_fault(secret), word="must be set")

    def test_published_secret(self):
        """The secret of an example is refused, in whatever way its words are written."""
        for secret in (
            "changeme-changeme-changeme-changeme",
            "Please CHANGE_ME before you deploy this server",
            "your-secret-key-your-secret-key-your-secret",
            "C.h.a.n.g.e! this, and then another twenty letters",
            "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        ):
            says(f"secret_fault({secret!r})", answer.secret_fault(secret), without=secret)

    def test_short_secret(self):
        """31 bytes are too few and 32 enough; blanks around do not count, letters beyond ASCII count by bytes."""
        for secret in ("k", "k" * 31, "ä" * 15 + "k", "k" * 31 + " ", " " * 20 + "k" * 20):
            says(f"secret_fault({secret!r})", answer.secret_fault(secret), word="32")
        for secret in ("hunter2", "hunter2" * 4 + "xyz", "  hunter2  "):
            says(f"secret_fault({secret!r})", answer.secret_fault(secret), without="hunter2", word="32")
        for secret in ("k" * 32, "ä" * 16):
            expect_equal(answer.secret_fault(secret), None, f"secret_fault({secret!r})")

    def test_unusable_secret(self):
        """A secret that python-jose takes for another kind of key is refused."""
        for secret in (
            "-----BEGIN PUBLIC KEY-----\n" + "A" * 40,
            "ssh-rsa " + "A" * 40,
            json.dumps({"kty": "oct", "k": "A" * 40}),
            json.dumps(["A" * 40]),
            "long enough, with half a pair \ud800",
        ):
            says(f"secret_fault({secret!r})", answer.secret_fault(secret), without=secret)
            name = "_".join(["SECRET", "KEY"])
            says(f"production_fault('SECRET_KEY', {secret!r})", answer.production_fault(name, secret))

    @pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
    def test_missing_url(self, name):
        """A server needs its database and its Redis."""
        for value in (None, "", "  "):
            says(f"production_fault({name!r}, {value!r})", answer.production_fault(name, value))

    def test_wildcards(self):
        """`*` is no list of origins or hosts, alone or among others, and no hosts at all are every host."""
        for name in ("ALLOWED_ORIGINS", "ALLOWED_HOSTS"):
            for value in (("*",), ("shop.example", "*")):
                says(f"production_fault({name!r}, {value!r})", answer.production_fault(name, value))
        says("production_fault('ALLOWED_HOSTS', ())", answer.production_fault("_".join(["ALLOWED", "HOSTS"]), ()))

    def test_other_settings(self):
        """No other setting is objected to."""
        for name, value in (("SMTP_URL", None), ("TRUSTED_PROXIES", ()), ("ALGORITHM", ""), ("OTHER", "*")):
            expect_equal(answer.production_fault(name, value), None, f"production_fault({name!r}, {value!r})")


EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HSTS = "max-age=31536000; includeSubDomains"


def answering(status: int = 200, headers: dict[str, str] | None = None) -> Any:
    """An app that gives this answer, a new one each time."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({}, status, headers=headers)(scope, receive, send)

    return app


async def get(app: Any, url: str = "https://course.test/", **options: Any) -> httpx.Response:
    async with client_for(app) as client:
        return await client.get(url, **options)


@pytest.mark.exercise("12.2")
class TestSecurityHeaders:
    @pytest.mark.parametrize("status", [200, 404, 500])
    async def test_on_every_answer(self, status):
        """Every answer has the four headers, errors too."""
        response = await get(answer.SecurityHeadersMiddleware(answering(status)))
        expect_status(response, status)
        for name, value in EXPECTED.items():
            expect_equal(response.headers.get_list(name), [value], f"GET /, answered {status}: {name}")

    async def test_hsts_on_https_alone(self):
        """Strict-Transport-Security is on answers over https, and not on those over http."""
        app = answer.SecurityHeadersMiddleware(answering())
        response = await get(app)
        expect_equal(response.headers.get_list("Strict-Transport-Security"), [HSTS], "GET / over https: its value")
        response = await get(app, "http://course.test/")
        expect_equal(response.headers.get_list("Strict-Transport-Security"), [], "GET / over http: its value")
        response = await get(app, "http://course.test/", headers={"X-Forwarded-Proto": "https"})
        sent = "GET / over http with X-Forwarded-Proto: https: its value"
        expect_equal(response.headers.get_list("Strict-Transport-Security"), [], sent)

    async def test_scheme_corrected_on_the_way(self):
        """The scheme counts that the scope has when the answer starts."""

        async def corrects(scope: Any, receive: Any, send: Any) -> None:
            scope["scheme"] = "https"
            await answering()(scope, receive, send)

        response = await get(answer.SecurityHeadersMiddleware(corrects), "http://course.test/")
        sent = "GET / over http, corrected to https further in: Strict-Transport-Security"
        expect_equal(response.headers.get_list("Strict-Transport-Security"), [HSTS], sent)

    async def test_two_requests_at_once(self):
        """Two requests at the same time do not share a scheme."""
        waiting, done = asyncio.Event(), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/slow":
                waiting.set()
                await done.wait()
            await answering()(scope, receive, send)

        app = answer.SecurityHeadersMiddleware(slow)
        first = asyncio.ensure_future(get(app, "http://course.test/slow"))
        await asyncio.wait([first, asyncio.ensure_future(waiting.wait())], return_when=asyncio.FIRST_COMPLETED)
        second = await get(app, "https://course.test/")
        done.set()
        got = [response.headers.get("Strict-Transport-Security") for response in (await first, second)]
        expect_equal(got, [None, HSTS], "GET over http, and GET over https before it was answered: both values")

    async def test_scheme_left_out(self):
        """A scope without a scheme is one of http: the four headers, and no Strict-Transport-Security."""
        status, headers, _ = await call(answer.SecurityHeadersMiddleware(answering()), scheme=None)
        expect_equal(status, 200, "a request without a scheme")
        there = {name: headers.get(name.lower()) for name in EXPECTED}
        expect_equal(there, EXPECTED, "a request without a scheme: the headers")
        expect_equal(headers.get("strict-transport-security"), None, "a request without a scheme: its value")

    async def test_what_is_there_stays(self):
        """A header that the answer brings is kept, once; all others of the answer are kept as well."""
        own = {
            "content-security-policy": "script-src 'self'",
            "X-FRAME-OPTIONS": "SAMEORIGIN",
            "Strict-Transport-Security": "max-age=0",
            "X-Own": "here",
        }
        response = await get(answer.SecurityHeadersMiddleware(answering(headers=own)))
        for name, value in own.items():
            expect_equal(response.headers.get_list(name), [value], f"GET /, answered with its own {name}: {name}")
        expect_equal(response.headers.get_list("Referrer-Policy"), ["no-referrer"], "GET /: Referrer-Policy")

    async def test_body_and_second_answer(self):
        """Body and status arrive as they were, whatever follows the body too, and a second answer is like the first."""
        app = FastAPI()
        app.get("/")(lambda: {"hello": "world"})
        wrapped = answer.SecurityHeadersMiddleware(app)
        async with client_for(wrapped) as client:
            for _ in range(2):
                response = await client.get("/")
                expect_status(response, 200)
                expect_equal(response.json(), {"hello": "world"}, "GET /: the body")
                expect_equal(len(response.headers.get_list("X-Frame-Options")), 1, "GET /: how often X-Frame-Options")
        sent: list[Any] = []

        async def keep(message: Any) -> None:
            sent.append(message)

        async def with_trailers(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
            await send({"type": "http.response.body", "body": b"hello"})
            await send({"type": "http.response.trailers", "headers": [(b"x-own", b"1")]})

        await answer.SecurityHeadersMiddleware(with_trailers)({"type": HTTP, "scheme": HTTP, "headers": []}, None, keep)
        expect_equal(
            [message["type"] for message in sent][1:], ["http.response.body", "http.response.trailers"], "sent"
        )
        expect_equal(list(sent[-1]["headers"]), [(b"x-own", b"1")], "an answer with trailers: the trailers")

    async def test_lifespan_is_handed_on(self):
        """What is no HTTP request is handed on as it is."""
        seen: list[Any] = []

        async def inner(*arguments: Any) -> None:
            seen.extend(arguments)

        async def nothing(*_: Any) -> None:
            return None

        for scope in ({"type": "lifespan"}, {"type": "websocket", "scheme": "wss", "headers": []}, {"type": "amqp"}):
            seen.clear()
            await answer.SecurityHeadersMiddleware(inner)(scope, nothing, nothing)
            handed_on = len(seen) == 3 and seen[0] is scope and seen[1] is nothing and seen[2] is nothing
            assert handed_on, told(f"a scope of type {scope['type']}", "the same scope, receive and send", "others")


async def call(app: Any, **changes: Any) -> tuple[int, dict[str, str], bytes]:
    """Call an ASGI app; return status, headers and body of its answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": HTTP,
        "method": "GET",
        "scheme": HTTP,
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"course.test")],
    } | changes
    await app({name: value for name, value in scope.items() if value is not None}, receive, send)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


async def inside(scope: Any, receive: Any, send: Any) -> None:
    """The app behind the redirect."""
    await answering(299)(scope, receive, send)


@pytest.mark.exercise("12.3")
class TestRedirect:
    async def test_308_without_a_body(self):
        """A request over http, of any method, is answered 308 with the https URL and an empty body."""
        app = answer.HTTPSRedirectMiddleware(inside)
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, body = await call(app, method=method, path="/items", raw_path=b"/items")
            sent = f"{method} http://course.test/items"
            expect_equal(status, 308, sent)
            expect_equal(headers.get("location"), "https://course.test/items", f"{sent}: Location")
            expect_equal(body, b"", f"{sent}: the body")

    async def test_host_without_port(self):
        """The host of the request, in lower case and without port."""
        app = answer.HTTPSRedirectMiddleware(inside)
        for host, name in ((b"course.test:8080", "course.test"), (b"API.Course.Test", "api.course.test")):
            _, headers, _ = await call(app, headers=[(b"host", host)])
            expect_equal(headers.get("location"), f"https://{name}/", f"Host: {host.decode()}: Location")

    async def test_path_and_query_as_they_came(self):
        """What is percent-encoded in path or query stays so; control characters and bytes beyond ASCII become so."""
        app = answer.HTTPSRedirectMiddleware(inside)
        for raw, query, tail in (
            (b"/a%20b/x%2Fy", b"", "/a%20b/x%2Fy"),
            (b"/items", b"q=tea%20pot&sort=-price", "/items?q=tea%20pot&sort=-price"),
            (b"/~me/(a),b;c=d:e@f", b"a=1&a=2", "/~me/(a),b;c=d:e@f?a=1&a=2"),
            (b"/items", b"next=/a?b", "/items?next=/a?b"),
        ):
            path = httpx.URL("https://course.test" + raw.decode()).path
            _, headers, _ = await call(app, path=path, raw_path=raw, query_string=query)
            sent = f"http://course.test{raw.decode()} with query {query.decode()!r}: Location"
            expect_equal(headers.get("location"), f"https://course.test{tail}", sent)
        _, headers, _ = await call(app, path="/x", raw_path=b"/a\r\nb\xc3\xa4 c", query_string=b"q=\r\n\xff")
        expected = "https://course.test/a%0D%0Ab%C3%A4%20c?q=%0D%0A%FF"
        expect_equal(headers.get("location"), expected, "a path and a query with strange bytes: Location")

    async def test_targets_that_are_no_path(self):
        """The redirect stays on the host, whatever stands where a path belongs."""
        app = answer.HTTPSRedirectMiddleware(inside)
        for target, tail in (
            (b"http://course.test/items", "/items"),
            (b"HTTP://evil.example:80/items/http://x/", "/items/http://x/"),
            (b"http://evil.example", "/"),
            (b"@evil.example/", "/@evil.example/"),
            (b".evil.example/x", "/.evil.example/x"),
            (b":80@evil.example", "/:80@evil.example"),
            (b"*", "/*"),
            (b"//evil.example/x", "//evil.example/x"),
            (b"/http://evil.example/x", "/http://evil.example/x"),
        ):
            _, headers, _ = await call(app, path=target.decode(), raw_path=target, query_string=b"a=1")
            sent = f"the target {target.decode()}?a=1 over http, Host: course.test: Location"
            expect_equal(headers.get("location"), f"https://course.test{tail}?a=1", sent)

    async def test_left_out(self):
        """Where the server gives no raw_path, the path is encoded; where it gives no scheme, it was http."""
        app = answer.HTTPSRedirectMiddleware(inside)
        _, headers, _ = await call(app, path="/tea pot/ä", raw_path=None)
        expect_equal(headers.get("location"), "https://course.test/tea%20pot/%C3%A4", "path '/tea pot/ä': Location")
        _, headers, _ = await call(app, path="/100%41", raw_path=None)
        expect_equal(headers.get("location"), "https://course.test/100%2541", "no raw_path, path '/100%41': Location")
        status, headers, _ = await call(app, scheme=None)
        expect_equal(status, 308, "a request without a scheme")
        expect_equal(headers.get("location"), "https://course.test/", "a request without a scheme: Location")

    async def test_who_is_not_redirected(self):
        """https and the two health routes reach the app; a longer path of that beginning does not."""
        app = answer.HTTPSRedirectMiddleware(inside)
        for changes in (
            {"scheme": HTTP + "s", "path": "/items", "raw_path": b"/items"},
            {"path": "/health/live", "raw_path": b"/health/live"},
            {"path": "/health/ready", "raw_path": b"/health/ready"},
            {"path": "/v/health/ready", "raw_path": b"/v/health/ready", "root_path": "/v"},
        ):
            status, _, _ = await call(app, **changes)
            expect_equal(status, 299, f"{changes.get('scheme', 'http')}, path {changes['path']}")
        status, _, _ = await call(app, path="/health/live/x", raw_path=b"/health/live/x")
        expect_equal(status, 308, "http, path /health/live/x")

    async def test_proxy_header_is_not_read(self):
        """The scheme is the scope's; X-Forwarded-Proto and X-Forwarded-Host of a client change nothing."""
        app = answer.HTTPSRedirectMiddleware(inside)
        headers = [(b"host", b"course.test"), (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"evil.example")]
        status, got, _ = await call(app, headers=headers)
        expect_equal(status, 308, "http with X-Forwarded-Proto: https")
        expect_equal(got.get("location"), "https://course.test/", "http with X-Forwarded-Host: Location")

    async def test_other_types(self):
        """What is no HTTP request goes to the app."""
        seen: list[Any] = []

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])

        rest = {"path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
        for scope in ({"type": "lifespan"}, {"type": "websocket", "scheme": "ws", **rest}, {"type": "amqp", **rest}):
            await answer.HTTPSRedirectMiddleware(inner)(scope, None, None)
        expect_equal(seen, ["lifespan", "websocket", "amqp"], "what is no HTTP request: what the app saw")


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What is written to the audit log."""
    with logged("course_app.audit") as kept:
        yield kept


EVENTS = ("registered", "login", "logout", "password_changed", "role_changed", "deactivated", "deleted")
TROUBLE = ("login_failed", "throttled")


@pytest.mark.exercise("12.4")
class TestAudit:
    def test_every_event(self, records):
        """Each event is one record with its name as the message."""
        for event in (*EVENTS, *TROUBLE):
            records.clear()
            answer.Audit("10.0.0.1").record(event, "ada")
            expect_equal([record.getMessage() for record in records], [event], f"record({event!r}, 'ada'): messages")

    def test_levels(self, records):
        """What looks like an attack is a warning, everything else information."""
        for events, level in ((EVENTS, "INFO"), (TROUBLE, "WARNING")):
            for event in events:
                records.clear()
                answer.Audit("10.0.0.1").record(event, "ada")
                expect_equal([r.levelname for r in records], [level], f"record({event!r}, 'ada'): the level")

    def test_extras(self, records):
        """The record has audit, account, address and by."""
        answer.Audit("10.0.0.1", "boss").record("deactivated", "ada")
        for name, value in {"audit": True, "account": "ada", "address": "10.0.0.1", "by": "boss"}.items():
            expect_equal(getattr(records[0], name, ...), value, f"Audit('10.0.0.1', 'boss'): the record's {name}")

    def test_nobody(self, records):
        """Without account, address or somebody signed in, the extras are there and None."""
        answer.Audit(None).record("login_failed", None)
        for name in ("account", "address", "by"):
            expect_equal(getattr(records[0], name, ...), None, f"Audit(None).record('login_failed', None): its {name}")
        answer.Audit("10.0.0.1").record("login_failed", "ada")
        expect_equal(getattr(records[1], "by", ...), None, "Audit('10.0.0.1').record('login_failed', 'ada'): its by")

    def test_nothing_else(self, records):
        """The record has no other extras, and no exception."""
        try:
            raise RuntimeError("hunter2")
        except RuntimeError:
            answer.Audit("10.0.0.1", "boss").record("role_changed", "ada", role="manager")
        usual = {*vars(logging.makeLogRecord({})), "message", "asctime"}
        extras = sorted(vars(records[0]).keys() - usual)
        expected = ["account", "address", "audit", "by", "role"]
        expect_equal(extras, expected, "record('role_changed', 'ada', role='manager'): the extras")
        assert not records[0].exc_info, told("record(...) while an exception is handled", "no exc_info", "one")

    def test_facts(self, records):
        """A fact that is allowed is an extra."""
        answer.Audit("10.0.0.1").record("role_changed", "ada", role="manager")
        expect_equal(getattr(records[0], "role", ...), "manager", "record(..., role='manager'): the record's role")

    def test_unknown_event(self, records):
        """An event that is not in the vocabulary is refused, and nothing is written."""
        for event in ("login failed for hunter2", "LOGIN", "", "Event"):
            sent = f"Audit('10.0.0.77').record({event!r}, 'account-77')"
            error = raises(ValueError, answer.Audit("10.0.0.77").record, event, "account-77", sent=sent)
            for secret in ("hunter2", "account-77", "10.0.0.77"):
                assert secret not in str(error), told(sent, "an error without what was handed over", str(error))
        expect_equal(len(records), 0, "unknown events: records written")

    def test_unknown_fact(self, records):
        """A fact that is not allowed is refused, and nothing is written, not even with one that is."""
        for facts in (
            {"password": "hunter2"},
            {"email": "hunter2@example.com"},
            {"role": "user", "token": "hunter2"},
            {"colour_of_hat": "hunter2"},
            {"remark": "hunter2"},
            {"Role": "hunter2"},
        ):
            given = ", ".join(f"{name}={value!r}" for name, value in facts.items())
            sent = f"Audit('10.0.0.77').record('login', 'account-77', {given})"
            error = raises(ValueError, answer.Audit("10.0.0.77").record, "login", "account-77", **facts, sent=sent)
            for secret in ("hunter2", "account-77", "10.0.0.77", "colour_of_hat"):
                assert secret not in str(error), told(sent, "an error without what was handed over", str(error))
        expect_equal(len(records), 0, "facts that are not allowed: records written")


class Guesses:
    """A password, the guesses at it that were verified, and how many at once."""

    def __init__(self) -> None:
        self.verified = 0
        self.together = 0
        self.most = 0

    def of(self, right: bool) -> Any:
        async def verify() -> bool:
            self.verified += 1
            self.together += 1
            self.most = max(self.most, self.together)
            await asyncio.sleep(0.001)
            self.together -= 1
            return right

        return verify


class Stuck:
    """A window in a Redis that is down."""

    async def count(self, limits: Any) -> int | None:
        from course_app.core.redis_gate import RedisDown

        raise RedisDown

    async def forget(self, key: str) -> None:
        from course_app.core.redis_gate import RedisDown

        raise RedisDown


@pytest.fixture(params=["Redis", "no Redis"])
async def throttle(anyio_backend: str, request: Any, clock: Any) -> AsyncIterator[Any]:
    """The throttle, with a Redis and with one that is down."""
    from course_app.core.redis_gate import RedisGate
    from course_app.core.redis_window import RedisWindow
    from course_app.core.sliding_window import SlidingWindow

    own = SlidingWindow(clock=clock, window=QUARTER)
    if request.param == "no Redis":
        yield answer.LoginThrottle(Stuck(), own)
        return
    async with FakeAsyncRedis(server=FakeServer()) as redis:
        window = RedisWindow(RedisGate(redis), clock=clock, window=QUARTER, prefix="failures")
        yield answer.LoginThrottle(window, own)


async def fail(throttle: Any, guesses: Guesses, times: int, account: str = "ada", address: str = "10.0.0.1") -> None:
    for number in range(times):
        got = await throttle.attempt(account, address, guesses.of(right=False))
        expect_equal(got, False, f"attempt {number + 1} with a wrong password")


async def refused(throttle: Any, guesses: Guesses, right: bool = True) -> Any:
    from course_app.core.errors import TooManyRequests

    before = guesses.verified
    waiting = throttle.attempt("ada", "10.0.0.1", guesses.of(right))
    error = await raises_async(TooManyRequests, lambda: waiting, sent="an attempt after five failures")
    expect_equal(guesses.verified, before, "an attempt after five failures: passwords verified")
    return error


@pytest.mark.exercise("12.5")
class TestThrottle:
    async def test_five_failures(self, throttle):
        """Five wrong passwords are verified, the sixth attempt is refused, right or wrong."""
        guesses = Guesses()
        await fail(throttle, guesses, 5)
        await refused(throttle, guesses, right=False)
        await refused(throttle, guesses, right=True)

    async def test_success_resets(self, throttle):
        """A right password is let in after four failures, and takes them all back."""
        guesses = Guesses()
        for _ in range(3):
            await fail(throttle, guesses, 4)
            before = guesses.verified
            got = await throttle.attempt("ada", "10.0.0.1", guesses.of(right=True))
            expect_equal(got, True, "a right password after four failures")
            expect_equal(guesses.verified - before, 1, "a right password after four failures: calls of verify")
        await fail(throttle, guesses, 5)
        await refused(throttle, guesses)

    async def test_many_right_passwords(self, throttle):
        """Right passwords are not counted, one after the other or sent together."""
        guesses = Guesses()
        attempts = [throttle.attempt("ada", "10.0.0.1", guesses.of(right=True)) for _ in range(8)]
        got = await asyncio.gather(*attempts, return_exceptions=True)
        told_apart = [result if isinstance(result, bool) else type(result).__name__ for result in got]
        expect_equal(told_apart, [True] * 8, "eight right passwords sent together")

    async def test_guesses_sent_together(self, throttle):
        """Of thirty wrong passwords sent together, five are verified."""
        guesses = Guesses()
        attempts = [throttle.attempt("ada", "10.0.0.1", guesses.of(right=False)) for _ in range(30)]
        got = await asyncio.gather(*attempts, return_exceptions=True)
        expect_equal(guesses.verified, 5, "thirty wrong passwords sent together: passwords verified")
        expect_equal(sum(result is False for result in got), 5, "thirty wrong passwords sent together: answers False")

    async def test_seconds_to_wait(self, throttle, clock):
        """The refusal tells the seconds until the first failure is a quarter of an hour ago, and then it is over."""
        guesses = Guesses()
        await fail(throttle, guesses, 1)
        clock.advance(minutes=5)
        await fail(throttle, guesses, 4)
        error = await refused(throttle, guesses)
        expect_equal((error.headers or {}).get("Retry-After"), "600", "after five failures: Retry-After")
        clock.advance(seconds=599)
        await refused(throttle, guesses)
        clock.advance(seconds=1)
        await fail(throttle, guesses, 1)
        await refused(throttle, guesses)

    async def test_others(self, throttle):
        """Another account, and another address, are not refused."""
        guesses = Guesses()
        await fail(throttle, guesses, 5)
        for account, address in (("bob", "10.0.0.1"), ("ada", "10.0.0.2"), ("ada", None)):
            got = await throttle.attempt(account, address, guesses.of(right=True))
            expect_equal(got, True, f"a right password for {account} from {address}")

    async def test_broken_attempt(self, throttle):
        """An exception of verify goes on, and the attempt stays counted."""

        class Broken(Exception):
            pass

        async def breaks() -> bool:
            raise Broken

        guesses = Guesses()
        for _ in range(5):
            await raises_async(Broken, throttle.attempt, "ada", "10.0.0.1", breaks, sent="attempt(...) that breaks")
        await refused(throttle, guesses)


def small_app(
    *,
    nosniff: str | None = "nosniff",
    error: Any = ...,
    body: Any = ...,
    status: int = 200,
    refusal: int = 404,
    raising: bool = False,
) -> Any:
    """An app with one operation, as documented or not."""
    failure = {"success": False, "errors": ["No."]}
    app = FastAPI()
    app.state.asked = 0

    @app.get("/half/{number}", responses={refusal: {"description": "No such number"}})
    async def half(number: int) -> dict[str, float]:
        app.state.asked += 1
        if raising:
            raise ZeroDivisionError  # not to be caught, although the chapter's experiment does
        if number == 0 and isinstance(error, bytes):
            return Response(error, refusal, headers={"X-Content-Type-Options": "nosniff"})  # type: ignore[return-value]
        content = (failure if error is ... else error) if number == 0 else ({"half": 1.0} if body is ... else body)
        headers = {"X-Content-Type-Options": nosniff} if nosniff else {}
        return JSONResponse(content, refusal if number == 0 else status, headers=headers)  # type: ignore[return-value]

    return app


async def passes(app: Any, number: int) -> bool:
    import schemathesis

    operation = schemathesis.openapi.from_asgi("/openapi.json", app)["/half/{number}"]["GET"]
    return await learner_test_passes(answer.holds, case=operation.Case(path_parameters={"number": number}))


@pytest.mark.exercise("12.6")
class TestProperty:
    async def test_right_app(self):
        """It sends the case once, and passes on answers as they should be, successes and errors."""
        for number, refusal in ((4, 404), (0, 404), (0, 400)):
            sent = f"GET /half/{number} of a right app"
            app = small_app(refusal=refusal)
            assert await passes(app, number), told(sent, "passes", "fails")
            expect_equal(app.state.asked, 1, f"{sent}: how often")

    @pytest.mark.parametrize(
        ("fault", "number"),
        [
            pytest.param({"raising": True}, 4, id="raises"),
            pytest.param({"status": 500}, 4, id="500"),
            pytest.param({"status": 202}, 4, id="undocumented status"),
            pytest.param({"body": {"half": "one"}}, 4, id="another body than documented"),
        ],
    )
    async def test_against_the_document(self, fault, number):
        """It fails on exceptions, server errors, and answers that the document does not have."""
        assert not await passes(small_app(**fault), number), told(f"GET /half/{number}, {fault}", "fails", "passes")

    async def test_header(self):
        """It fails where the header is not there or says something else, on a success and on an error."""
        for number in (4, 0):
            for value in (None, "none", "unknown"):
                sent = f"GET /half/{number}, answered with X-Content-Type-Options: {value}"
                assert not await passes(small_app(nosniff=value), number), told(sent, "fails", "passes")

    @pytest.mark.parametrize(
        "error",
        [
            {"detail": "No."},
            {"success": True, "errors": ["No."]},
            {"success": None, "errors": ["No."]},
            {"success": 0, "errors": ["No."]},
            {"success": False, "errors": []},
            {"success": False, "errors": None},
            {"success": False, "errors": "No."},
            ["No."],
            "No.",
            b"no JSON",
        ],
    )
    async def test_envelope(self, error):
        """It fails on an error that is no envelope."""
        shown = error.decode() if isinstance(error, bytes) else json.dumps(error)
        sent = f"GET /half/0, answered 404 with {shown}"
        assert not await passes(small_app(error=error), 0), told(sent, "fails", "passes")
        sent = f"GET /half/0, answered 400 with {shown}"
        assert not await passes(small_app(error=error, refusal=400), 0), told(sent, "fails", "passes")


def attacks() -> list[Any]:
    found = answer.ATTACKS
    assert isinstance(found, list | tuple), told("ATTACKS", "a list", type(found).__name__)
    for number, attack in enumerate(found, start=1):
        it = f"attack {number} of ATTACKS"
        assert isinstance(attack, answer.Attack), told(it, "an Attack(...)", attack)
        assert isinstance(attack.path, str), told(f"{it}: path", "a text", attack.path)
        assert isinstance(attack.method, str), told(f"{it}: method", "a text", attack.method)
        assert isinstance(attack.options, dict), told(f"{it}: options", "a dictionary", attack.options)
        assert type(attack.times) is int, told(f"{it}: times", "a whole number", attack.times)
        assert attack.times >= 1, told(f"{it}: times", "1 or more", attack.times)
    return list(found)


def line(number: int, attack: Any) -> str:
    return f"attack {number}, {attack.method} {attack.path} by {attack.who or 'a stranger'}"


def without_numbers(path: str) -> str:
    return re.sub(r"(?<=/)[0-9]+", "N", path.partition("?")[0])


def none_of(faults: list[str]) -> None:
    """Assert that no attack has a fault; tell all of them."""
    assert not faults, "; ".join(faults)


@pytest.mark.exercise("12.7")
class TestExam:
    def test_twenty_different(self):
        """There are at least twenty attacks, no two the same."""
        kinds: dict[Any, int] = {}
        for number, a in enumerate(attacks(), start=1):
            kind = (a.who, a.method.upper(), a.path, repr(sorted(a.options.items(), key=repr)))
            first = kinds.setdefault(kind, number)
            assert first == number, told(line(number, a), "another request than each before", f"attack {first} again")
        assert len(kinds) >= 20, told("ATTACKS", "at least 20", len(kinds))

    def test_not_all_alike(self):
        """At most three are alike in who, method, path without numbers and status."""
        alike: dict[Any, list[int]] = {}
        for number, a in enumerate(attacks(), start=1):
            kind = (a.who, a.method.upper(), without_numbers(a.path), a.refused_with)
            alike.setdefault(kind, []).append(number)
        for (who, method, path, status), numbers in alike.items():
            sent = f"ATTACKS: {method} {path} by {who or 'a stranger'}, refused with {status}"
            assert len(numbers) <= 3, told(sent, "three or fewer", f"{len(numbers)}, the attacks {numbers}")

    def test_no_missing_items(self):
        """A 404 for an item that is not there is no attack."""
        for number, a in enumerate(attacks(), start=1):
            missing = a.refused_with == 404 and re.fullmatch("/api/v1/items/N(/reserve)?", without_numbers(a.path))
            assert not missing, told(line(number, a), "an attack", "a 404 for an item that is not there")

    def test_chapters(self):
        """Each names a chapter from 2 to 12, and at least eight of them are named."""
        for number, attack in enumerate(attacks(), start=1):
            chapter = attack.chapter
            assert chapter in range(2, 13), told(line(number, attack), "a chapter from 2 to 12", repr(chapter))
        chapters = {attack.chapter for attack in attacks()}
        assert len(chapters) >= 8, told("ATTACKS", "at least 8 chapters", len(chapters))

    def test_refusals(self):
        """Each says which status from 400 to 499 refuses it, and at least six of them are named."""
        for number, attack in enumerate(attacks(), start=1):
            status = attack.refused_with
            assert status in range(400, 500), told(line(number, attack), "a status from 400 to 499", repr(status))
        statuses = {attack.refused_with for attack in attacks()}
        assert len(statuses) >= 6, told("ATTACKS", "at least 6 statuses", len(statuses))

    def test_operations(self):
        """They are aimed at at least ten operations of the app."""
        aims = {(attack.method, without_numbers(attack.path)) for attack in attacks()}
        assert len(aims) >= 10, told("ATTACKS", "at least 10 different pairs of method and path", len(aims))

    async def test_paths(self, client):
        """Every path is one of the app."""
        paths = list((await client.get("/openapi.json")).json()["paths"])
        known = [re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "/?") for path in paths]
        faults = []
        for number, attack in enumerate(attacks(), start=1):
            path = httpx.URL(attack.path).raw_path.decode().partition("?")[0]
            there = path in ("/metrics", "/docs", "/openapi.json") or any(one.fullmatch(path) for one in known)
            if not there:
                faults.append(told(line(number, attack), "a path of the app", path))
        none_of(faults)

    @pytest.fixture
    def settings(self, settings):
        """The settings of the exam's app. Its tokens last a day: a minute passes before each attack."""
        exam = {"RATE_LIMIT_PER_MINUTE": 100, "ALLOWED_HOSTS": ("course.test",), "ACCESS_TOKEN_EXPIRE_MINUTES": 1440}
        return settings.model_copy(update=exam)

    async def test_every_attack_is_refused(self, app, client, client_as, clock):
        """Every attack is refused by the app with its status, the item is untouched, the admin active."""
        people: dict[str | None, Any] = {who: await client_as(who) for who in ("user", "manager", "admin")}
        people[None] = client
        created = await people["manager"].post(
            "/api/v1/items", json={"name": "Teapot", "price": "24.00", "quantity": 3}
        )
        expect_status(created, 201)
        faults = []
        for number, attack in enumerate(attacks(), start=1):
            sent = line(number, attack)
            assert attack.who in people, told(sent, "None, user, manager or admin", repr(attack.who))
            clock.advance(minutes=1)
            for _ in range(attack.times):
                response = await people[attack.who].request(attack.method, attack.path, **attack.options)
            if response.status_code != attack.refused_with:
                faults.append(told(sent, attack.refused_with, f"{response.status_code} {response.text[:120]}".strip()))
        none_of(faults)
        clock.advance(minutes=1)
        item = (await client.get("/api/v1/items/1")).json()["data"]
        expect_equal(item, created.json()["data"], "GET /api/v1/items/1 after all attacks")
        admin = (await people["admin"].get("/api/v1/users/me")).json()["data"]
        expect_equal(admin and admin["is_active"], True, "GET /api/v1/users/me by the admin: is_active")
