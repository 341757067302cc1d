"""The checks of chapter 05."""

import itertools
import json
import re
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from inspect import iscoroutinefunction
from typing import Any

import pytest
from anyio import move_on_after
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from coursekit.errors import CourseError
from coursekit.fetch import Page
from coursekit.testing import (
    answer,
    answer_module,
    client_for,
    expect_equal,
    expect_status,
    learner_test_passes,
    raises,
    told,
    waits_skipped,
)

SHOP = "https://shop.example"

ORIGINS = {
    "https://shop.example": SHOP,
    "http://shop.example": "http://shop.example",
    "http://localhost:3000": "http://localhost:3000",
    "http://127.0.0.1:8000": "http://127.0.0.1:8000",
    "https://a.b-c.xn--bcher-kva.example": "https://a.b-c.xn--bcher-kva.example",
    "http://my_service:65535": "http://my_service:65535",
    "https://1.example": "https://1.example",
    "https://-a.example": "https://-a.example",
    "https://a-": "https://a-",
    "https://_a.-.b_": "https://_a.-.b_",
    f"https://{'long-' * 15}.example": f"https://{'long-' * 15}.example",
    "http://a:1": "http://a:1",
}
SPELLINGS = {
    "HTTPS://SHOP.EXAMPLE": SHOP,
    "Http://Shop.example": "http://shop.example",
    "https://Shop.Example:8443": "https://shop.example:8443",
    "https://XN--BCHER-KVA.example": "https://xn--bcher-kva.example",
}
PORTS = {
    "https://shop.example:443": SHOP,
    "http://shop.example:80": "http://shop.example",
    "https://shop.example:80": "https://shop.example:80",
    "http://shop.example:443": "http://shop.example:443",
    "https://shop.example:00443": SHOP,
    "http://localhost:03000": "http://localhost:3000",
    "https://shop.example:4430": "https://shop.example:4430",
    "http://shop.example:8080": "http://shop.example:8080",
}
AROUND = (
    "https://shop.example/",
    "https://shop.example/items",
    "https://shop.example:443/",
    "https://shop.example?",
    "https://shop.example?a=1",
    "https://shop.example#",
    "https://shop.example#top",
    "https://ada@shop.example",
    "https://ada:secret@shop.example",
    "https://@shop.example",
    " https://shop.example",
    "https://shop.example ",
    "https://shop.example\n",
    "\nhttps://shop.example",
    "https://shop\t.example",
    "https://shop.example,https://admin.example",
    "https://shop.example\\",
)
HOSTS = (
    "https://",
    "https://:443",
    "https://.example",
    "https://shop..example",
    "https://shop.example.",
    "https://*.shop.example",
    "https://[::1]:3000",
    "https://bücher.example",
    "https://\u212aiosk.example",
    "https://\u017fhop.example",
    "https://shop%2eexample",
    "https://shop example",
    "https://shop+a.example",
)
BAD_PORTS = (
    "https://shop.example:",
    "https://shop.example:0",
    "https://shop.example:00000",
    "https://shop.example:65536",
    "https://shop.example:99999",
    "https://shop.example:000443",
    "https://shop.example:-1",
    "https://shop.example:+443",
    "https://shop.example:44_3",
    "https://shop.example: 443",
    "https://shop.example:https",
    "https://shop.example:\u0664\u0664\u0663",
    "https://shop.example:443:443",
)
NO_ORIGINS = (
    "",
    "*",
    "null",
    "shop.example",
    "//shop.example",
    "https:shop.example",
    "https:/shop.example",
    "https//shop.example",
    "ftp://shop.example",
    "httpss://shop.example",
    "ttps://shop.example",
    "file://",
    "chrome-extension://abcdef",
    "\ud800",
)


def read(text: str, expected: str) -> None:
    sent = f"read_origin({text!a})"
    try:
        got = answer.read_origin(text)
    except ValueError as error:
        raise AssertionError(f"{told(sent, repr(expected))}, but {type(error).__name__} was raised") from None
    expect_equal(got, expected, sent)


def refuse(text: str) -> None:
    sent = f"read_origin({text!a})"
    error = raises(ValueError, answer.read_origin, text, sent=sent)
    expect_equal(str(error), answer.NO_ORIGIN, f"{sent}: the text of the ValueError")


@pytest.mark.exercise("5.1")
class TestReadOrigin:
    @pytest.mark.parametrize("text", ORIGINS)
    def test_origins(self, text):
        """What is written as browsers send it comes back as it is."""
        read(text, ORIGINS[text])

    @pytest.mark.parametrize("text", SPELLINGS)
    def test_case(self, text):
        """Scheme and host come back in lower case."""
        read(text, SPELLINGS[text])

    @pytest.mark.parametrize("text", PORTS)
    def test_ports(self, text):
        """The scheme's own port goes, and every other port stays."""
        read(text, PORTS[text])

    @pytest.mark.parametrize("text", AROUND)
    def test_nothing_around(self, text):
        """A path, even a slash, a user, a query, a blank or a line end is refused."""
        refuse(text)

    @pytest.mark.parametrize("text", HOSTS)
    def test_hosts(self, text):
        """A host that is no row of ASCII labels with single dots is refused."""
        refuse(text)

    @pytest.mark.parametrize("text", BAD_PORTS)
    def test_bad_ports(self, text):
        """A port that is no number from 1 to 65535 in one to five digits is refused."""
        refuse(text)

    @pytest.mark.parametrize("text", NO_ORIGINS)
    def test_no_origin(self, text):
        """What has no http or https in front is refused."""
        refuse(text)

    def test_in_settings(self):
        """A setting of several origins is read with it, and a fault is named by its position."""
        from course_app.core.config import Settings

        entries = ("HTTPS://Shop.example:443", "*", SHOP, "http://localhost:3000")
        got = answer.read_origins(entries)
        expect_equal(got, (SHOP, "*", "http://localhost:3000"), f"read_origins({entries!r})")
        error = raises(ValueError, answer.read_origins, (SHOP, "null"), sent=f"read_origins(({SHOP!r}, 'null'))")
        assert "entry 2" in str(error), told("read_origins with a fault in entry 2", "a text with 'entry 2'", error)
        expect_equal(Settings().ALLOWED_ORIGINS, (), "Settings().ALLOWED_ORIGINS, with nothing in the environment")


OTHER_ORIGINS = (
    "https://evil.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://shop.example:443",
    "https://shop.example/",
    "https://Shop.example",
    "https://shop.exampl",
    "https://shop.example.evil.example",
    "https://admin.shop.example",
    "https://evil-shop.example",
    "https://shop.example, https://evil.example",
    "null",
    "*",
    "",
)
LISTS: tuple[Collection[str], ...] = (
    (SHOP, "http://localhost:3000"),
    [SHOP],
    frozenset({SHOP, "https://shop.example.evil"}),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "X-CSRF-Token",
    "X-Request-ID",
)
SAFELISTED_HEADERS = ("Accept", "Accept-Language", "Content-Language")


def permitted(origin: str | None, origins: Collection[str], expected: dict[str, str]) -> None:
    """Names of headers are the same in upper and lower case."""
    sent, got = f"permission({origin!r}, {origins!r})", answer.permission(origin, origins)
    if isinstance(got, dict) and all(isinstance(name, str) for name in got):
        lower = {name.lower(): value for name, value in got.items()}
        if len(lower) == len(got) and lower == {name.lower(): value for name, value in expected.items()}:
            return
    expect_equal(got, expected, sent)


def preflight(origin: str = SHOP, method: str = "PATCH", headers: str | None = None) -> Headers:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return Headers(asked if headers is None else {**asked, "Access-Control-Request-Headers": headers})


def refusals(expected: list[str], origins: Collection[str] = (SHOP,), **asked: Any) -> None:
    headers = preflight(**asked)
    sent = f"refused({', '.join(f'{name}: {value!r}' for name, value in headers.items())}; origins {origins!r})"
    got = answer.refused(headers, origins)
    expect_equal(list(got) if isinstance(got, list) else got, expected, sent)


@pytest.mark.exercise("5.2")
class TestPolicy:
    @pytest.mark.parametrize("origins", LISTS, ids=["a tuple", "a list", "a frozenset"])
    def test_allowed_origin(self, origins):
        """An allowed origin is named, and may send credentials."""
        expected = {"Access-Control-Allow-Origin": SHOP, "Access-Control-Allow-Credentials": "true"}
        permitted(SHOP, origins, expected)
        local = "http://localhost:3000"
        expected["Access-Control-Allow-Origin"] = local
        permitted(local, [*origins, local], expected)

    def test_other_origins(self):
        """An origin that is not on the list gets nothing, however much it looks like one; no origin neither."""
        for origin, origins in itertools.product((*OTHER_ORIGINS, None), (*LISTS, ())):
            permitted(origin, origins, {})
        permitted(SHOP, (), {})

    def test_every_origin(self):
        """With * every page may read, and none with credentials, not even one that is named."""
        everybody = {"Access-Control-Allow-Origin": "*"}
        for origin, origins in itertools.product(
            (SHOP, "https://evil.example", "null", "", None), (("*",), ["*"], frozenset({"*", SHOP}), (SHOP, "*"))
        ):
            permitted(origin, origins, everybody)

    def test_methods(self):
        """A method passes exactly as METHODS has it, and no other does."""
        for method in METHODS:
            refusals([], method=method)
        for method in ("patch", "Patch", "OPTIONS", "TRACE", "CONNECT", "PURGE", "", "*", "PAT", "GET, PUT", "GET,"):
            refusals(["method"], method=method)

    def test_headers(self):
        """The ten headers pass, in upper and lower case, with blanks around them and empty entries between."""
        refusals([])
        for name in (*REQUEST_HEADERS, *SAFELISTED_HEADERS):
            for spelling in (name, name.lower(), name.upper(), f" {name}\t"):
                refusals([], headers=spelling)
        for several in (
            ",".join(REQUEST_HEADERS),
            "content-type , if-match",
            "if-match,accept",
            ", ,content-type,,",
            "",
            " ",
            ",",
        ):
            refusals([], headers=several)

    def test_other_headers(self):
        """One header that is not among the ten is enough to be refused, and two are one fault."""
        for headers in (
            "x-evil",
            "content-type, x-evil",
            "x-evil,content-type",
            "x-evil, x-worse",
            "accept,x-evil",
            "x-request",
            "request-id",
            "x-request-id-2",
            "content_type",
            "content-type; if-match",
            "content-type if-match",
            "accept-encoding",
            "language",
            "*",
            "cookie",
        ):
            refusals(["headers"], headers=headers)

    def test_all_faults(self):
        """Everything that is asked for in vain is named, in order."""
        refusals(["origin"], origin="https://evil.example", headers="if-match")
        refusals(["origin"], origins=())
        refusals(["origin", "method"], origin="null", method="patch")
        refusals(["origin", "headers"], origin="https://shop.example/", headers="x-evil")
        refusals(["method", "headers"], method="TRACE", headers="x-evil")
        refusals(
            ["origin", "method", "headers"], origin="https://evil.example", method="get", headers="x-evil, if-match"
        )
        for origin in ("https://evil.example", "null"):
            refusals([], origins=(SHOP, "*"), origin=origin)
            refusals(["method"], origins=("*",), origin=origin, method="patch")

    async def test_in_the_middleware(self):
        """The middleware answers with it, and still says what its answers vary by."""
        from course_app.middleware.cors import CORSMiddleware as OurMiddleware

        app = PlainTextResponse("hello", headers={"Vary": "Accept"})
        async with client_for(OurMiddleware(app, (SHOP,))) as http:
            sent = f"OPTIONS / from {SHOP}, asking for PATCH and if-match"
            response = await http.options("/", headers=preflight(headers="if-match"))
            expect_status(response, 204, sent)
            got = response.headers.get("Access-Control-Allow-Origin")
            expect_equal(got, SHOP, f"{sent}: Access-Control-Allow-Origin")
            response = await http.options("/", headers=preflight(method="patch"))
            expect_status(response, 400, f"OPTIONS / from {SHOP}, asking for patch")
            response = await http.get("/", headers={"Origin": "https://evil.example"})
            got = response.headers.get("Access-Control-Allow-Origin")
            expect_equal(got, None, "GET / from https://evil.example: Access-Control-Allow-Origin")
            for origin in (SHOP, "https://evil.example", None):
                response = await http.get("/", headers={} if origin is None else {"Origin": origin})
                sent = f"GET / {'without an Origin' if origin is None else f'from {origin}'}: Vary"
                expect_equal(response.headers.get("Vary"), "Accept, Origin", sent)


Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
THERE = {
    "/items/1": {"ETag": '"1"'},
    "/items/new": {"Location": "/items/7"},
    "/items/export": {"Content-Disposition": "attachment"},
    "/limited": {"Retry-After": "60"},
}
STATUS = {"/items/new": 201, "/limited": 429}
NAMES = ("ETag", "Location", "Retry-After", "X-Request-ID", "Content-Disposition")


class Api:
    """A small API. `says(path, origin)` are the CORS headers of its answer; `head` is whether it knows HEAD."""

    def __init__(
        self, says: Callable[[str, str], list[tuple[str, str]]], *, bare: bool = False, head: bool = True
    ) -> None:
        self.says = says
        self.head = head
        self.own = {"X-Request-ID": "r-1"} if bare else {"X-Request-ID": "r-1", "Content-Type": "text/plain"}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        path, origin = scope["path"], Headers(scope=scope).get("Origin", "")
        if scope["method"] == "HEAD" and not self.head:
            await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"GET")]})
            await send({"type": "http.response.body", "body": b""})
            return
        asks = scope["method"] == "OPTIONS"
        there = {} if asks else {**self.own, **THERE.get(path, {})}
        headers = [*there.items(), *self.says("OPTIONS" if asks else path, origin)]
        status = 200 if asks else STATUS.get(path, 200 if path in THERE else 404)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"hello"})


def exposing(*lines: str, only: Collection[str] | None = None, allowing: tuple[str, ...] = (SHOP,)) -> Api:
    """An API that exposes these names (a header for each line), to `allowing`, on some paths or all."""

    def says(path: str, origin: str) -> list[tuple[str, str]]:
        if origin not in allowing:
            return []
        exposed = lines if only is None or path in only else ()
        named = [("Access-Control-Expose-Headers", line) for line in exposed]
        return [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), *named]

    return Api(says)


def changed(api: Api, change: Callable[[str, list[tuple[str, str]]], list[tuple[str, str]]]) -> Api:
    return Api(lambda path, origin: change(path, api.says(path, origin)))


ALL = ", ".join(NAMES)
FINE = exposing(ALL)
EVIL = "https://evil.example"
WITH_CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
EXPOSED = ("Access-Control-Expose-Headers", ALL)
RIGHT_APIS = {
    "exposes the five headers": FINE,
    "exposes them in lower case and another order": exposing(",".join(reversed(NAMES)).lower()),
    "exposes them in two headers": exposing("ETag, Location , X-Request-ID", "RETRY-AFTER,content-disposition,"),
    "exposes other headers too": exposing(f"Link, {ALL}, X-Total"),
    "allows a second page": exposing(ALL, allowing=(SHOP, "http://localhost:3000")),
    "sends no other header that scripts can read": Api(FINE.says, bare=True),
    "names the shop in every answer, whoever asks": Api(
        lambda path, origin: [("Access-Control-Allow-Origin", SHOP), WITH_CREDENTIALS, EXPOSED]
    ),
    "answers strangers with *, which does not count with credentials": Api(
        lambda path, origin: FINE.says(path, origin) or [("Access-Control-Allow-Origin", "*"), EXPOSED]
    ),
    "answers strangers with * and Allow-Credentials, which does not count either": Api(
        lambda path, origin: FINE.says(path, origin) or [("Access-Control-Allow-Origin", "*"), WITH_CREDENTIALS]
    ),
    "names strangers, but without Access-Control-Allow-Credentials": Api(
        lambda path, origin: FINE.says(path, origin) or [("Access-Control-Allow-Origin", origin), EXPOSED]
    ),
    "tells strangers that credentials are allowed, and not who": Api(
        lambda path, origin: FINE.says(path, origin) or [WITH_CREDENTIALS, EXPOSED]
    ),
    "knows no HEAD": Api(FINE.says, head=False),
    "exposes what is there": Api(
        lambda path, origin: exposing(", ".join(["X-Request-ID", *THERE.get(path, {})])).says(path, origin)
    ),
}
WITHOUT = {f"does not expose {name}": exposing(", ".join(other for other in NAMES if other != name)) for name in NAMES}
NOT_EXPOSED = {
    "exposes nothing": exposing(),
    **WITHOUT,
    "exposes nothing on errors": exposing(ALL, only=[path for path in THERE if path != "/limited"]),
    "exposes on errors only": exposing(ALL, only=["/limited"]),
    "exposes on the preflight only": exposing(ALL, only=["OPTIONS"]),
    "exposes nothing at /items/export": exposing(ALL, only=[path for path in THERE if path != "/items/export"]),
    "names the headers with blanks between": exposing(" ".join(NAMES)),
    "names the headers with semicolons between": exposing("; ".join(NAMES)),
    "misspells one": exposing(ALL.replace("X-Request-ID", "X-RequestID")),
    "allows the headers instead of exposing them": changed(
        exposing(), lambda path, headers: [*headers, ("Access-Control-Allow-Headers", ALL)]
    ),
}
STAR = {"exposes * to requests with credentials": exposing("*")}
NOT_READABLE = {
    "allows nobody": Api(lambda path, origin: []),
    "exposes without Access-Control-Allow-Origin": Api(lambda path, origin: [("Access-Control-Expose-Headers", ALL)]),
    "has no Access-Control-Allow-Origin on errors": changed(
        FINE, lambda path, headers: headers if path != "/limited" else headers[2:]
    ),
    "allows no credentials": changed(FINE, lambda path, headers: [h for h in headers if "Credentials" not in h[0]]),
    "allows credentials on successes only": changed(
        FINE, lambda path, headers: headers if path != "/limited" else [headers[0], *headers[2:]]
    ),
    "allows every page, by *": changed(
        FINE, lambda path, headers: [("Access-Control-Allow-Origin", "*"), *headers[1:]] if headers else []
    ),
    "names the page with a slash": changed(
        FINE, lambda path, headers: [("Access-Control-Allow-Origin", f"{SHOP}/"), *headers[1:]] if headers else []
    ),
}
EVERYBODY = (SHOP, EVIL)
LETS_STRANGERS_IN = {
    "repeats every origin": exposing(ALL, allowing=EVERYBODY),
    "repeats every origin on errors": Api(
        lambda path, origin: exposing(ALL, allowing=EVERYBODY if path == "/limited" else (SHOP,)).says(path, origin)
    ),
    "repeats every origin on one path": Api(
        lambda path, origin: exposing(ALL, allowing=EVERYBODY if path == "/items/new" else (SHOP,)).says(path, origin)
    ),
    "lets strangers read, without exposing": Api(
        lambda path, origin: exposing(*([ALL] if origin == SHOP else []), allowing=EVERYBODY).says(path, origin)
    ),
}


async def verdict_on(api: Api) -> tuple[bool, str]:
    """Whether the learner's test passes on an API, and what it raised if not."""
    test, raised = answer.test_headers_are_readable, [""]

    def note(error: BaseException) -> None:
        raised[0] = f", with {answer_module.explain(error)}"

    async def noting(client: Any) -> None:
        try:
            await test(client=client)
        except BaseException as error:
            note(error)
            raise

    def noting_sync(client: Any) -> Any:
        try:
            return test(client=client)
        except BaseException as error:
            note(error)
            raise

    async with client_for(api) as http:
        passed = await learner_test_passes(noting if iscoroutinefunction(test) else noting_sync, client=http)
    return passed, raised[0]


def differs(api: Api) -> str:
    """An answer of an API in which its CORS headers are others than those of FINE."""
    asked = list(itertools.product(THERE, (SHOP, EVIL)))
    path, origin = next((there for there in asked if api.says(*there) != FINE.says(*there)), asked[0])
    headers = ", ".join(f"{name}: {value}" for name, value in api.says(path, origin)) or "no CORS header"
    return f"GET {path} from {origin} is answered with {headers}"


async def expect_verdict(expected: bool, apis: dict[str, Api]) -> None:
    for what, api in apis.items():
        got, raised = await verdict_on(api)
        words = ("it fails", "it passes")
        said = told(f"your test, on an API that {what}", words[expected], words[got] + raised)
        assert got is expected, f"{said} ({differs(api)})"


@pytest.mark.exercise("5.3")
class TestTheTest:
    async def test_right_apis(self):
        """It passes on APIs that keep both promises, however they write the names."""
        await expect_verdict(True, RIGHT_APIS)

    async def test_not_exposed(self):
        """It fails when a header that is needed is not exposed, on one path, on errors, or anywhere."""
        await expect_verdict(False, NOT_EXPOSED)

    async def test_star(self):
        """It fails when * is exposed, which means nothing to a request with credentials."""
        await expect_verdict(False, STAR)

    async def test_not_readable(self):
        """It fails when the shop cannot read an answer at all, credentials included."""
        await expect_verdict(False, NOT_READABLE)

    async def test_strangers(self):
        """It fails when a page of https://evil.example can read an answer."""
        await expect_verdict(False, LETS_STRANGERS_IN)


DOMAINS = ("shop.example", "my-shop.co.uk", "localhost", "a.b.c.d.example")
USES = {"search": re.search, "match": re.match, "fullmatch": re.fullmatch}


def matched(domain: str, origin: str, expected: bool) -> None:
    pattern = answer.preview_pattern(domain)
    sent = f"preview_pattern({domain!r})"
    assert isinstance(pattern, str), told(sent, "a text", pattern)
    for name, use in USES.items():
        try:
            got = use(pattern, origin) is not None
        except re.error:
            raise AssertionError(told(sent, "a regular expression", pattern)) from None
        said = f"re.{name}({sent}, {origin!a})"
        assert got is expected, told(said, "a match" if expected else "no match", "a match" if got else "no match")


@pytest.mark.exercise("5.4")
class TestPattern:
    @pytest.mark.parametrize("domain", DOMAINS)
    def test_previews(self, domain):
        """The previews of pull requests 1 to 99999 match, below any domain."""
        for number in (1, 7, 10, 17, 999, 1000, 20_000, 99_999):
            matched(domain, f"https://pr-{number}.{domain}", True)

    def test_numbers(self):
        """Other numbers do not: zero, zeros in front, six digits, other digits, none."""
        for number in (
            "0",
            "00",
            "01",
            "00017",
            "100000",
            "123456",
            "",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "x",
            "1x",
            "\u0661",
            "1\u0661",
            "\xb2",
        ):
            matched("shop.example", f"https://pr-{number}.shop.example", False)

    @pytest.mark.parametrize("domain", ["shop.example", "my-shop.co.uk"])
    def test_ends(self, domain):
        """Nothing stands before it or behind it, not even a line end, whichever function is used."""
        for before, after in (
            ("", "\n"),
            ("", "\r"),
            ("", "\r\n"),
            ("\n", ""),
            ("https://evil.example\n", ""),
            ("", "\nhttps://evil.example"),
            (" ", ""),
            ("", " "),
            ("x", ""),
            ("", ":443"),
            ("", ":8443"),
            ("", "/"),
            ("", "."),
            ("", ".evil.example"),
            ("", "evil"),
            ("https://evil.example/", ""),
        ):
            matched(domain, f"{before}https://pr-17.{domain}{after}", False)

    def test_other_hosts(self):
        """Hosts that resemble a preview, or are below the domain without being one, do not match."""
        for host in (
            "shop.example",
            "www.shop.example",
            "pr-17.evil.example",
            "pr-17-shop.example",
            "pr-17.evil-shop.example",
            "pr-17.evil.shop.example",
            "evil.pr-17.shop.example",
            "pr-17shop.example",
            "pr-17..shop.example",
            "pr17.shop.example",
            "xpr-17.shop.example",
            "pr-17",
            "ada@pr-17.shop.example",
        ):
            matched("shop.example", f"https://{host}", False)

    def test_characters_mean_themselves(self):
        """Every character of the domain means itself, a dot too."""
        for origin in ("https://pr-17.shopXexample", "https://pr-17Xshop.example", "https://pr-17.shop-example"):
            matched("shop.example", origin, False)
        matched("my-shop.co.uk", "https://pr-17.my-shop.coXuk", False)
        matched("a.b.c.example", "https://pr-17.a.bXc.example", False)

    def test_scheme_and_case(self):
        """Only https, and only lower case."""
        for origin in (
            "http://pr-17.shop.example",
            "ttps://pr-17.shop.example",
            "//pr-17.shop.example",
            "pr-17.shop.example",
            "HTTPS://pr-17.shop.example",
            "https://PR-17.shop.example",
            "https://pr-17.Shop.example",
            "null",
            "*",
            "",
        ):
            matched("shop.example", origin, False)

    async def test_in_starlette(self):
        """As allow_origin_regex it lets in a preview, and nobody else."""
        pattern = answer.preview_pattern("shop.example")
        app = CORSMiddleware(PlainTextResponse("hello"), allow_origin_regex=pattern)
        origins = {"https://pr-17.shop.example": True, "https://pr-17.shop.example.evil.example": False}
        async with client_for(app) as http:
            for origin, expected in origins.items():
                response = await http.get("/", headers={"Origin": origin})
                got = "Access-Control-Allow-Origin" in response.headers
                sent = f"GET / from {origin}, with allow_origin_regex=preview_pattern('shop.example'): allowed"
                expect_equal(got, expected, sent)


BANK = "https://bank.example"
URL = f"{BANK}/transfer"
CUSTOMERS = (("ada", "eve"), ("bob", "mallory"))


async def after_attack(bank: Any, app: Any, customer: str, to: str) -> tuple[dict[str, int], str]:
    """What has changed in the accounts after `customer`, signed in, visited the attacker's page, and what happened."""
    arguments = answer.attack(to)
    sent = f"fetch('{URL}', **attack({to!r}))"
    assert isinstance(arguments, dict), told(f"attack({to!r})", "a dictionary", arguments)
    known = {"method", "headers", "body", "credentials"}
    assert set(arguments) <= known, told(f"attack({to!r})", f"no other keys than {sorted(known)}", sorted(arguments))
    before = dict(bank.state.balances)
    raised: list[Exception] = []

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            raised.append(error)
            raise

    async with client_for(noting) as browser:
        response = await browser.post(f"{BANK}/login?name={customer}", headers={"Origin": BANK})
        expect_status(response, 204, f"POST /login from {BANK}")
        try:
            fetched = await Page(EVIL, browser).fetch(URL, **arguments)
        except (TypeError, AttributeError, ValueError, CourseError):
            raise AssertionError(told(sent, "arguments that fetch takes", arguments)) from None
    moved = {name: now - before[name] for name, now in bank.state.balances.items() if now != before[name]}
    steps = "; ".join(fetched.steps)
    if not set(fetched.sent) - {"OPTIONS"}:
        return moved, f"the browser did not send it: {steps}; {fetched.blocked}"
    because = f"; the bank raised {answer_module.explain(raised[0])}" if raised else ""
    return moved, steps + ("" if "with cookies" in steps else "; no cookie was sent") + because


def in_time(guard: Any) -> Any:
    """The guard, or a TimeoutError from the line that waits for something that never comes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        waiting: list[BaseException] = []
        with waits_skipped(), move_on_after(30):
            try:
                await guard(scope, receive, send)
            except CancelledError as error:
                waiting.append(error)
                raise
        if waiting:
            raise TimeoutError("no answer within 30 seconds") from waiting[0]

    return app


class Noting:
    """An app that notes what reaches it, and answers in its own way."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            self.seen.append((scope["type"], b""))
            return
        body = await Request(scope, receive).body()
        self.seen.append((scope["method"], body))
        headers = [(b"x-app", b"yes"), (b"x-origin", Headers(scope=scope).get("Origin", "-").encode())]
        await send({"type": "http.response.start", "status": 207, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else b"from the app"})


ALLOWED = ("https://bank.example", "https://app.bank.example")
WRITES = ("POST", "PUT", "PATCH", "DELETE", "PURGE", "G", "OPT")


async def guarded(
    method: str,
    origin: str | bytes | None,
    *,
    passes: bool,
    origins: Collection[str] = ALLOWED,
    path: str = "/transfer",
    guard: tuple[Any, Noting] | None = None,
    **more: Any,
) -> None:
    """Send one request through a guard, a new one unless `guard` is one with its app."""
    app = Noting() if guard is None else guard[1]
    app.seen.clear()
    given = {} if origin is None else {"Origin": origin}
    others = "".join(f", {name}: {value}" for name, value in more.get("headers", {}).items())
    sent = (
        f"{method} {path} with {'no Origin' if origin is None else f'Origin: {origin!s}'}{others}, origins {origins!r}"
    )
    through = answer.OriginGuard(app, origins) if guard is None else guard[0]
    async with client_for(in_time(through)) as http:
        response = await http.request(method, path, headers={**more.pop("headers", {}), **given}, **more)
    expect_status(response, 207 if passes else 403, sent)
    expect_equal(bool(app.seen), passes, f"{sent}: whether the app was called")
    if passes:
        got = (response.headers.get("x-app"), response.headers.get("x-origin"))
        expect_equal(got, ("yes", "-" if origin is None else origin), f"{sent}: what the app saw and sent")
        expected = response.request.content
        expect_equal(app.seen, [(method, expected)], f"{sent}: the method and the body that reached the app")


@pytest.mark.exercise("5.5")
class TestForgery:
    @pytest.mark.parametrize(("customer", "to"), CUSTOMERS)
    async def test_attack(self, customer, to):
        """A customer who visits the attacker's page is 100 pounds poorer."""
        bank = answer.new_bank()
        moved, happened = await after_attack(bank, bank, customer, to)
        sent = f"a page of {EVIL}, visited by {customer}: fetch('{URL}', **attack({to!r})), changes in the accounts"
        expected = {customer: -100, to: 100}
        assert moved == expected, f"{told(sent, expected, moved)} ({happened})"

    @pytest.mark.parametrize(("customer", "to"), CUSTOMERS)
    async def test_closed(self, customer, to):
        """Behind the guard the same attack moves nothing."""
        bank = answer.new_bank()
        guard = in_time(answer.OriginGuard(bank, ALLOWED))
        moved, _ = await after_attack(bank, guard, customer, to)
        expect_equal(moved, {}, "your attack on OriginGuard(new_bank(), origins), changes in the accounts")
        direct = {"to": to, "pounds": 100}
        async with client_for(guard, cookies={"session": customer}) as http:
            for form in ("text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
                headers = {"Origin": EVIL, "Content-Type": form}
                response = await http.post("/transfer", headers=headers, content=json.dumps(direct))
                expect_status(response, 403, f"POST /transfer from {EVIL} with Content-Type: {form}")

    async def test_strangers_write_nothing(self):
        """Writes with an Origin that is not one of origins get 403, and the app is not called."""
        for origin in (
            EVIL,
            "null",
            "",
            "http://bank.example",
            "https://bank.example:8443",
            "https://bank.example.evil.example",
            "https://evil-bank.example",
            "https://www.bank.example",
            "https://bank.exampl",
            "https://Bank.example",
            "https://bank.example/",
            "https://course.test",
            b"https://bank.example\xff",
            b"\xff",
        ):
            await guarded("POST", origin, passes=False, content=b"{}")
        for method in WRITES:
            await guarded(method, EVIL, passes=False)
        for path in ("/", "/login", "/new/route"):
            await guarded("POST", EVIL, passes=False, path=path)
        await guarded("POST", EVIL, passes=False, headers={"Authorization": "Bearer x"})
        await guarded("POST", BANK, passes=False, origins=["https://app.bank.example"])
        await guarded("POST", EVIL, passes=False, origins=())

    async def test_own_pages_write(self):
        """Pages of origins write, and body and answer pass unchanged."""
        for method, origin in itertools.product(WRITES, ALLOWED):
            await guarded(method, origin, passes=True, content=b'{"pounds": 1}')
        await guarded("POST", EVIL, passes=True, origins=[EVIL], content=b"x" * 100_000)

    async def test_one_after_the_other(self):
        """A guard judges each request by itself, whatever came before."""
        app = Noting()
        guard = (answer.OriginGuard(app, ALLOWED), app)
        for origin in (EVIL, BANK, None, EVIL, ALLOWED[1], "null", BANK):
            await guarded("POST", origin, passes=origin in (None, *ALLOWED), guard=guard)

    async def test_programs_write(self):
        """Requests without an Origin pass, whatever other headers say."""
        for method in WRITES:
            await guarded(method, None, passes=True, content=b"{}")
        headers = {"Referer": f"{EVIL}/page", "Sec-Fetch-Site": "cross-site"}
        await guarded("POST", None, passes=True, headers=headers)

    async def test_reading(self):
        """Reading and asking pass from everywhere."""
        for method, origin in itertools.product(("GET", "HEAD", "OPTIONS"), (EVIL, "null", "", BANK, None)):
            await guarded(method, origin, passes=True)

    async def test_not_http(self):
        """What is not HTTP reaches the app."""
        for kind in ("websocket", "lifespan"):
            app = Noting()
            scope: dict[str, Any] = {"type": kind}
            if kind == "websocket":
                scope |= {"path": "/", "headers": [(b"origin", EVIL.encode())], "query_string": b""}
            sent = f'a scope of type "{kind}" through OriginGuard: what reached the app'
            try:
                await in_time(answer.OriginGuard(app, ALLOWED))(scope, None, None)
            except Exception as error:
                raise AssertionError(f"{told(sent, kind)}, but {answer_module.explain(error)} was raised") from None
            expect_equal([name for name, _ in app.seen], [kind], sent)
