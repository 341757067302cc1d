"""What pages of other origins may do: one table, for `coursekit.fetch` and for Chromium."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Headers = tuple[tuple[str, str], ...]
PAGE = "{page}"
"""Stands for the origin of the page, wherever a header of an answer names it."""


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int = 200
    headers: Headers = ()


@dataclass(frozen=True)
class Case:
    """A `fetch` on a page, what the server answers to it, and what the Fetch standard makes of that.

    `sent` are the methods that reach the server, `readable` what the script sees of the answer's headers beyond the
    content type and length; None is a TypeError.
    """

    name: str
    sent: tuple[str, ...]
    readable: tuple[str, ...] | None
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    own: bool = False
    """Whether the page is one of the server's own origin."""
    answer: Answer = Answer()
    preflight: Answer = Answer()
    chromium_departs: bool = False
    """Whether Chromium lets pass what the standard blocks."""

    def options(self) -> dict[str, Any]:
        """The second argument of the script's `fetch`."""
        given: dict[str, Any] = {"method": self.method, "headers": self.headers, "credentials": self.credentials}
        return given if self.body is None else {**given, "body": self.body}


BLOCKED = None
ALLOW = ("Access-Control-Allow-Origin", PAGE)
ANY = ("Access-Control-Allow-Origin", "*")
CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
READ = Answer(200, (ALLOW,))
READ_BY_ANY = Answer(200, (ANY,))
JSON = {"Content-Type": "application/json"}
BEARER = {"Authorization": "Bearer x"}


def allowing(
    *, methods: str | None = None, headers: str | None = None, more: Headers = (ALLOW,), status: int = 204
) -> Answer:
    """The answer to a preflight."""
    named = (("Access-Control-Allow-Methods", methods), ("Access-Control-Allow-Headers", headers))
    return Answer(status, more + tuple((name, value) for name, value in named if value is not None))


def expose(names: str, *more: tuple[str, str]) -> Headers:
    """The headers of an answer that exposes some."""
    return (("Access-Control-Expose-Headers", names), ("X-Request-ID", "r1"), ("ETag", '"1"'), *more)


PROTOCOL = (
    # same origin
    Case("own page, GET", ("GET",), ("x-request-id",), own=True, answer=Answer(200, (("X-Request-ID", "r1"),))),
    Case("own page, PATCH", ("PATCH",), (), own=True, method="PATCH", headers=JSON, body="{}"),
    Case("own page, POST", ("POST",), (), own=True, method="POST", body="a=1"),
    Case("own page, 500", ("GET",), (), own=True, answer=Answer(500)),
    Case(
        "own page, Set-Cookie is not for scripts",
        ("GET",),
        ("etag",),
        own=True,
        answer=Answer(200, (("Set-Cookie", "a=b"), ("ETag", '"1"'))),
    ),
    Case("own page, cookie left at home", ("GET",), (), own=True, credentials="omit"),
    # simple requests and the CORS check
    Case("GET, not allowed", ("GET",), BLOCKED),
    Case("GET, allowed", ("GET",), (), answer=READ),
    Case("GET, anybody", ("GET",), (), answer=READ_BY_ANY),
    Case("HEAD, allowed", ("HEAD",), (), method="HEAD", answer=READ),
    Case("get is sent as GET", ("GET",), (), method="get", answer=READ),
    Case("POST of text, not allowed, yet it arrives", ("POST",), BLOCKED, method="POST", body="x"),
    Case(
        "POST of a form, not allowed, yet it arrives",
        ("POST",),
        BLOCKED,
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body="a=1",
    ),
    Case("POST of text, allowed", ("POST",), (), method="POST", body="x", answer=READ),
    Case("another origin is named", ("GET",), BLOCKED, answer=Answer(200, ((ALLOW[0], "https://other.example"),))),
    Case("the origin with a slash", ("GET",), BLOCKED, answer=Answer(200, ((ALLOW[0], PAGE + "/"),))),
    Case(
        "two origins in one header", ("GET",), BLOCKED, answer=Answer(200, ((ALLOW[0], f"{PAGE}, https://b.example"),))
    ),
    Case("the header twice", ("GET",), BLOCKED, answer=Answer(200, (ALLOW, ALLOW))),
    Case("null is nobody here", ("GET",), BLOCKED, answer=Answer(200, ((ALLOW[0], "null"),))),
    # errors are answers like any other
    *(
        Case(f"{status} with CORS headers", ("GET",), (), answer=Answer(status, (ALLOW,)))
        for status in (401, 404, 422, 429, 500)
    ),
    *(Case(f"{status} without", ("GET",), BLOCKED, answer=Answer(status)) for status in (401, 404, 422, 429, 500)),
    # credentials
    Case("credentials, allowed", ("GET",), (), credentials="include", answer=Answer(200, (ALLOW, CREDENTIALS))),
    Case("credentials, not allowed", ("GET",), BLOCKED, credentials="include", answer=READ),
    Case("credentials and *", ("GET",), BLOCKED, credentials="include", answer=Answer(200, (ANY, CREDENTIALS))),
    Case(
        "credentials, True with a capital",
        ("GET",),
        BLOCKED,
        credentials="include",
        answer=Answer(200, (ALLOW, (CREDENTIALS[0], "True"))),
    ),
    Case("no credentials, * is enough", ("GET",), (), credentials="omit", answer=Answer(200, (ANY, CREDENTIALS))),
    Case(
        "credentials, preflight without allowance",
        ("OPTIONS",),
        BLOCKED,
        method="PATCH",
        credentials="include",
        preflight=allowing(methods="PATCH"),
        answer=Answer(200, (ALLOW, CREDENTIALS)),
    ),
    Case(
        "credentials, preflight with allowance",
        ("OPTIONS", "PATCH"),
        (),
        method="PATCH",
        credentials="include",
        preflight=allowing(methods="PATCH", more=(ALLOW, CREDENTIALS)),
        answer=Answer(200, (ALLOW, CREDENTIALS)),
    ),
    Case(
        "credentials make * an ordinary method",
        ("OPTIONS",),
        BLOCKED,
        method="PATCH",
        credentials="include",
        preflight=allowing(methods="*", more=(ALLOW, CREDENTIALS)),
    ),
    Case(
        "credentials make * an ordinary header",
        ("OPTIONS",),
        BLOCKED,
        headers={"X-Shop": "1"},
        credentials="include",
        preflight=allowing(headers="*", more=(ALLOW, CREDENTIALS)),
    ),
    # preflights: methods
    Case("PATCH, allowed", ("OPTIONS", "PATCH"), (), method="PATCH", preflight=allowing(methods="PATCH"), answer=READ),
    Case("PATCH, not named", ("OPTIONS",), BLOCKED, method="PATCH", preflight=allowing(methods="GET, PUT")),
    Case("PATCH, no list", ("OPTIONS",), BLOCKED, method="PATCH", preflight=allowing()),
    Case("patch is not PATCH", ("OPTIONS",), BLOCKED, method="patch", preflight=allowing(methods="PATCH")),
    Case("put is PUT", ("OPTIONS", "PUT"), (), method="put", preflight=allowing(methods="PUT"), answer=READ),
    Case(
        "DELETE, any method", ("OPTIONS", "DELETE"), (), method="DELETE", preflight=allowing(methods="*"), answer=READ
    ),
    Case("TRACE is sent by no page", (), BLOCKED, method="TRACE"),
    Case("GET has no body", (), BLOCKED, body="x"),
    Case("PATCH, the list is none", ("OPTIONS",), BLOCKED, method="PATCH", preflight=allowing(methods="PATCH; PUT")),
    Case(
        "PATCH, allowed but the answer is not",
        ("OPTIONS", "PATCH"),
        BLOCKED,
        method="PATCH",
        preflight=allowing(methods="PATCH"),
    ),
    # preflights: status and origin
    Case(
        "preflight 200",
        ("OPTIONS", "PUT"),
        (),
        method="PUT",
        preflight=allowing(methods="PUT", status=200),
        answer=READ,
    ),
    Case("preflight 400", ("OPTIONS",), BLOCKED, method="PUT", preflight=allowing(methods="PUT", status=400)),
    Case("preflight 404", ("OPTIONS",), BLOCKED, method="PUT", preflight=allowing(methods="PUT", status=404)),
    Case("preflight 429", ("OPTIONS",), BLOCKED, method="PUT", preflight=allowing(methods="PUT", status=429)),
    Case(
        "preflight 308",
        ("OPTIONS",),
        BLOCKED,
        method="PUT",
        preflight=allowing(methods="PUT", status=308, more=(ALLOW, ("Location", "/elsewhere"))),
    ),
    Case(
        "preflight of another origin", ("OPTIONS",), BLOCKED, method="PUT", preflight=allowing(methods="PUT", more=())
    ),
    # preflights: headers
    Case(
        "JSON",
        ("OPTIONS", "POST"),
        (),
        method="POST",
        headers=JSON,
        body="{}",
        preflight=allowing(headers="content-type"),
        answer=READ,
    ),
    Case("JSON, not named", ("OPTIONS",), BLOCKED, method="POST", headers=JSON, body="{}", preflight=allowing()),
    Case(
        "a header of one's own",
        ("OPTIONS", "GET"),
        (),
        headers={"X-Shop": "1"},
        preflight=allowing(headers="X-SHOP"),
        answer=READ,
    ),
    Case(
        "a header that is not named",
        ("OPTIONS",),
        BLOCKED,
        headers={"X-Evil": "1"},
        preflight=allowing(headers="X-Shop"),
    ),
    Case(
        "one header of two",
        ("OPTIONS",),
        BLOCKED,
        headers={"X-Shop": "1", "If-Match": "*"},
        preflight=allowing(headers="X-Shop"),
    ),
    Case(
        "both headers",
        ("OPTIONS", "PUT"),
        (),
        method="PUT",
        headers={"X-Shop": "1", "If-Match": "*"},
        preflight=allowing(methods="PUT", headers="If-Match,, X-Shop ,"),
        answer=READ,
    ),
    Case(
        "any header",
        ("OPTIONS", "GET"),
        (),
        headers={"X-Shop": "1"},
        preflight=allowing(headers="*"),
        answer=READ_BY_ANY,
    ),
    Case(
        "* is not Authorization",
        ("OPTIONS",),
        BLOCKED,
        headers=BEARER,
        preflight=allowing(headers="*"),
        answer=READ,
        chromium_departs=True,
    ),
    Case(
        "Authorization, named",
        ("OPTIONS", "GET"),
        (),
        headers=BEARER,
        preflight=allowing(headers="Authorization"),
        answer=READ,
    ),
    Case(
        "the header list is none",
        ("OPTIONS",),
        BLOCKED,
        headers={"X-Shop": "1"},
        preflight=allowing(headers="X-Shop, a b"),
    ),
    # what needs no preflight
    Case("a language", ("GET",), (), headers={"Accept-Language": "de-AT, de;q=0.9"}, answer=READ),
    Case("an odd language", ("OPTIONS",), BLOCKED, headers={"Accept-Language": "de_AT"}, preflight=allowing()),
    Case("an Accept", ("GET",), (), headers={"Accept": "application/json"}, answer=READ),
    Case("an Accept with quotes", ("OPTIONS",), BLOCKED, headers={"Accept": 'text/x;a="b"'}, preflight=allowing()),
    Case(
        "an Accept with quotes, named",
        ("OPTIONS", "GET"),
        (),
        headers={"Accept": 'text/x;a="b"'},
        preflight=allowing(headers="Accept"),
        answer=READ,
    ),
    Case("a long Accept", ("OPTIONS",), BLOCKED, headers={"Accept": "x" * 129}, preflight=allowing()),
    Case("an Accept of 128", ("GET",), (), headers={"Accept": "x" * 128}, answer=READ),
    Case("a range", ("GET",), (), headers={"Range": "bytes=0-99"}, answer=READ),
    Case("a range to the end", ("GET",), (), headers={"Range": "bytes=5-"}, answer=READ),
    Case("the last bytes", ("OPTIONS",), BLOCKED, headers={"Range": "bytes=-5"}, preflight=allowing()),
    Case(
        "a form's type with a parameter",
        ("POST",),
        (),
        method="POST",
        headers={"Content-Type": "Text/Plain; charset=utf-8"},
        body="x",
        answer=READ,
    ),
    Case(
        "JSON behind a comma is JSON",
        ("OPTIONS",),
        BLOCKED,
        method="POST",
        headers={"Content-Type": "text/plain, application/json"},
        body="x",
        preflight=allowing(),
    ),
    # headers that no page sets
    Case("Host and Cookie are dropped", ("GET",), (), headers={"Host": "evil.example", "Cookie": "a=b"}, answer=READ),
    Case("Sec- and Proxy- are dropped", ("GET",), (), headers={"Sec-Fetch-Site": "none", "Proxy-X": "1"}, answer=READ),
    Case("a forbidden override is dropped", ("GET",), (), headers={"X-HTTP-Method-Override": "TRACE"}, answer=READ),
    Case(
        "another override asks",
        ("OPTIONS",),
        BLOCKED,
        headers={"X-HTTP-Method-Override": "DELETE"},
        preflight=allowing(),
    ),
    # which headers of the answer a script reads
    Case("nothing exposed", ("GET",), (), answer=Answer(200, (ALLOW, *expose("")))),
    Case("exposed", ("GET",), ("x-request-id",), answer=Answer(200, (ALLOW, *expose("x-request-ID, Location")))),
    Case(
        "exposed by an error",
        ("GET",),
        ("etag", "x-request-id"),
        answer=Answer(429, (ALLOW, *expose("ETag,X-Request-ID"))),
    ),
    Case(
        "all exposed",
        ("GET",),
        ("access-control-allow-origin", "access-control-expose-headers", "etag", "x-request-id"),
        answer=Answer(200, (ALLOW, *expose("*"))),
    ),
    Case(
        "* exposes nothing to credentials",
        ("GET",),
        (),
        credentials="include",
        answer=Answer(200, (ALLOW, CREDENTIALS, *expose("*"))),
    ),
    Case(
        "Set-Cookie is never exposed",
        ("GET",),
        (),
        answer=Answer(200, (ALLOW, *expose("Set-Cookie", ("Set-Cookie", "a=b")))),
    ),
    Case(
        "safelisted without being named",
        ("GET",),
        ("cache-control", "content-language", "expires", "last-modified", "pragma"),
        answer=Answer(
            200,
            (
                ALLOW,
                ("Cache-Control", "no-store"),
                ("Content-Language", "en"),
                ("Expires", "0"),
                ("Last-Modified", "Thu, 01 Jan 2026 09:00:00 GMT"),
                ("Pragma", "no-cache"),
                ("Retry-After", "5"),
            ),
        ),
    ),
    Case(
        "exposed on the preflight only",
        ("OPTIONS", "PUT"),
        (),
        method="PUT",
        preflight=allowing(methods="PUT", more=(ALLOW, ("Access-Control-Expose-Headers", "ETag"))),
        answer=Answer(200, (ALLOW, ("ETag", '"1"'))),
    ),
)


@dataclass(frozen=True)
class AppCase:
    """A `fetch` on a page to the finished application, served in one of several ways.

    `status` is what the script sees, None for a TypeError; `reads` are headers that it reads, `misses` headers that are
    there and that it does not read.
    """

    name: str
    server: Literal["app", "limited", "open", "reflecting", "limiter outside"]
    sent: tuple[str, ...]
    status: int | None
    path: str = "/api/v1/items"
    page: Literal["allowed", "stranger", "own"] = "allowed"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    credentials: Literal["omit", "same-origin", "include"] = "same-origin"
    reads: tuple[str, ...] = ()
    misses: tuple[str, ...] = ("vary",)

    def options(self, bearer: str) -> dict[str, Any]:
        """The second argument of the script's `fetch`; `{bearer}` in a header stands for a token."""
        headers = {name: value.replace("{bearer}", bearer) for name, value in self.headers.items()}
        given: dict[str, Any] = {"method": self.method, "headers": headers, "credentials": self.credentials}
        return given if self.body is None else {**given, "body": self.body}


SIGNED_IN = {"Authorization": "Bearer {bearer}"}
SENDING = {**SIGNED_IN, **JSON}
ITEM = '{"name": "Lamp", "price": "1.50"}'
ME = "/api/v1/users/me"
ERRORS: tuple[tuple[int, str, str, str | None], ...] = (
    (401, "GET", ME, None),
    (404, "GET", "/api/v1/items/999", None),
    (404, "GET", "/nothing", None),
    (413, "POST", "/api/v1/users", "x" * (1024 * 1024 + 1)),
    (422, "GET", "/api/v1/items?limit=0", None),
    (500, "GET", "/broken", None),
)

APP = (
    AppCase("same origin", "app", ("GET",), 200, page="own", reads=("x-request-id", "vary"), misses=()),
    AppCase("same origin, PATCH", "app", ("PATCH",), 200, ME, "own", "PATCH", SENDING, '{"full_name": "A"}', misses=()),
    AppCase("simple GET", "app", ("GET",), 200, reads=("x-request-id",)),
    AppCase("simple GET of a stranger", "app", ("GET",), None, page="stranger"),
    AppCase("HEAD", "app", ("HEAD",), 200, method="HEAD", reads=("x-request-id",)),
    AppCase("a form, which asks nobody", "app", ("POST",), 400, "/api/v1/auth/token", method="POST", body="x"),
    AppCase("a form of a stranger arrives", "app", ("POST",), None, "/api/v1/auth/token", "stranger", "POST", body="x"),
    AppCase("PATCH", "app", ("OPTIONS", "PATCH"), 200, ME, "allowed", "PATCH", SENDING, '{"full_name": "A"}'),
    AppCase("PATCH of a stranger", "app", ("OPTIONS",), None, ME, "stranger", "PATCH", SENDING, '{"full_name": "A"}'),
    AppCase(
        "POST of JSON", "app", ("OPTIONS", "POST"), 201, method="POST", headers=SENDING, body=ITEM, reads=("location",)
    ),
    AppCase("a token in a header", "app", ("OPTIONS", "GET"), 200, ME, headers=SIGNED_IN),
    AppCase(
        "If-Match",
        "app",
        ("OPTIONS", "DELETE"),
        404,
        "/api/v1/items/999",
        method="DELETE",
        headers={**SIGNED_IN, "If-Match": "*"},
    ),
    AppCase(
        "X-Request-ID of one's own",
        "app",
        ("OPTIONS", "GET"),
        200,
        headers={"X-Request-ID": "mine"},
        reads=("x-request-id",),
    ),
    AppCase("an Accept that asks", "app", ("OPTIONS", "GET"), 200, headers={"Accept": 'application/json;v="1"'}),
    AppCase("a language that asks", "app", ("OPTIONS", "GET"), 200, headers={"Accept-Language": "de_AT"}),
    AppCase("a header that is not allowed", "app", ("OPTIONS",), None, headers={"X-Evil": "1"}),
    AppCase("a method that is not allowed", "app", ("OPTIONS",), None, ME, method="patch", headers=JSON, body="{}"),
    AppCase("a method that no page may send", "app", (), None, method="TRACE"),
    AppCase(
        "a method that is not offered", "app", ("OPTIONS", "DELETE"), 405, method="DELETE", misses=("vary", "allow")
    ),
    AppCase("credentials", "app", ("GET",), 200, credentials="include"),
    AppCase(
        "credentials, PUT",
        "app",
        ("OPTIONS", "PUT"),
        404,
        "/api/v1/items/999",
        method="PUT",
        headers=SENDING,
        body=ITEM,
        credentials="include",
    ),
    AppCase("credentials of a stranger", "app", ("GET",), None, page="stranger", credentials="include"),
    AppCase("credentials where every page is allowed", "open", ("GET",), None, credentials="include"),
    AppCase("every page, without", "open", ("GET",), 200, page="stranger", reads=("x-request-id",)),
    AppCase("every page, PATCH", "open", ("OPTIONS", "PATCH"), 401, ME, "stranger", "PATCH", JSON, "{}"),
    AppCase(
        "Starlette's * with credentials lets strangers in",
        "reflecting",
        ("GET",),
        200,
        "/",
        "stranger",
        credentials="include",
    ),
    *(
        AppCase(
            f"{status} of {path}", "app", (method,), status, path, method=method, body=body, reads=("x-request-id",)
        )
        for status, method, path, body in ERRORS
    ),
    *(
        AppCase(f"{status} of {path}, a stranger", "app", (method,), None, path, "stranger", method, body=body)
        for status, method, path, body in ERRORS
    ),
    AppCase("429", "limited", ("GET",), 429, reads=("retry-after", "x-request-id")),
    AppCase(
        "429 after a preflight that counts nothing",
        "limited",
        ("OPTIONS", "GET"),
        429,
        headers=SIGNED_IN,
        reads=("retry-after",),
    ),
    AppCase("429 of a limiter outside of CORS", "limiter outside", ("GET",), None, "/"),
    AppCase("a limiter outside of CORS, preflight", "limiter outside", ("OPTIONS",), None, "/", method="PUT"),
)
