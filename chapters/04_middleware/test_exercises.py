"""The checks of chapter 04."""

import asyncio
import importlib
import json
import logging
import random
import re
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from time import perf_counter
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

from coursekit.testing import answer, answer_module, expect_equal, logged, told

Message = dict[str, Any]
App = Callable[..., Awaitable[None]]
HEAD = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"tea", "more_body": False}
TRAILERS = {"type": "http.response.trailers", "headers": [], "more_trailers": False}


class Failing(Exception):
    """What the apps of these checks raise."""


def http_scope(*headers: tuple[bytes, bytes], **changes: Any) -> Message:
    scope = {
        "type": "".join(("ht", "tp")),  # the text, not the one object that Python keeps for it
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/tea",
        "raw_path": b"/tea",
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("192.0.2.7", 1234),
        "server": ("course.test", 80),
    }
    return scope | changes


async def receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def call(app: Any, scope: Message, receive: Any = receive) -> tuple[list[Message], BaseException | None]:
    """What an app sent, and what it raised."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, receive, send)
    except (Failing, asyncio.CancelledError) as error:
        return sent, error
    return sent, None


def answering(status: int = 200, headers: Any = (), *, raises: bool = False) -> App:
    """An app that answers every request with one piece of body, or raises first."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        if raises:
            raise Failing
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        await send(dict(BODY))

    return app


async def soon(awaitable: Any, said: str) -> Any:
    """What is awaited. Assert that nobody waits for somebody who waits too."""
    try:
        async with asyncio.timeout(3):
            return await awaitable
    except TimeoutError:
        raise AssertionError(told(said, "each is answered", "nobody is: one waits until the other is done")) from None


def values_of(message: Message, name: bytes) -> list[bytes]:
    return [value for key, value in message["headers"] if key.lower() == name]


async def passes_untouched(make: Callable[[App], Any]) -> None:
    """Assert that what is no HTTP request reaches the app with the scope, receive and send of the caller."""
    others = ({"type": "lifespan", "state": {}}, {"type": "websocket", "path": "/", "headers": []}, {"type": "custom"})
    for scope in others:
        got: list[Any] = []

        async def app(*arguments: Any, got: list[Any] = got) -> None:
            got.extend(arguments)

        async def send(message: Message) -> None:
            """Nothing is sent."""

        before = dict(scope)
        sent = f"a scope of type {scope['type']!r}"
        try:
            await make(app)(scope, receive, send)
        except Exception as error:
            because = answer_module.explain(error)
            raise AssertionError(f"{told(sent, 'the app is called')}, and it raised {because}") from error
        assert len(got) == 3, told(sent, "the app is called once", f"{len(got) // 3} calls")
        untouched = got[0] is scope and scope == before and got[1] is receive and got[2] is send
        assert untouched, told(sent, "the app gets the same scope, receive and send", "others, or a changed scope")


async def passes_messages(make: Callable[[App], Any], added: bytes = b"") -> None:
    """Assert that each message of an answer arrives at once, in its order, and unchanged but for the header `added`."""
    headers = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    pieces = [BODY | {"body": bytes([number]), "more_body": number < 3} for number in range(4)]
    own: list[Message] = [HEAD | {"status": 418, "trailers": True, "headers": headers}, *pieces]
    own.append(TRAILERS | {"headers": [(b"x-sum", b"1")]})
    arrived: list[Message] = []
    counts: list[int] = []
    asked: list[object] = []

    async def app(scope: Message, receive: Any, send: Any) -> None:
        asked.extend((scope["path"], await receive()))
        for message in own:
            await send(message | ({"headers": [*message["headers"]]} if "headers" in message else {}))
            counts.append(len(arrived))

    async def send(message: Message) -> None:
        arrived.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"milk", "more_body": False}

    await make(app)(http_scope(), receive, send)
    expect_equal(asked, ["/tea", await receive()], "POST /tea with the body milk: what the app gets")
    for number, count in enumerate(counts, 1):
        expect_equal(
            count, number, f"the app has sent {number} of the {len(own)} messages of an answer: arrived so far"
        )
    expect_equal(len(arrived), len(own), "messages of an answer that arrived")
    for number, (message, expected) in enumerate(zip(arrived, own, strict=True), 1):
        got = dict(message)
        if number == 1:
            got["headers"] = [(name, value) for name, value in got.get("headers", ()) if name.lower() != added]
        expect_equal(
            got, expected, f"message {number} of an answer{' without the new header' * (number == 1 and bool(added))}"
        )


# --- 4.1 -------------------------------------------------------------------------------------------------------------

ID = b"x-request-id"
NEW = re.compile(r"[A-Za-z0-9._-]{16,64}")


class Identified:
    """One middleware: what it makes of the headers of a request."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.middleware = answer.RequestIDMiddleware(self.app)

    async def app(self, scope: Message, receive: Any, send: Any) -> None:
        self.seen.append(scope.get("state", {}).get("request_id"))
        await answering()(scope, receive, send)

    async def __call__(self, *headers: tuple[bytes, bytes]) -> tuple[str, str]:
        """The request ID in the scope and the one on the answer."""
        self.seen.clear()
        sent, _ = await call(self.middleware, http_scope(*headers))
        values = [value[:20].decode("latin-1") for _, value in headers]
        said = f"GET /tea with {' and '.join(f'X-Request-ID: {value!r}' for value in values) or 'no X-Request-ID'}"
        assert self.seen, told(said, "the app is called", "it is not")
        inside = self.seen[0]
        assert isinstance(inside, str), told(f'{said}: scope["state"]["request_id"] in the app', "a text", inside)
        assert sent, told(said, "an answer", "none")
        values = values_of(sent[0], ID)
        assert len(values) == 1, told(f"{said}: X-Request-ID on the answer", "exactly one", values)
        return inside, values[0].decode("latin-1")


async def identified(*headers: tuple[bytes, bytes]) -> tuple[str, str]:
    """The request ID in the scope and the one on the answer, of a middleware's first request."""
    return await Identified()(*headers)


@pytest.mark.exercise("4.1")
class TestRequestID:
    @pytest.mark.parametrize("sent", ["a", "7", "order-4711", "A-z_0.9", "x" * 64, "...", "-"])
    async def test_keeps_a_good_one(self, sent):
        """An ID of 1 to 64 allowed characters is kept, in the scope and on the answer."""
        got = await identified((ID, sent.encode()))
        expect_equal(got, (sent, sent), f"X-Request-ID: {sent} (in the scope, on the answer)")

    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"x" * 65,
            b"x" * 60_000,
            b"a b",
            b" a",
            b"a,b",
            b"a/b",
            b"caf\xe9",
            b"\xb2\xb3",
            b"abc\n",
            b"a\nb",
            b"<b>",
        ],
    )
    async def test_replaces_a_bad_one(self, sent):
        """An ID that is empty, too long or has another character is replaced by a new one."""
        inside, outside = await identified((ID, sent))
        said = f"X-Request-ID: {sent[:20].decode('latin-1')!r}, {len(sent)} characters long"
        expect_equal(outside, inside, f"{said}: the ID on the answer is the one in the scope")
        assert NEW.fullmatch(outside), told(said, "a new ID of 16 to 64 allowed characters", repr(outside[:80]))
        again, _ = await identified((ID, sent))
        assert again != inside, told(
            f"{said}, sent twice", "two new IDs, made of nothing that was sent", f"twice {again}"
        )

    async def test_two_are_none(self):
        """An ID that was sent more than once is replaced, also when it was sent twice alike."""
        for pair in ((b"one", b"two"), (b"one", b"one")):
            inside, outside = await identified(*((ID, value) for value in pair))
            said = f"two headers X-Request-ID, {pair[0].decode()} and {pair[1].decode()}"
            expect_equal(outside, inside, f"{said}: the ID on the answer is the one in the scope")
            assert NEW.fullmatch(outside), told(said, "a new ID", outside)

    async def test_new_ones(self):
        """A new ID is random, 16 to 64 allowed characters, another one for each request and each object."""
        made, one = [], Identified()
        for number in range(100):
            random.seed(0)
            inside, outside = await (one() if number % 2 else identified())
            expect_equal(outside, inside, "no X-Request-ID: the ID on the answer is the one in the scope")
            made.append(outside)
        bad = next((new for new in made if not NEW.fullmatch(new)), "")
        assert not bad, told("100 new IDs", "16 to 64 of A-Z a-z 0-9 . _ -", repr(bad[:80]))
        assert len(set(made)) == 100, told(
            "100 requests with random.seed(0) before each: different IDs", 100, len(set(made))
        )
        varied = sum(len(set(column)) >= 8 for column in zip(*made, strict=False))
        change = "1 of their characters changes" if varied == 1 else f"{varied} of their characters change"
        assert varied >= 12, told(
            "100 new IDs", "random ones", f"some that can be foretold: only {change} from ID to ID"
        )

    @pytest.mark.parametrize("status", [200, 204, 404, 500])
    async def test_on_every_answer(self, status):
        """Every answer carries it exactly once, also where the app set the header or reuses its list of headers."""
        shared = [
            (b"content-type", b"text/plain"),
            (ID, b"the-apps-own"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
        ]

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": status, "headers": shared})
            await send(dict(BODY))

        middleware, own = answer.RequestIDMiddleware(app), list(shared)
        for name in (b"first", b"second", b"third"):
            sent, _ = await call(middleware, http_scope((ID, name)))
            said = f"X-Request-ID: {name.decode()}, to an app that answers {status} with one list each time"
            assert sent, told(said, "an answer", "none")
            expect_equal(sent[0]["status"], status, f"{said}: status")
            expect_equal(values_of(sent[0], ID), [name], f"{said}: X-Request-ID on the answer")
            rest = [(key, value) for key, value in sent[0]["headers"] if key.lower() != ID]
            expected = [pair for pair in shared if pair[0] != ID]
            expect_equal(rest, expected, f"{said}: the other headers")
            expect_equal(shared, own, f"{said}: that list afterwards")

    async def test_state(self):
        """The ID is in the scope itself, not in a copy, and what is in scope["state"] already stays there."""
        for before in ({}, {"pool": "of the lifespan"}, None):
            scope = http_scope((ID, b"abc"))
            if before is not None:
                scope["state"] = dict(before)
            await call(answer.RequestIDMiddleware(answering()), scope)
            said = f"X-Request-ID: abc; scope['state'] was {'not there' if before is None else before}"
            expected = {**(before or {}), "request_id": "abc"}
            expect_equal(scope.get("state"), expected, f"{said}: what a layer outside finds in it afterwards")

    async def test_at_the_same_time(self):
        """Requests at the same time have an ID each."""
        both = asyncio.Barrier(2)

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await both.wait()
            await answering()(scope, receive, send)

        middleware = answer.RequestIDMiddleware(app)
        two = (call(middleware, http_scope((ID, name))) for name in (b"ada", b"bob"))
        answers = await soon(asyncio.gather(*two), "two requests at once")
        got = [values_of(sent[0], ID) for sent, _ in answers]
        expect_equal(got, [[b"ada"], [b"bob"]], "two requests at once, X-Request-ID: ada and bob")

    async def test_passes_on(self):
        """Messages pass at once and otherwise unchanged, and so do exceptions and what is no HTTP request."""
        await passes_messages(answer.RequestIDMiddleware, ID)
        await passes_untouched(answer.RequestIDMiddleware)
        sent, error = await call(answer.RequestIDMiddleware(answering(raises=True)), http_scope())
        said = "a request to an app that raises"
        assert isinstance(error, Failing), told(said, "its exception reaches the caller", f"{sent}, and no exception")


# --- 4.2 -------------------------------------------------------------------------------------------------------------


@contextmanager
def records() -> Iterator[list[logging.LogRecord]]:
    """Every record that is written while this is open, whichever logger it goes to."""
    quiet = logging.getLogger("asyncio")
    with logged() as found:
        disabled, quiet.disabled = quiet.disabled, True
        try:
            yield found
        finally:
            quiet.disabled = disabled


class Timer:
    """Seconds that pass when a check says so."""

    def __init__(self) -> None:
        self.seconds = 0.75

    def __call__(self) -> float:
        return self.seconds


FACTS = ("method", "route", "status", "duration_ms", "request_id")


def facts_of(found: list[logging.LogRecord], said: str) -> dict[str, Any]:
    """The facts of the one record there should be."""
    assert len(found) == 1, told(f"{said}: records in the log", 1, len(found))
    missing = [name for name in FACTS if name not in vars(found[0])]
    assert not missing, told(f"{said}: attributes of the record", ", ".join(FACTS), f"without {', '.join(missing)}")
    return {name: getattr(found[0], name) for name in FACTS}


def as_milliseconds(value: object, expected: float, said: str) -> None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value - expected) < 0.01
    assert good, told(f"{said}: duration_ms", expected, repr(value))


@pytest.mark.exercise("4.2")
class TestAccessLog:
    async def test_the_record(self):
        """One record for each request: INFO, "request", with method, status and request_id."""
        for method, status, state in (
            ("GET", 200, {"request_id": "abc"}),
            ("DELETE", 204, {"request_id": "d"}),
            ("POST", 422, {}),
            ("GET", 500, {"request_id": "e"}),
        ):
            said = f"{method} /tea, answered with {status}, state {state}"
            with records() as found:
                scope = http_scope(method=method, state=dict(state))
                sent, _ = await call(answer.AccessLogMiddleware(answering(status)), scope)
            facts = facts_of(found, said)
            expect_equal(found[0].name, "course_app.access", f"{said}: the record's logger")
            got = (found[0].levelname, found[0].getMessage())
            expect_equal(got, ("INFO", "request"), f"{said}: the record's level and message")
            expect_equal(facts["method"], method, f"{said}: method")
            expect_equal(facts["status"], status, f"{said}: status")
            expect_equal(facts["request_id"], state.get("request_id"), f"{said}: request_id")
            expect_equal(len(sent), 2, f"{said}: messages of the answer")
        with records() as found:
            await call(answer.AccessLogMiddleware(answering()), http_scope())
        expect_equal(facts_of(found, "a scope without state")["request_id"], None, "a scope without state: request_id")

        async def naming(scope: Message, receive: Any, send: Any) -> None:
            scope.setdefault("state", {})["request_id"] = "named inside"
            await answering()(scope, receive, send)

        said = "a layer inside that puts the request ID into the scope"
        with records() as found:
            await call(answer.AccessLogMiddleware(naming), http_scope())
        expect_equal(facts_of(found, said)["request_id"], "named inside", f"{said}: request_id")

    async def test_route(self):
        """The route is the template that FastAPI chose, and None where no route matched."""
        router = APIRouter()
        router.get("/{number}")(lambda number: number)
        app = FastAPI()
        app.include_router(router, prefix="/tables")
        app.post("/orders")(lambda: None)
        middleware = answer.AccessLogMiddleware(app)
        for method, path, route in (
            ("GET", "/tables/7", "/tables/{number}"),
            ("POST", "/orders", "/orders"),
            ("GET", "/nowhere/7", None),
        ):
            with records() as found:
                await call(middleware, http_scope(method=method, path=path))
            expect_equal(facts_of(found, f"{method} {path}")["route"], route, f"{method} {path}: route")

    async def test_exceptions(self):
        """A request that ends in an exception has its record, with status 500, and the exception reaches the caller."""
        said = "a request to an app that raises before it answers"
        with records() as found:
            sent, error = await call(answer.AccessLogMiddleware(answering(raises=True)), http_scope())
        expect_equal(facts_of(found, said)["status"], 500, f"{said}: status")
        assert isinstance(error, Failing), told(said, "its exception reaches the caller", "it does not")
        expect_equal(sent, [], f"{said}: messages that the middleware sent")

    @pytest.mark.parametrize("status", [200, 404])
    async def test_exceptions_later(self, status):
        """An answer that has begun keeps its status, also if the app raises after it."""

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send(HEAD | {"status": status})
            await send(BODY | {"more_body": True})
            raise Failing

        said = f"a request to an app that raises in the middle of an answer of {status}"
        with records() as found:
            _, error = await call(answer.AccessLogMiddleware(app), http_scope())
        expect_equal(facts_of(found, said)["status"], status, f"{said}: status")
        assert isinstance(error, Failing), told(said, "its exception reaches the caller", "it does not")

    async def test_cancelled(self):
        """A request that is cancelled has its record too."""

        async def app(scope: Message, receive: Any, send: Any) -> None:
            raise asyncio.CancelledError

        said = "a request that is cancelled before it is answered"
        with records() as found:
            _, error = await call(answer.AccessLogMiddleware(app), http_scope())
        expect_equal(facts_of(found, said)["status"], 500, f"{said}: status")
        assert isinstance(error, asyncio.CancelledError), told(said, "CancelledError reaches the caller", "it does not")

    async def test_duration(self):
        """The record comes after the last piece of the answer, and its duration covers all of it."""
        timer = Timer()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            timer.seconds += 0.25
            await send(dict(HEAD))
            for more in (True, False):
                timer.seconds += 1
                assert not found, told("a streamed answer: the record", "after the last piece", "before it")
                await send(BODY | {"more_body": more})
            await send(dict(TRAILERS))
            timer.seconds += 0.125

        with records() as found:
            await call(answer.AccessLogMiddleware(app, timer), http_scope())
        said = "0.25 s until the answer begins, two pieces after 1 s each, 0.125 s after them"
        as_milliseconds(facts_of(found, said)["duration_ms"], 2375, said)

        async def failing(scope: Message, receive: Any, send: Any) -> None:
            timer.seconds += 0.5
            raise Failing

        with records() as found:
            await call(answer.AccessLogMiddleware(failing, timer=timer), http_scope())
        as_milliseconds(facts_of(found, "an exception after 0.5 s")["duration_ms"], 500, "an exception after 0.5 s")

    async def test_at_the_same_time(self):
        """Requests at the same time do not meet."""
        timer, adas_turn = Timer(), asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            if scope["path"] == "/ada":
                await adas_turn.wait()
                timer.seconds += 1
                await send(HEAD | {"status": 201})
            else:
                timer.seconds += 1
                await send(HEAD | {"status": 404})
            await send(dict(BODY))

        middleware = answer.AccessLogMiddleware(app, timer)
        with records() as found:
            ada = asyncio.create_task(call(middleware, http_scope(path="/ada", state={"request_id": "ada"})))
            await asyncio.sleep(0)
            timer.seconds += 1
            said = "Bob comes and goes while Ada waits"
            await soon(call(middleware, http_scope(path="/bob", state={"request_id": "bob"})), said)
            adas_turn.set()
            sent, _ = await ada
        by_name = {facts["request_id"]: facts for facts in (facts_of([record], said) for record in found)}
        expect_equal(sorted(map(str, by_name)), ["ada", "bob"], f"{said}: request_id of the records")
        for name, status, milliseconds in (("ada", 201, 3000), ("bob", 404, 1000)):
            expect_equal(by_name[name]["status"], status, f"{said}: status of {name}'s record")
            as_milliseconds(by_name[name]["duration_ms"], milliseconds, f"{said}, {name}'s record")
        assert sent, told("Ada's answer", "is sent", "it is not")
        expect_equal(sent[0]["status"], 201, "Ada's answer: status")

    async def test_passes_on(self):
        """Each message is passed on at once and unchanged, and what is no HTTP request goes to the app as it came."""
        await passes_messages(answer.AccessLogMiddleware)
        with records() as found:
            await passes_untouched(answer.AccessLogMiddleware)
        expect_equal(len(found), 0, "three scopes that are no HTTP request: records in the log")


# --- 4.3 -------------------------------------------------------------------------------------------------------------

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


class Line:
    """A window, its clock, and what happened so far, as text."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        self.window = answer.SlidingWindow(clock=lambda: self.now, **options)
        self.told: list[str] = []

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def admit(self, limits: dict[str, int]) -> Any:
        got = await self.window.admit(dict(limits))
        at = (self.now - START).total_seconds()
        self.told.append(f"{at:g} s {limits}: {'admitted' if got is None else got}")
        return got

    def so_far(self, last: int = 0) -> str:
        """The calls before the `last` ones, or how many there were and the end of them."""
        calls = self.told[: len(self.told) - last]
        cut = f"{len(calls) - 6} calls and then " if len(calls) > 6 else ""
        return cut + ("; ".join(calls[-6:]) or "nothing")

    async def expect(self, limits: dict[str, int], expected: int | None) -> None:
        got = await self.admit(limits)
        same = got == expected and type(got) is type(expected)
        assert same, told(
            f"admit({limits}) after {self.so_far(1)}",
            "None (admitted)" if expected is None else f"{expected} s to wait",
            repr(got),
        )


@pytest.mark.exercise("4.3")
class TestSlidingWindow:
    async def test_limit(self):
        """As many requests as the limit are admitted, by key and window, also when they come at once."""
        line, other = Line(), Line()
        for _ in range(3):
            await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, 60)
        await line.expect({"ada": 3}, 60)
        await line.expect({"bob": 1}, None)
        await line.expect({"bob": 1}, 60)
        await other.expect({"ada": 1}, None)

        line = Line()
        got = await soon(asyncio.gather(*(line.admit({"ada": 3}) for _ in range(10))), "ten calls at once")
        expect_equal(got, [None] * 3 + [60] * 7, "ten calls admit({'ada': 3}) started together: their results")

    async def test_slides(self):
        """A request counts for exactly one window: there is no edge to crowd at."""
        line = Line()
        await line.expect({"ada": 3}, None)
        line.wait(59)
        await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, 1)
        line.wait(0.999_999)
        await line.expect({"ada": 3}, 1)
        line.wait(0.000_001)
        await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, 59)
        line.wait(58.999_999)
        await line.expect({"ada": 3}, 1)
        line.wait(0.000_001)
        await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, None)
        await line.expect({"ada": 3}, 1)

    @pytest.mark.parametrize("length", [timedelta(seconds=10), timedelta(seconds=1.5), timedelta(days=2)])
    async def test_seconds(self, length):
        """The wait is told in whole seconds, rounded up, for a window of any length, and it is long enough."""
        line, seconds = Line(window=length), length.total_seconds()
        await line.expect({"ada": 1}, None)
        whole = int(seconds) if seconds == int(seconds) else int(seconds) + 1
        await line.expect({"ada": 1}, whole)
        line.wait(seconds - 1.001)
        await line.expect({"ada": 1}, 2)
        line.wait(0.001)
        await line.expect({"ada": 1}, 1)
        line.wait(1)
        await line.expect({"ada": 1}, None)

    async def test_refused(self):
        """A request that one key refuses counts for none, makes no wait longer and leaves no key behind."""
        line = Line()
        await line.expect({"user": 1, "address": 5}, None)
        line.wait(10)
        for _ in range(8):
            await line.expect({"user": 1, "address": 5}, 50)
            await line.expect({"address": 1, "other": 5}, 50)
        for _ in range(4):
            await line.expect({"address": 5}, None)
        await line.expect({"address": 5}, 50)
        for _ in range(5):
            await line.expect({"other": 5}, None)
        await line.expect({"new": 9, "address": 5, "other": 5}, 60)
        await line.expect({"other": 5, "address": 5, "new": 9}, 60)

        line = Line()
        await line.expect({"address": 1}, None)
        for seconds in range(59, 0, -1):
            line.wait(1)
            await line.expect({f"user {seconds}": 1, "address": 1}, seconds)
        expect_equal(len(line.window), 1, "one request admitted, 59 refused with a new user each: len(window)")
        line.wait(1)
        await line.expect({"address": 1}, None)

    async def test_other_limits(self):
        """A key may come with another limit: its count is the same, and the wait fits the limit of this call."""
        line = Line()
        for seconds in (0, 10, 10, 10, 10):
            line.wait(seconds)
            await line.expect({"address": 10}, None)
        await line.expect({"address": 5}, 20)
        await line.expect({"address": 2}, 50)
        await line.expect({"address": 1}, 60)
        await line.expect({"address": 3}, 40)
        await line.expect({"address": 6}, None)
        await line.expect({"address": 6}, 20)

    async def test_forgets(self):
        """Keys without a request in the window are forgotten, at whichever call comes next, and old times too."""
        line = Line()
        for number in range(50):
            await line.admit({f"address {number}": 5})
        line.wait(30)
        await line.admit({"address 7": 5})
        await line.admit({"late": 1})
        expect_equal(len(line.window), 51, "51 keys counted within the window: len(window)")
        line.wait(30)
        await line.expect({"late": 1}, 30)
        expect_equal(
            len(line.window), 2, "a minute after 49 of them were counted last, and a refused call: len(window)"
        )
        line.wait(30)
        await line.admit({"last": 1})
        expect_equal(len(line.window), 1, "another half minute later, and a call for another key: len(window)")

        async def bytes_after(requests: int) -> int:
            for _ in range(requests):
                line.now += timedelta(seconds=0.7)
                await line.window.admit({"busy": 100})
            return tracemalloc.get_traced_memory()[0]

        async def bytes_after_strangers(first: int, last: int) -> int:
            for number in range(first, last):
                line.now += timedelta(seconds=0.7)
                await line.window.admit({f"stranger {number}": 100})
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        early, late = await bytes_after(200), await bytes_after(1500)
        first, last = await bytes_after_strangers(0, 200), await bytes_after_strangers(200, 3200)
        tracemalloc.stop()
        for said, grown in (
            ("somebody who asks every 0.7 s: memory after 1700 requests, against 200", late - early),
            ("another client every 0.7 s: memory after 3200 clients, against 200", last - first),
        ):
            assert grown < 30_000, told(said, "about the same", f"{grown // 1000} kB more")

    async def test_looks_at_few(self):
        """A call does not look at every key that is remembered."""

        async def fastest(keys: int) -> float:
            line = Line()
            for number in range(keys):
                await line.window.admit({f"address {number}": 5})
            times = []
            for _ in range(5):
                begin = perf_counter()
                for _ in range(40):
                    line.now += timedelta(microseconds=1)
                    await line.window.admit({"ada": 1000})
                times.append(perf_counter() - begin)
            return min(times)

        few, many = await fastest(20), await fastest(4_000)
        times = f"{many / few:.0f} times as long"
        assert many < 10 * few, told("a call with 4 000 keys remembered, against one with 20", "about as long", times)

    async def test_a_long_line(self):
        """Hundreds of calls in a row are judged as the rules say."""
        chance = random.Random(4)
        for length in (60, 7):
            line, window = Line(window=timedelta(seconds=length)), timedelta(seconds=length)
            ledger: dict[str, list[datetime]] = {}
            for _ in range(300):
                line.wait(chance.choice((0, 0, 0.5, 1, 2.25, length / 4)) if chance.random() < 0.97 else 2 * length)
                keys = chance.sample(["ada", "bob", "address 1", "address 2"], chance.choice((1, 2, 2, 3)))
                limits = {key: chance.choice((1, 2, 3, 5, 8)) for key in keys}
                waits = []
                for key, limit in limits.items():
                    times = ledger[key] = [t for t in ledger.get(key, []) if t + window > line.now]
                    if len(times) >= limit:
                        waits.append(times[-limit] + window - line.now)
                expected = -(-max(waits) // timedelta(seconds=1)) if waits else None
                for key in limits if expected is None else ():
                    ledger[key].append(line.now)
                await line.expect(limits, expected)
                live = sum(any(t + window > line.now for t in times) for times in ledger.values())
                expect_equal(len(line.window), live, f"after {line.so_far()}: len(window)")


# --- 4.4 -------------------------------------------------------------------------------------------------------------

OURS = ("10.0.0.0/8", "2001:db8:1::/48", "192.168.1.7/32")


def client_of(peer: str | None, *forwarded: str, trusted: tuple[str, ...] = OURS) -> object:
    return answer.client_address(peer, list(forwarded), [ip_network(network) for network in trusted])


def expect_client(peer: str | None, forwarded: tuple[str, ...], expected: str | None, **options: Any) -> None:
    said = f"client_address({peer!r}, {list(forwarded)}, trusted {', '.join(options.get('trusted', OURS)) or 'nobody'})"
    try:
        got = client_of(peer, *forwarded, **options)
    except Exception as error:
        raise AssertionError(f"{told(said, repr(expected))}, and it raised {answer_module.explain(error)}") from error
    expect_equal(got, expected, said)


@pytest.mark.exercise("4.4")
class TestClientAddress:
    @pytest.mark.parametrize("peer", ["203.0.113.9", "11.0.0.1", "192.168.1.8", "2001:db8:2::1"])
    async def test_strangers(self, peer):
        """A peer that is not trusted is the client, whatever the headers say."""
        for forwarded in ((), ("6.6.6.6",), ("6.6.6.6, 10.0.0.1",), ("10.0.0.1",), ("10.0.0.1", "6.6.6.6")):
            expect_client(peer, forwarded, peer)
        expect_client("10.0.0.1", ("6.6.6.6",), "10.0.0.1", trusted=())

    @pytest.mark.parametrize("peer", ["10.0.0.1", "192.168.1.7", "2001:db8:1::5"])
    async def test_one_proxy(self, peer):
        """Behind a trusted peer the client is the rightmost entry, and what stands to its left is hearsay."""
        expect_client(peer, ("203.0.113.9",), "203.0.113.9")
        expect_client(peer, ("6.6.6.6, 203.0.113.9",), "203.0.113.9")
        expect_client(peer, ("10.9.9.9, 6.6.6.6 ,203.0.113.9 ",), "203.0.113.9")
        expect_client(peer, ("unknown, 203.0.113.9",), "203.0.113.9")
        expect_client(peer, ("6.6.6.6,2001:db8:2::1",), "2001:db8:2::1")

    async def test_more_proxies(self):
        """Trusted entries are passed over, from the right to the first that is not."""
        expect_client("10.0.0.1", ("203.0.113.9, 10.0.0.2",), "203.0.113.9")
        expect_client("10.0.0.1", ("6.6.6.6, 203.0.113.9, 192.168.1.7, 10.0.0.2",), "203.0.113.9")
        expect_client("10.0.0.1", ("10.0.0.3, 203.0.113.9, 2001:db8:1::7",), "203.0.113.9")
        expect_client("10.0.0.1", ("203.0.113.9, 11.0.0.2, 10.0.0.2",), "11.0.0.2")

    async def test_several_headers(self):
        """Several headers count as one list, in the order they came."""
        expect_client("10.0.0.1", ("6.6.6.6", "203.0.113.9"), "203.0.113.9")
        expect_client("10.0.0.1", ("203.0.113.9", "10.0.0.2"), "203.0.113.9")
        expect_client("10.0.0.1", ("6.6.6.6, 203.0.113.9", "10.0.0.3, 10.0.0.2"), "203.0.113.9")

    async def test_all_trusted(self):
        """If all entries are trusted the client is the leftmost; if there are none, the peer."""
        expect_client("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.3")
        expect_client("10.0.0.1", ("10.0.0.4", "10.0.0.3, 192.168.1.7"), "10.0.0.4")
        expect_client("10.0.0.1", (), "10.0.0.1")
        expect_client("2001:db8:1:0::5", (), "2001:db8:1::5")

    @pytest.mark.parametrize(
        "entry", ["unknown", "", " ", "proxy.example", "_hidden", "1.2.3", "999.1.1.1", "1.2.3.4.5"]
    )
    async def test_no_address(self, entry):
        """An entry that is no address ends the reading: the client is the address read last."""
        expect_client("10.0.0.1", (entry,), "10.0.0.1")
        expect_client("10.0.0.1", (f"203.0.113.9, {entry}",), "10.0.0.1")
        expect_client("10.0.0.1", (f"203.0.113.9, {entry}, 10.0.0.2",), "10.0.0.2")
        expect_client("10.0.0.1", (f"{entry}, 10.0.0.3, 10.0.0.2",), "10.0.0.3")

    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8:2::7]:4711", "2001:db8:2::7"),
            ("[2001:db8:2::7]", "2001:db8:2::7"),
            ("2001:DB8:2:0::7", "2001:db8:2::7"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:cb00:7109]:80", "203.0.113.9"),
        ],
    )
    async def test_spellings(self, entry, expected):
        """Addresses come without port and brackets, in one spelling, and our own are known in every spelling."""
        expect_client("10.0.0.1", (entry,), expected)
        expect_client("::ffff:10.0.0.1", (f"{entry}, 10.0.0.2:80, [2001:db8:1::9]:443, ::ffff:10.0.0.3",), expected)
        expect_client(entry, ("6.6.6.6",), expected)

    async def test_no_peer(self):
        """A peer that is no address is returned unchanged."""
        for peer in (None, "testclient", "", " name "):
            expect_client(peer, ("203.0.113.9",), peer, trusted=("0.0.0.0/0", "::/0"))
            expect_client(peer, (), peer)


# --- 4.5 -------------------------------------------------------------------------------------------------------------

NAMES = {"access log", "cors", "rate limit", "request id", "server error"}
ORIGIN = "https://shop.example"
HEADERS = ("Access-Control-Allow-Origin", "Retry-After", "X-Request-ID")


class Full:
    """A window that is full from a given request on, and broken when asked to be."""

    def __init__(self, limit: int, broken: bool = False) -> None:
        self.limit, self.broken, self.asked = limit, broken, 0

    async def admit(self, limits: Any) -> int | None:
        self.asked += 1
        if self.broken:
            raise Failing
        return None if self.asked <= self.limit else 7


def onion(order: list[str], window: Full) -> Any:
    """The middlewares in this order, outermost first, around an app that answers /tea and raises at /soup."""

    def of(module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"course_app.middleware.{module}"), name)

    async def app(scope: Message, receive: Any, send: Any) -> None:
        await answering(raises=scope["path"] == "/soup")(scope, receive, send)

    for name in reversed(order):
        if name == "access log":
            app = of("access_log", "AccessLogMiddleware")(app)
        elif name == "cors":
            app = CORSMiddleware(app, allow_origins=[ORIGIN])
        elif name == "rate limit":
            app = of("rate_limit", "RateLimitMiddleware")(app, window, 1)
        elif name == "request id":
            app = of("request_id", "RequestIDMiddleware")(app)
        else:
            app = of("server_error", "ServerErrorMiddleware")(app)
    return app


def the_order() -> list[str]:
    order = answer.ORDER
    good = isinstance(order, list | tuple) and len(order) == 5 and {str(name) for name in order} == NAMES
    assert good, told("ORDER", f"a list of {', '.join(sorted(NAMES))}, each once", order)
    return list(order)


async def request(case: str, order: list[str], window: Full | None = None) -> tuple[list[Message], list[Any]]:
    """The answer to one of the four requests, and the records in the log."""
    headers = [(b"origin", ORIGIN.encode())]
    scope = http_scope(*headers, path="/soup" if case == "raises" else "/tea")
    if case == "preflight":
        scope |= {"method": "OPTIONS", "headers": [*headers, (b"access-control-request-method", b"GET")]}
    window = window or Full(0 if case == "limited" else 1)
    with records() as found:
        sent, _ = await call(onion(order, window), scope)
    return sent, [record for record in found if record.name == "course_app.access"]


CASES = {
    "fine": ("GET /tea", 200),
    "raises": ("GET /soup, whose route raises", 500),
    "limited": ("GET /tea over the limit", 429),
    "preflight": ("OPTIONS /tea, a preflight", 200),
}


def on_answer(sent: list[Message]) -> set[str]:
    if not sent:
        return set()
    return {name for name in HEADERS if values_of(sent[0], name.lower().encode())}


@pytest.mark.exercise("4.5")
class TestOrder:
    @pytest.mark.parametrize("case", CASES)
    async def test_request_id(self, case):
        """Sentence 1: every answer has X-Request-ID."""
        sent, _ = await request(case, the_order())
        said, status = CASES[case]
        got = f"{sent[0]['status']} with {sorted(on_answer(sent))}" if sent else "no answer at all"
        good = sent and sent[0]["status"] == status and "X-Request-ID" in on_answer(sent)
        assert good, told(said, f"{status} with X-Request-ID", got)

    @pytest.mark.parametrize("case", CASES)
    async def test_log(self, case):
        """Sentence 2: every request leaves a line in the log, with the status that the client got."""
        _, lines = await request(case, the_order())
        said, status = CASES[case]
        expect_equal([line.status for line in lines], [status], f"{said}: statuses in the log")

    @pytest.mark.parametrize("case", CASES)
    async def test_readable(self, case):
        """Sentence 3: a script of the allowed origin can read every answer."""
        sent, _ = await request(case, the_order())
        there = "Access-Control-Allow-Origin" in on_answer(sent)
        said = f"{CASES[case][0]} with Origin: {ORIGIN}"
        assert there, told(
            said, "Access-Control-Allow-Origin on the answer", sorted(on_answer(sent)) or "none of the three"
        )

    async def test_preflights(self):
        """Sentence 4: preflights do not count for the limit."""
        window = Full(1)
        for _ in range(3):
            await request("preflight", the_order(), window)
        expect_equal(window.asked, 0, "three preflights: requests that the limiter was asked about")

    async def test_broken_limiter(self):
        """Sentence 5: an exception of the limiter is a 500 in the envelope, with all headers and a line in the log."""
        sent, lines = await request("fine", the_order(), Full(1, broken=True))
        said = "GET /tea while the limiter raises"
        assert sent, told(said, "500 in the envelope", "no answer at all")
        expect_equal(sent[0]["status"], 500, f"{said}: status")
        body = json.loads(sent[1]["body"])
        expect_equal(sorted(body), ["data", "errors", "message", "success"], f"{said}: keys of the body")
        expect_equal(sorted(on_answer(sent)), ["Access-Control-Allow-Origin", "X-Request-ID"], f"{said}: headers")
        expect_equal([line.status for line in lines], [500], f"{said}: statuses in the log")

    @pytest.mark.parametrize("case", CASES)
    async def test_predicted(self, case):
        """The predicted headers are those that the wrong order gives."""
        wrong = ["rate limit", "cors", "server error", "request id", "access log"]
        sent, _ = await request(case, wrong)
        predicted = answer.PREDICTED
        good = isinstance(predicted, dict) and isinstance(predicted.get(case), set | frozenset | list | tuple)
        assert good, told(f"PREDICTED[{case!r}]", "a set of names of headers", predicted)
        got = {str(name) for name in predicted[case]}
        unknown = sorted(got - set(HEADERS))
        assert not unknown, told(f"PREDICTED[{case!r}]", f"names among {', '.join(HEADERS)}", ", ".join(unknown))
        said = f"PREDICTED[{case!r}], for {CASES[case][0]} in the order WRONG (do not change it)"
        assert got == on_answer(sent), told(said, "what comes out when it is run", f"{sorted(got)}, which is not it")

    async def test_logged(self):
        """The predicted lines of the log are those that the wrong order leaves."""
        wrong = ["rate limit", "cors", "server error", "request id", "access log"]
        expected = {case for case in CASES if (await request(case, wrong))[1]}
        logged = answer.LOGGED
        assert isinstance(logged, set | frozenset | list | tuple), told("LOGGED", "a set of names", logged)
        got = {str(name) for name in logged}
        said = "LOGGED, for the order WRONG"
        assert got == expected, told(
            said, "the requests that leave a line when it is run", f"{sorted(got)}, which are not"
        )


# --- 4.6 -------------------------------------------------------------------------------------------------------------

TIMING = b"server-timing"


@pytest.mark.exercise("4.6")
class TestServerTiming:
    async def test_header(self):
        """The answer carries the milliseconds until it began, by the timer, with one decimal."""
        for before, after, expected in (
            (0.0125, 3, b"app;dur=12.5"),
            (0, 0, b"app;dur=0.0"),
            (61.25, 1, b"app;dur=61250.0"),
        ):
            timer = Timer()

            async def app(scope: Message, receive: Any, send: Any, timer: Timer = timer, took=(before, after)) -> None:
                timer.seconds += took[0]
                await send(dict(HEAD) | {"headers": [(b"content-type", b"text/plain")]})
                timer.seconds += took[1]
                await send(dict(BODY))

            sent, _ = await call(answer.ServerTimingMiddleware(app, timer), http_scope())
            said = f"an answer that begins after {before} s and ends {after} s later"
            assert sent, told(said, "an answer", "none")
            expect_equal(values_of(sent[0], TIMING), [expected], f"{said}: Server-Timing")
            expect_equal(values_of(sent[0], b"content-type"), [b"text/plain"], f"{said}: Content-Type")

    async def test_shared_headers(self):
        """There is exactly one, and the app's own list of headers stays as it is."""
        own = [(b"content-type", b"text/plain"), (TIMING, b"db;dur=1")]
        shared = list(own)

        async def app(scope: Message, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": shared})
            await send(dict(BODY))

        middleware = answer.ServerTimingMiddleware(app)
        for number in ("first", "second", "third"):
            sent, _ = await call(middleware, http_scope())
            said = f"the {number} answer of an app that hands over the same list, with Server-Timing: db;dur=1 in it"
            assert sent, told(said, "an answer", "none")
            values = values_of(sent[0], TIMING)
            good = len(values) == 1 and re.fullmatch(rb"app;dur=\d+\.\d", values[0])
            assert good, told(f"{said}: Server-Timing", "app;dur=... alone", values)
            expect_equal(shared, own, f"{said}: that list afterwards")

    async def test_at_the_same_time(self):
        """Requests at the same time do not meet: each has its own answer and its own time."""
        timer, adas_turn = Timer(), asyncio.Event()

        async def app(scope: Message, receive: Any, send: Any) -> None:
            if scope["path"] == "/ada":
                await adas_turn.wait()
            timer.seconds += 1
            await send(dict(HEAD) | {"headers": []})
            await send(BODY | {"body": scope["path"].encode()})

        middleware = answer.ServerTimingMiddleware(app, timer)
        ada = asyncio.create_task(call(middleware, http_scope(path="/ada")))
        await asyncio.sleep(0)
        timer.seconds += 1
        bob = await soon(call(middleware, http_scope(path="/bob")), "Bob comes while Ada waits")
        adas_turn.set()
        answers = {"Ada": (await ada)[0], "Bob": bob[0]}
        for name, expected in (("Ada", b"app;dur=3000.0"), ("Bob", b"app;dur=1000.0")):
            sent = answers[name]
            said = f"Bob comes while Ada waits; {name}'s answer"
            assert sent, told(said, "is sent", "it is not")
            expect_equal(
                [m.get("body") for m in sent[1:]], [f"/{name.lower()}".encode()], f"{said}: pieces of the body"
            )
            expect_equal(values_of(sent[0], TIMING), [expected], f"{said}: Server-Timing")

    async def test_messages(self):
        """Each message is passed on at once, in its order, and otherwise unchanged."""
        await passes_messages(answer.ServerTimingMiddleware, TIMING)

    async def test_exceptions(self):
        """An exception of the app reaches the caller, and so does a cancellation."""

        async def cancelled(scope: Message, receive: Any, send: Any) -> None:
            raise asyncio.CancelledError

        for app, kind, said in (
            (answering(raises=True), Failing, "a request to an app that raises"),
            (cancelled, asyncio.CancelledError, "a request that is cancelled"),
        ):
            sent, error = await call(answer.ServerTimingMiddleware(app), http_scope())
            name = "CancelledError" if kind is asyncio.CancelledError else "its exception"
            assert isinstance(error, kind), told(said, f"{name} reaches the caller", "it does not")
            expect_equal(sent, [], f"{said}: messages that were sent")

    async def test_other_scopes(self):
        """What is no HTTP request goes to the app as it came."""
        await passes_untouched(answer.ServerTimingMiddleware)
