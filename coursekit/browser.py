"""What a browser keeps and what it attaches: cookies as RFC 6265bis has them, forms as the HTML standard does.

Real Chromium is held to agree in `tests/browser/test_cross_site.py`. What scripts send to other origins is in
`coursekit.fetch`; here a script talks to the origin of its own page.
"""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import httpx

from coursekit.errors import CourseError

URLENCODED, MULTIPART, PLAIN = "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"
LAX_ALLOWS_POST = timedelta(minutes=2)
"""How long Chromium sends a new cookie without `SameSite` also with forms of other sites."""

_BOUNDARY = "----course"
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class HTMLForm:
    """A form on a page: what is in it, and where and how it is sent. Case does not matter in `method` and `enctype`."""

    action: str
    fields: Mapping[str, str]
    method: str = "POST"
    enctype: str = URLENCODED

    def encoded(self) -> tuple[str, bytes]:
        """The content type and the body that a browser makes of it; an unknown `enctype` is urlencoded."""
        pairs = [(_line_ends(name), _line_ends(value)) for name, value in self.fields.items()]
        enctype = self.enctype.lower()
        if enctype == PLAIN:
            return PLAIN, "".join(f"{name}={value}\r\n" for name, value in pairs).encode()
        if enctype == MULTIPART:
            parts = [
                f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{_in_quotes(name)}"\r\n\r\n{value}\r\n'
                for name, value in pairs
            ]
            return f"{MULTIPART}; boundary={_BOUNDARY}", f"{''.join(parts)}--{_BOUNDARY}--\r\n".encode()
        return URLENCODED, urlencode(pairs, safe="*").replace("~", "%7E").encode()


def _line_ends(text: str) -> str:
    return _LINE_END.sub("\r\n", text)


def _in_quotes(name: str) -> str:
    return name.replace("\r\n", "%0D%0A").replace('"', "%22")


@dataclass(frozen=True)
class Cookie:
    """A cookie in the jar. `host_only`: it has no `Domain`; `same_site` is None where the server did not say."""

    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    http_only: bool
    same_site: str | None
    created: datetime
    expires: datetime | None

    @property
    def key(self) -> tuple[str, str, bool, str]:
        """What a cookie has to agree in to replace another, or to delete it."""
        return self.name, self.domain, self.host_only, self.path

    def belongs_to(self, url: httpx.URL) -> bool:
        """Whether it goes to this URL at all, whoever asks."""
        host = url.host == self.domain or (not self.host_only and url.host.endswith(f".{self.domain}"))
        below = url.path == self.path or url.path.startswith(self.path.rstrip("/") + "/")
        return host and below and (not self.secure or url.scheme == "https")

    def goes_across_sites(self, method: str, age: timedelta) -> bool:
        """Whether it is attached when a page of another site navigates here: by a link or a form."""
        if self.same_site == "none" or (self.same_site in ("lax", None) and method == "GET"):
            return True
        return self.same_site is None and age < LAX_ALLOWS_POST


class Browser:
    """A browser with an empty cookie jar. `servers` has a client for each origin that it can reach.

    What it sends is what it decides to send: a client's own headers, cookies and sign-in are left out.
    """

    def __init__(
        self, servers: Mapping[str, httpx.AsyncClient], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._servers = {_origin(httpx.URL(origin)): client for origin, client in servers.items()}
        self._clock = clock
        self._jar: dict[tuple[str, str, bool, str], Cookie] = {}

    async def visit(self, url: str) -> httpx.Response:
        """Type an address."""
        return await self._send("GET", httpx.URL(url), page=None)

    async def click(self, page: str, url: str) -> httpx.Response:
        """Follow a link on a page of the origin `page`."""
        return await self._send("GET", httpx.URL(page).join(url), page=page)

    async def submit(self, page: str, form: HTMLForm) -> httpx.Response:
        """Send a form that stands on a page of the origin `page`, with or without somebody pressing a button."""
        url = httpx.URL(page).join(form.action)
        content_type, body = form.encoded()
        if form.method.upper() == "POST":
            return await self._send("POST", url, page=page, body=body, headers={"Content-Type": content_type})
        query = replace(form, enctype=URLENCODED).encoded()[1]
        return await self._send("GET", url.copy_with(query=query), page=page)

    async def fetch(
        self,
        page: str,
        path: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> httpx.Response:
        """What a script of a page does with `fetch(path, {method, headers, body})` at its own origin."""
        url = httpx.URL(page).join(path)
        if _origin(url) != _origin(httpx.URL(page)):
            raise CourseError("This browser's scripts talk to their own origin; coursekit.fetch has the other case.")
        if json is None:
            return await self._send(method, url, page=page, headers=headers)
        with_type = {"Content-Type": "application/json", **(headers or {})}
        return await self._send(method, url, page=page, headers=with_type, body=jsonlib.dumps(json).encode())

    def readable_cookies(self, page: str) -> dict[str, str]:
        """What a script of this page reads in `document.cookie`."""
        url = httpx.URL(page)
        return {cookie.name: cookie.value for cookie in self._cookies(url) if not cookie.http_only}

    def attached(self, page: str | None, url: str, method: str = "GET") -> list[str]:
        """The names of the cookies that a link (GET) or a form on `page` takes along to `url`, in their order."""
        return [cookie.name for cookie in self._attached(page, httpx.URL(url), method)]

    async def _send(
        self,
        method: str,
        url: httpx.URL,
        *,
        page: str | None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        client = self._servers.get(_origin(url))
        if client is None:
            raise CourseError(f"There is no server at {_origin(url)}: name it when you open the browser.")
        sent = httpx.Headers(headers)
        sent["Sec-Fetch-Site"] = _relation(page, url)
        if page is not None and method not in ("GET", "HEAD"):
            sent["Origin"] = _origin(httpx.URL(page))
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._attached(page, url, method))
        if cookies:
            sent["Cookie"] = cookies
        clients_own = httpx.Cookies(client.cookies)
        request = httpx.Request(method, url, headers=sent, content=body)
        response = await client.send(request, auth=None, follow_redirects=False)
        client.cookies = clients_own
        for header in response.headers.get_list("Set-Cookie"):
            self._store(header, url)
        return response

    def _attached(self, page: str | None, url: httpx.URL, method: str) -> list[Cookie]:
        here = self._cookies(url)
        if _relation(page, url) != "cross-site":
            return here
        return [cookie for cookie in here if cookie.goes_across_sites(method, self._clock() - cookie.created)]

    def _cookies(self, url: httpx.URL) -> list[Cookie]:
        """The cookies of this URL, those of longer paths first, then the older ones."""
        now = self._clock()
        living = (cookie for cookie in self._jar.values() if cookie.expires is None or cookie.expires > now)
        return sorted((cookie for cookie in living if cookie.belongs_to(url)), key=lambda cookie: -len(cookie.path))

    def _store(self, header: str, url: httpx.URL) -> None:
        """Obey one `Set-Cookie`, or ignore it, as RFC 6265bis, section 5.7, decides."""
        cookie = _read(header, url, self._clock())
        if cookie is None:
            return
        before = self._jar.get(cookie.key)
        if before is not None and before.value == cookie.value:
            cookie = replace(cookie, created=before.created)  # as Chromium has it: a new value makes a new cookie
        else:
            self._jar.pop(cookie.key, None)
        self._jar[cookie.key] = cookie


def _read(header: str, url: httpx.URL, now: datetime) -> Cookie | None:
    """The cookie that a server of this URL asks to keep; None where a browser refuses."""
    pair, *rest = header.split(";")
    name, _, value = (part.strip() for part in pair.partition("="))
    given = {key.strip().lower(): text.strip() for key, _, text in (part.partition("=") for part in rest)}
    domain = given.get("domain", "").lower().removeprefix(".")
    path = given.get("path", "")
    cookie = Cookie(
        name,
        value,
        domain=domain or url.host,
        host_only=not domain,
        path=path if path.startswith("/") else url.path.rpartition("/")[0] or "/",
        secure="secure" in given,
        http_only="httponly" in given,
        same_site=same_site if (same_site := given.get("samesite", "").lower()) in ("strict", "lax", "none") else None,
        created=now,
        expires=_expiry(given, now),
    )
    foreign = domain and ("." not in domain or not f".{url.host}".endswith(f".{domain}"))
    insecure = (cookie.secure and url.scheme != "https") or (cookie.same_site == "none" and not cookie.secure)
    if foreign or insecure:
        return None
    prefix = name.lower()
    if prefix.startswith(("__host-", "__secure-")) and not cookie.secure:
        return None
    if prefix.startswith("__host-") and (domain or path != "/"):
        return None
    return cookie


def _expiry(given: Mapping[str, str], now: datetime) -> datetime | None:
    """When the cookie ends; None: with the browser. `Max-Age` wins over `Expires`."""
    with suppress(ValueError):
        return now + timedelta(seconds=int(given["max-age"])) if "max-age" in given else _date(given)
    return None


def _date(given: Mapping[str, str]) -> datetime | None:
    return parsedate_to_datetime(given["expires"]).astimezone(UTC) if given.get("expires") else None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _relation(page: str | None, url: httpx.URL) -> str:
    """`Sec-Fetch-Site`: how the page that causes a request is related to where it goes."""
    if page is None:
        return "none"
    origin = httpx.URL(page)
    if _origin(origin) == _origin(url):
        return "same-origin"
    return "same-site" if _site(origin) == _site(url) else "cross-site"


def _site(url: httpx.URL) -> tuple[str, str]:
    """Scheme and registrable domain, which here are the last two labels: co.uk and the like are not known."""
    return url.scheme, ".".join(url.host.split(".")[-2:])
