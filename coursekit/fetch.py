"""What a browser does with `fetch(url, {...})` on a page: the CORS protocol of the Fetch standard, step by step.

Follows "main fetch", "CORS-preflight fetch" and "CORS check" of https://fetch.spec.whatwg.org; real Chromium is held to
agree in `tests/browser/test_cors.py`. Every preflight is sent, as if none were remembered; redirects are not followed;
cookies go wherever the credentials mode sends them (SameSite is not looked at).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlencode

import httpx

from coursekit.errors import CourseError

Credentials = Literal["omit", "same-origin", "include"]
Body = str | bytes | Mapping[str, str]

SAFELISTED_METHODS = ("GET", "HEAD", "POST")
SAFELISTED_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
SAFELISTED_RESPONSE_HEADERS = frozenset(
    ("cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma")
)
NEVER_READABLE = frozenset(("set-cookie", "set-cookie2"))

_NORMALIZED_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")
_FORBIDDEN_METHODS = ("CONNECT", "TRACE", "TRACK")
_FORBIDDEN_HEADERS = re.compile(
    "accept-charset|accept-encoding|access-control-request-headers|access-control-request-method|connection|"
    "content-length|cookie|cookie2|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|"
    "transfer-encoding|upgrade|via|proxy-.*|sec-.*"
)
_METHOD_OVERRIDES = ("x-http-method", "x-http-method-override", "x-method-override")
_UNSAFE_BYTES = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BLANKS = " \t\r\n"


class Blocked(Exception):
    """The browser decides that the script gets a TypeError and nothing of an answer; the text says why."""


@dataclass(frozen=True)
class Fetched:
    """What came of a fetch. `print` it to read every step.

    `sent` are the methods of the requests that reached the server. For a blocked fetch `status` is None, and `headers`
    and `body` are empty: what the script does not see is not here either.
    """

    origin: str
    method: str
    url: str
    steps: tuple[str, ...]
    sent: tuple[str, ...]
    blocked: str | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body that the script reads, as JSON. Raise `Blocked` when it reads nothing."""
        if self.blocked is not None:
            raise Blocked(self.blocked)
        return json.loads(self.body)

    def __str__(self) -> str:
        lines = [f"a page of {self.origin}: {self.method} {self.url}", *(f"  {step}" for step in self.steps)]
        if self.blocked is not None:
            lines.append(f"BLOCKED: {self.blocked}")
        else:
            lines.append(f"READABLE: status {self.status}, body, and the headers {', '.join(sorted(self.headers))}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Page:
    """A page of `origin` in a browser whose network and cookie jar are those of `client`."""

    origin: str
    client: httpx.AsyncClient

    def __post_init__(self) -> None:
        if self.origin != origin_of(httpx.URL(self.origin)):
            raise CourseError(
                f"{self.origin!r} is no origin: write scheme, host and port, such as https://shop.example."
            )

    async def fetch(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        credentials: Credentials = "same-origin",
    ) -> Fetched:
        """Do what `fetch(url, {method, headers, body, credentials})` does on this page.

        A relative `url` is one of the page's own origin. A `body` of text is sent as text/plain, a mapping as a form,
        unless `headers` say otherwise.
        """
        if credentials not in get_args(Credentials):
            raise CourseError(f"A fetch has no credentials {credentials!r}: write 'omit', 'same-origin' or 'include'.")
        return await _Fetch(self, url, method, headers or {}, body, credentials).run()


class _Fetch:
    """One fetch while it goes on."""

    def __init__(
        self,
        page: Page,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: Body | None,
        credentials: Credentials,
    ) -> None:
        self.client = page.client
        self.origin = page.origin
        self.url = httpx.URL(page.origin).join(url)
        self.method = method.upper() if method.upper() in _NORMALIZED_METHODS else method
        given = {name.lower(): value.strip(_BLANKS) for name, value in headers.items()}
        self.headers = {name: value for name, value in given.items() if not is_forbidden_header(name, value)}
        self.dropped = sorted(given.keys() - self.headers.keys())
        self.content = self._read(body)
        self.credentials = credentials
        self.steps: list[str] = []
        self.sent: list[str] = []

    def _read(self, body: Body | None) -> bytes | None:
        """The body as bytes; what its form says about the content type is added to the headers."""
        if body is None or isinstance(body, bytes):
            return body
        if isinstance(body, str):
            self.headers.setdefault("content-type", "text/plain;charset=UTF-8")
            return body.encode()
        self.headers.setdefault("content-type", "application/x-www-form-urlencoded;charset=UTF-8")
        return urlencode(body).encode()

    async def run(self) -> Fetched:
        try:
            response, readable = await self._main_fetch()
        except Blocked as error:
            return self._outcome(blocked=str(error))
        visible = {name: value for name, value in response.headers.items() if name in readable}
        return self._outcome(status=response.status_code, headers=visible, body=response.content)

    def _outcome(self, **outcome: Any) -> Fetched:
        told = tuple(f"{number}. {step}" for number, step in enumerate(self.steps, start=1))
        return Fetched(self.origin, self.method, str(self.url), told, tuple(self.sent), **outcome)

    async def _main_fetch(self) -> tuple[httpx.Response, Collection[str]]:
        """The answer and the names of those headers of it that the script may read."""
        if self.method.upper() in _FORBIDDEN_METHODS:
            raise Blocked(f"{self.method} is a forbidden method, no page may send it")
        if self.content is not None and self.method in ("GET", "HEAD"):
            raise Blocked(f"a {self.method} has no body")
        if self.dropped:
            self.steps.append(f"forbidden headers, dropped without a word: {', '.join(self.dropped)}")
        if origin_of(self.url) == self.origin:
            return await self._same_origin()
        return await self._cross_origin()

    async def _same_origin(self) -> tuple[httpx.Response, Collection[str]]:
        self.steps.append("the page's own origin: sent, and no question asked")
        with_origin = self.method not in ("GET", "HEAD")
        response = await self._send(
            self.method,
            {**self.headers, **({"origin": self.origin} if with_origin else {})},
            with_credentials=self.credentials != "omit",
        )
        return response, response.headers.keys() - NEVER_READABLE

    async def _cross_origin(self) -> tuple[httpx.Response, Collection[str]]:
        unsafe = unsafe_header_names(self.headers)
        if self.method in SAFELISTED_METHODS and not unsafe:
            self.steps.append("another origin; a simple request, so it is sent at once")
        else:
            reasons = [] if self.method in SAFELISTED_METHODS else [f"method {self.method}"]
            reasons += [f"header {name}" for name in unsafe]
            self.steps.append(f"another origin; asks first because of {', '.join(reasons)}")
            await self._preflight(unsafe)
        with_credentials = self.credentials == "include"
        response = await self._send(
            self.method, {**self.headers, "origin": self.origin}, with_credentials=with_credentials
        )
        self._cors_check(response, "answer")
        return response, readable_headers(response, with_credentials=with_credentials)

    async def _preflight(self, unsafe: Collection[str]) -> None:
        """The CORS-preflight fetch. Raise `Blocked` when the answer does not allow the request."""
        asking = {"origin": self.origin, "access-control-request-method": self.method}
        if unsafe:
            asking["access-control-request-headers"] = ",".join(unsafe)
        response = await self._send("OPTIONS", asking, with_credentials=False)
        self._cors_check(response, "preflight")
        if not response.is_success:
            raise Blocked(f"the preflight's status is {response.status_code}, not one of 200 to 299")
        methods = _listed(response, "Access-Control-Allow-Methods")
        allowed = {name.lower() for name in _listed(response, "Access-Control-Allow-Headers")}
        wildcard = self.credentials != "include"
        if self.method not in (*SAFELISTED_METHODS, *methods) and not (wildcard and "*" in methods):
            raise Blocked(f"Access-Control-Allow-Methods does not name {self.method}")
        for name in unsafe:
            if name not in allowed and not (wildcard and "*" in allowed and name != "authorization"):
                raise Blocked(f"Access-Control-Allow-Headers does not name {name}")
        self.steps.append("preflight: method and headers are allowed")

    def _cors_check(self, response: httpx.Response, what: str) -> None:
        """The CORS check. Raise `Blocked` when it fails."""
        fault = cors_fault(response, self.origin, self.credentials)
        if fault is not None:
            self.steps.append(f"{what}: the CORS check fails")
            raise Blocked(fault)
        self.steps.append(f"{what}: the CORS check passes")

    async def _send(self, method: str, headers: Mapping[str, str], *, with_credentials: bool) -> httpx.Response:
        """Send what a page sends: none of the client's own headers, its cookies only as credentials."""
        content = self.content if method == self.method else None
        request = httpx.Request(method, self.url, headers={"accept": "*/*", **headers}, content=content)
        jar = httpx.Cookies(self.client.cookies)
        if with_credentials:
            jar.set_cookie_header(request)
        response = await self.client.send(request, auth=None, follow_redirects=False)
        if not with_credentials:
            self.client.cookies = jar
        self.sent.append(method)
        cookies = " with cookies" if "cookie" in request.headers else ""
        self.steps.append(f"{method} {self.url.raw_path.decode('ascii')}{cookies} -> {response.status_code}")
        if response.has_redirect_location and method != "OPTIONS":
            raise CourseError(
                "The answer is a redirect, and this small browser follows none: name the URL it leads to."
            )
        return response


def origin_of(url: httpx.URL) -> str:
    """The origin of a URL, serialized: scheme, host, and the port unless it is the scheme's own."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def is_forbidden_header(name: str, value: str) -> bool:
    """Whether a page cannot set this header (a forbidden request-header): the browser leaves it out."""
    name = name.lower()
    if name in _METHOD_OVERRIDES:
        return any(method.strip(_BLANKS).upper() in _FORBIDDEN_METHODS for method in value.split(","))
    return _FORBIDDEN_HEADERS.fullmatch(name) is not None


def is_safelisted_header(name: str, value: str) -> bool:
    """Whether a page may send this header to another origin without asking (a CORS-safelisted request-header)."""
    if len(value) > 128:
        return False
    match name.lower():
        case "accept":
            return not _UNSAFE_BYTES.search(value)
        case "accept-language" | "content-language":
            return _LANGUAGE.fullmatch(value) is not None
        case "content-type":
            essence = value.partition(";")[0].strip(_BLANKS).lower()
            return not _UNSAFE_BYTES.search(value) and essence in SAFELISTED_TYPES
        case "range":
            part = _RANGE.fullmatch(value)
            return part is not None and (not part[2] or int(part[1]) <= int(part[2]))
    return False


def unsafe_header_names(headers: Mapping[str, str]) -> list[str]:
    """The headers that need a preflight (CORS-unsafe request-header names): lower case, in order."""
    return sorted(name.lower() for name, value in headers.items() if not is_safelisted_header(name, value))


def cors_fault(response: httpx.Response, origin: str, credentials: Credentials) -> str | None:
    """Why the CORS check fails for an answer to a page of `origin`, or None."""
    allowed = response.headers.get("Access-Control-Allow-Origin")
    if allowed is None:
        return "there is no Access-Control-Allow-Origin"
    if allowed == "*" and credentials != "include":
        return None
    if allowed == "*":
        return "Access-Control-Allow-Origin is *, which does not count for a request with credentials"
    if allowed != origin:
        return f"Access-Control-Allow-Origin is {allowed}"
    if credentials == "include" and response.headers.get("Access-Control-Allow-Credentials") != "true":
        return "there is no Access-Control-Allow-Credentials: true"
    return None


def readable_headers(response: httpx.Response, *, with_credentials: bool) -> set[str]:
    """The names, in lower case, of the headers of an answer from another origin that a script may read."""
    there = set(response.headers.keys())
    try:
        exposed = {name.lower() for name in _listed(response, "Access-Control-Expose-Headers")}
    except Blocked:
        exposed = set()
    if "*" in exposed and not with_credentials:
        exposed = there
    return there & (SAFELISTED_RESPONSE_HEADERS | exposed) - NEVER_READABLE


def _listed(response: httpx.Response, name: str) -> list[str]:
    """The entries of a header that is a list of tokens. Raise `Blocked` when it is none."""
    entries: Iterable[str] = (entry.strip(" \t") for entry in response.headers.get(name, "").split(","))
    listed = [entry for entry in entries if entry]
    if not all(_TOKEN.fullmatch(entry) for entry in listed):
        raise Blocked(f"{name} is no list of names")
    return listed
