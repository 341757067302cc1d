"""The checks of chapter 07."""

import hmac
import inspect
import json
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from coursekit.browser import Browser, HTMLForm
from coursekit.errors import CourseError
from coursekit.testing import answer, client_for, expect_equal, expect_status, told


def plain(name: str) -> Callable[..., Any]:
    """The answer's function of this name. Assert that it is no `async def`: nobody awaits it."""
    function = getattr(answer, name)
    if inspect.iscoroutinefunction(function):
        raise AssertionError(f"{name} is async, but nobody awaits it: write `def`, not `async def`.")
    return function


# --- 7.1 -------------------------------------------------------------------------------------------------------------

SHARED = {"secure": True, "samesite": "lax", "path": "/", "max-age": "1800"}


def cookies_set(response: Response) -> list[tuple[str, str, dict[str, str | bool]]]:
    """Name, value and attributes of every `Set-Cookie`; the attributes in lower case."""
    found = []
    for header in response.headers.getlist("Set-Cookie"):
        pair, *rest = (part.strip() for part in header.split(";"))
        name, _, value = pair.partition("=")
        parts = (part.lower().partition("=") for part in rest)
        found.append((name, value, {key: text if equals else True for key, equals, text in parts}))
    return found


def set_both(token: str = "abc.def.ghi", csrf: str = "0f" * 32, max_age: int = 1800, names: Any = None) -> Response:
    response = Response()
    names = names or answer.CookieNames(access="access_token", csrf="csrf_token")
    plain("set_session_cookies")(response, token, csrf, names=names, max_age=max_age)
    return response


def both(response: Response) -> dict[str, tuple[str, dict[str, str | bool]]]:
    """The two cookies by name. Assert that there are two."""
    found = cookies_set(response)
    names = [name for name, _, _ in found]
    assert names == sorted(names) or len(names) == 2, told("set_session_cookies: the cookies", "two", names)
    expect_equal(len(names), 2, "set_session_cookies: how many cookies it sets")
    return {name: (value, attributes) for name, value, attributes in found}


@pytest.mark.exercise("7.1")
class TestSetCookies:
    @pytest.mark.parametrize(
        ("environment", "prefix"),
        [("development", ""), ("test", ""), ("production", "__Host-")],
        ids=["development", "test", "production"],
    )
    def test_names(self, environment, prefix):
        """In production both names carry __Host-, elsewhere neither does."""
        for before in (None, "development", "production"):
            if before is not None:
                plain("cookie_names")(before)
            names = plain("cookie_names")("".join(list(environment)))  # an equal text, not the same object
            for field, name in (("access", "access_token"), ("csrf", "csrf_token")):
                after = f", asked after {before!r}" if before else ""
                expect_equal(
                    getattr(names, field, None), prefix + name, f"cookie_names({environment!r}).{field}{after}"
                )

    def test_names_and_values(self):
        """Two cookies, each under its own name and with the value exactly as it was given."""
        for access, csrf in (("access_token", "csrf_token"), ("__Host-a", "__Host-b"), ("t", "u")):
            for token, proof in (("eyJ.a-b_c.d", "00ff"), ("a+b~c", "d+e~f")):
                response = set_both(token, proof, names=answer.CookieNames(access=access, csrf=csrf))
                got = sorted((name, value) for name, value, _ in cookies_set(response))
                sent = f"set_session_cookies with the names {access} and {csrf}, {token!r} and {proof!r}"
                expect_equal(got, sorted([(access, token), (csrf, proof)]), sent)

    def test_scripts(self):
        """Scripts cannot read the token, and can read the CSRF token."""
        for name, hidden in (("access_token", True), ("csrf_token", False)):
            attributes = both(set_both()).get(name, ("", {}))[1]
            expect_equal("httponly" in attributes, hidden, f"whether {name} is HttpOnly")

    @pytest.mark.parametrize("attribute", ["secure", "samesite", "path"])
    def test_attributes(self, attribute):
        """Both are Secure, SameSite=Lax and for Path=/."""
        for name, (_, attributes) in both(set_both()).items():
            expect_equal(attributes.get(attribute), SHARED[attribute], f"{name}: its attribute {attribute}")

    @pytest.mark.parametrize("max_age", [1, 420, 1800, 86_400])
    def test_lifetime(self, max_age):
        """Both are kept for max_age seconds."""
        for name, (_, attributes) in both(set_both(max_age=max_age)).items():
            expect_equal(attributes.get("max-age"), str(max_age), f"max_age={max_age}: the Max-Age of {name}")

    def test_this_host_alone(self):
        """Neither is for other hosts: no Domain."""
        for name, (_, attributes) in both(set_both()).items():
            expect_equal(attributes.get("domain"), None, f"{name}: its Domain")

    async def test_a_browser_keeps_them(self):
        """A browser keeps both under the names of production, and sends them back."""

        response = set_both(names=plain("cookie_names")("production"))
        async with client_for(response) as client:
            browser = Browser({"https://course.test": client})
            await browser.visit("https://course.test/deep/path")
            kept = sorted(browser.attached(None, "https://course.test/"))
        expected = ["__Host-access_token", "__Host-csrf_token"]
        expect_equal(kept, expected, "what a browser sends back for / after both were set for production")

    def test_what_was_there(self):
        """Cookies and headers that were on the response before are still there."""
        response = Response(headers={"X-Before": "1"})
        response.set_cookie("theme", "dark")
        names = answer.CookieNames(access="access_token", csrf="csrf_token")
        plain("set_session_cookies")(response, "abc", "def", names=names, max_age=60)
        got = (response.headers.get("X-Before"), sorted(name for name, _, _ in cookies_set(response)))
        sent = "a response with X-Before: 1 and a cookie theme: the header and the cookies afterwards"
        expect_equal(got, ("1", ["access_token", "csrf_token", "theme"]), sent)


# --- 7.2 -------------------------------------------------------------------------------------------------------------


def found(*headers: tuple[str, str], cookie: str = "access_token") -> tuple[Any, Any] | None:
    """What `find_token` says about a request with these headers: (text, by_cookie), or None."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    sent = plain("find_token")(Headers(raw=raw), cookie)
    return None if sent is None else (getattr(sent, "text", sent), getattr(sent, "by_cookie", None))


def expect_found(expected: tuple[str, bool] | None, *headers: tuple[str, str], cookie: str = "access_token") -> None:
    shown = (
        ", ".join(f"{name}: {value[:60]}".replace("\xa0", "<U+00A0>") for name, value in headers) or "no header at all"
    )
    sent = f"find_token for {shown} (cookie {cookie}): text and by_cookie"
    expect_equal(found(*headers, cookie=cookie), expected, sent)


@pytest.mark.exercise("7.2")
class TestFindToken:
    def test_header(self):
        """A bearer token in the header is found."""
        expect_found(("abc.def", False), ("Authorization", "Bearer abc.def"))
        expect_found(("abc.def", False), ("authorization", "bearer  abc.def "))
        expect_found(("a b", False), ("Authorization", "BEARER a b"), ("Cookie", "theme=dark"))

    def test_cookie(self):
        """Without the header the cookie is found, with its value exactly as it was sent."""
        for value in (
            "abc.def",
            "a=b==",
            '"abc"',
            "Bearer%20abc",
            "Bearer abc",
            "\xe9\xff",
            "\xa0abc\xa0",
            "\xa0",
            "x" * 5000,
        ):
            expect_found((value, True), ("Cookie", f"access_token={value}"))
        expect_found(("abc", True), ("Cookie", "theme=dark; access_token=abc;lang=de"))
        expect_found(("abc", True), ("Cookie", "theme=dark"), ("Cookie", "access_token=abc"))

    def test_header_wins(self):
        """With both, the header counts."""
        for cookie in ("abc", "", "abc; access_token=abc"):
            expect_found(("xyz", False), ("Authorization", "Bearer xyz"), ("Cookie", f"access_token={cookie}"))
            expect_found(("xyz", False), ("Cookie", f"access_token={cookie}"), ("Authorization", "bearer xyz"))

    @pytest.mark.parametrize("header", ["Basic YWRhOnNlY3JldA==", "Bearer", "Bearer ", "Bearerabc", "teapot", "", " "])
    def test_a_header_without_token(self, header):
        """A header without a bearer token does not let the cookie in: None."""
        expect_found(None, ("Authorization", header), ("Cookie", "access_token=abc"))
        expect_found(None, ("Authorization", header))

    def test_two_headers(self):
        """Two headers make one token that is none, also beside a cookie."""
        both = (("Authorization", "Bearer abc"), ("Authorization", "Bearer xyz"))
        expect_found(("abc, Bearer xyz", False), *both, ("Cookie", "access_token=abc"))

    @pytest.mark.parametrize(
        "cookies",
        [
            *("", "theme=dark", "access_token=", "access_token= ", "access_token", "ACCESS_TOKEN=abc", ";;"),
            *("xaccess_token=abc", "access_token2=abc", "theme=access_token=abc", "=access_token", "csrf_token=abc"),
            *("\xa0access_token=abc", "access_token\xa0=abc"),
        ],
    )
    def test_nothing(self, cookies):
        """No such cookie, or an empty one: None."""
        expect_found(None, ("Cookie", cookies))
        expect_found(None)

    def test_more_than_one(self):
        """A name that comes twice gives a token that no verifier accepts: the empty text, by cookie."""
        for cookies in ("access_token=abc; access_token=xyz", "access_token=abc; theme=dark; access_token=abc"):
            expect_found(("", True), ("Cookie", cookies))
        for cookies in ("access_token=; access_token=abc", "access_token=abc; access_token=", "access_token=;" * 2):
            expect_found(("", True), ("Cookie", cookies))
        expect_found(("", True), ("Cookie", "access_token=abc"), ("Cookie", "access_token=xyz"))
        expect_found(("", True), ("Cookie", "; ".join(["access_token=abc"] * 3)))

    def test_name(self):
        """It is the cookie with the name that was handed in."""
        cookies = ("Cookie", "access_token=abc; __Host-access_token=xyz")
        expect_found(("xyz", True), cookies, cookie="__Host-access_token")
        expect_found(("abc", True), cookies)
        expect_found(None, ("Cookie", "access_token=abc"), cookie="__Host-access_token")


# --- 7.3 -------------------------------------------------------------------------------------------------------------

NINE = datetime(2026, 1, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def claims(jti: str = "0.adas", lifetime: timedelta = timedelta(minutes=30)) -> Any:
    from course_app.core.claims import Claims

    return Claims(subject="ada", jti=jti, issued_at=NINE, expires_at=NINE + lifetime)


def names_in(environment: str) -> Any:
    from course_app.core.cookies import cookie_names

    return cookie_names(environment)


@pytest.fixture
def revocations() -> Any:
    from course_app.db.memory_revocations import MemoryRevocations
    from course_app.db.tables import new_tables

    return MemoryRevocations(new_tables())


async def leave(revocations: Any, whose: Any = None, now: datetime = NINE, environment: str = "test") -> Response:
    response = Response()
    await signed_out(response, whose or claims(), names=names_in(environment), revocations=revocations, now=now)
    return response


class Watched:
    """`Revocations` that note whose coroutine was never started, and fail where `failing` says so."""

    def __init__(self, inner: Any, failing: str = "") -> None:
        self.inner = inner
        self.failing = failing
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, self._run(name, *args, **kwargs)))
            return self.calls[-1][1]

        return call

    async def _run(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name == self.failing:
            raise StoreDown
        return await getattr(self.inner, name)(*args, **kwargs)


class StoreDown(Exception):
    """The store of revocations cannot be reached."""


async def signed_out(response: Response, whose: Any, *, revocations: Any, failing: str = "", **rest: Any) -> None:
    """Call `sign_out`. Assert that it can be awaited, and awaits what it calls."""
    watched = Watched(revocations, failing)
    try:
        ending = answer.sign_out(response, whose, revocations=watched, **rest)
        if not inspect.isawaitable(ending):
            raise AssertionError("sign_out: its caller awaits it: write `async def`.")
        await ending
    finally:
        forgotten = [name for name, call in watched.calls if inspect.getcoroutinestate(call) == inspect.CORO_CREATED]
        for _, call in watched.calls:
            call.close()
    if forgotten:
        name = forgotten[0]
        raise AssertionError(f"revocations.{name}(...) was called and not awaited, so it did nothing: await it.")


async def listed(revocations: Any, *names: str) -> list[str]:
    return [name for name in names if await revocations.contains(name)]


@pytest.mark.exercise("7.3")
class TestSignOut:
    async def test_recalled(self, revocations):
        """The token is recalled, and no other one."""
        await revocations.add("0.bobs", NINE + 60 * SECOND)
        await leave(revocations, claims("0.adas"))
        got = await listed(revocations, "0.adas", "0.adas2", "0.carols", "ada", "0.bobs")
        expect_equal(got, ["0.adas", "0.bobs"], "0.bobs is recalled, sign_out for 0.adas: which tokens are recalled")

    @pytest.mark.parametrize("minutes", [1, 30, 1440])
    async def test_until_its_end(self, revocations, minutes):
        """It stays recalled until the second in which it expires, and not longer."""
        await leave(revocations, claims(lifetime=timedelta(minutes=minutes)))
        for moment, expected in ((-SECOND, ["0.adas"]), (timedelta(0), [])):
            await revocations.purge(NINE + timedelta(minutes=minutes) + moment)
            sent = f"a token of {minutes} minutes signed out, then purge at its expiry {moment.total_seconds():+.0f} s"
            expect_equal(await listed(revocations, "0.adas"), expected, f"{sent}: still recalled")

    async def test_purged(self, revocations):
        """Those that are over at now are forgotten, the others stay."""
        for name, ends in (("over", -SECOND), ("just over", timedelta(0)), ("living", SECOND)):
            await revocations.add(name, NINE + 60 * SECOND + ends)
        await leave(revocations, now=NINE + 60 * SECOND)
        got = await listed(revocations, "over", "just over", "living", "0.adas")
        sent = "three recalled tokens that end a second before now, at now, a second after; sign_out: still recalled"
        expect_equal(got, ["living", "0.adas"], sent)

    @pytest.mark.parametrize("environment", ["test", "production"])
    async def test_forgotten(self, revocations, environment):
        """A browser forgets both cookies, in production too; other cookies stay."""
        from course_app.core.cookies import set_session_cookies

        names = names_in(environment)
        goodbye = await leave(revocations, environment=environment)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/in":
                response = Response()
                set_session_cookies(response, "abc", "def", names=names, max_age=1800)
                response.set_cookie("theme", "dark", secure=True)
            else:
                response = goodbye
            await response(scope, receive, send)

        async with client_for(app) as client:
            browser = Browser({"https://course.test": client})
            await browser.visit("https://course.test/in")
            before = sorted(browser.attached(None, "https://course.test/"))
            expect_equal(before, sorted([names.access, names.csrf, "theme"]), "the cookies before sign_out")
            await browser.visit("https://course.test/api/v1/auth/logout")
            after = sorted(browser.attached(None, "https://course.test/"))
        sent = f"{names.access}, {names.csrf} and theme in the jar, sign_out: what the browser still sends"
        expect_equal(after, ["theme"], sent)

    async def test_under_the_names_given(self, revocations):
        """It is the names that are handed in, whatever they are, and those only."""
        from course_app.core.cookies import CookieNames

        response = Response(headers={"X-Before": "1"})
        response.set_cookie("theme", "dark")
        names = CookieNames(access="__Host-a", csrf="b")
        await signed_out(response, claims(), names=names, revocations=revocations, now=NINE)
        got = sorted({name for name, _, _ in cookies_set(response)})
        expect_equal(
            got, ["__Host-a", "b", "theme"], "names __Host-a and b, a response with a cookie theme: its cookies"
        )
        expect_equal(response.headers.get("X-Before"), "1", "a response with X-Before: 1: that header afterwards")
        expect_equal(
            response.headers.get("Clear-Site-Data"), None, "the header Clear-Site-Data, which clears everything"
        )

    async def test_again(self, revocations):
        """A second time is no error, and changes nothing."""
        for _ in range(2):
            response = await leave(revocations)
        expect_equal(await listed(revocations, "0.adas"), ["0.adas"], "signed out twice: recalled")
        expect_equal(len(cookies_set(response)), 2, "signed out twice: cookies that the second answer clears")

    async def test_the_store_fails(self, revocations):
        """When the store fails the error comes out, and a clean-up that fails leaves no token alive."""
        rest: dict[str, Any] = {"names": names_in("test"), "revocations": revocations, "now": NINE}
        for failing in ("purge", "add"):
            sent = f"revocations.{failing} raises StoreDown"
            try:
                await signed_out(Response(), claims(f"0.{failing}"), failing=failing, **rest)
            except StoreDown:
                pass
            else:
                raise AssertionError(told(f"{sent}: sign_out", "StoreDown", "no exception"))
            if failing == "purge":
                expect_equal(
                    await listed(revocations, "0.purge"), ["0.purge"], f"{sent}: whether the token is recalled"
                )


# --- 7.4 -------------------------------------------------------------------------------------------------------------

SECRET = "the secret of the checks of chapter seven: 64 characters of text"
JTI = "0.3f2a9c"


def right_token(jti: str = JTI, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), b"csrf:" + jti.encode(), "sha256").hexdigest()


RIGHT = right_token()


def expect_match(expected: bool, cookie: str | None, header: str | None, jti: str = JTI, secret: str = SECRET) -> None:
    sent = f"csrf_matches({jti!r}, secret, cookie={shortened(cookie)}, header={shortened(header)})"
    try:
        got = plain("csrf_matches")(jti, secret, cookie=cookie, header=header)
    except Exception as error:
        raise AssertionError(told(sent, expected, f"{type(error).__name__} was raised")) from error
    expect_equal(got, expected, sent)


def shortened(text: str | None) -> str:
    if text is None:
        return "None"
    shown = text.replace(RIGHT, "<the right one>")
    return ascii(shown if len(shown) <= 40 else shown[:36] + "...")


@pytest.mark.exercise("7.4")
class TestCSRFToken:
    @pytest.mark.parametrize("jti", [JTI, "1.x", "csrf:", "é", ""])
    def test_value(self, jti):
        """The token is the HMAC-SHA-256 over csrf: and the jti, in hexadecimal digits."""
        for secret in (SECRET, "kürzer"):
            got = plain("csrf_token")(jti, secret)
            expect_equal(got, right_token(jti, secret), f"csrf_token({jti!r}, a secret of {len(secret)} characters)")

    def test_right(self):
        """The right token, in both places, matches."""
        for jti in (JTI, "7.another"):
            expect_match(True, right_token(jti), right_token(jti), jti)

    def test_another_session(self):
        """The token of another session, of another secret, or without the purpose in front does not match."""
        without = [hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest() for text in (JTI, f"csrf{JTI}")]
        for other in (
            right_token("0.another"),
            right_token(secret=SECRET + "x"),
            right_token(""),
            JTI,
            SECRET,
            "x",
            RIGHT[:-1] + "x",
            "x" + RIGHT[1:],
            *without,
        ):
            expect_match(False, other, other)

    def test_both_places(self):
        """Cookie and header have to be the same: one right one is not enough."""
        other = right_token("0.another")
        for wrong in (other, "x", RIGHT[:-1] + "x", "x" + RIGHT[1:]):
            expect_match(False, wrong, RIGHT)
            expect_match(False, RIGHT, wrong)

    def test_missing(self):
        """Missing or empty, in one place or in both, does not match."""
        for nothing in (None, ""):
            expect_match(False, nothing, RIGHT)
            expect_match(False, RIGHT, nothing)
            expect_match(False, nothing, nothing)
        expect_match(False, None, "")
        expect_match(False, "None", "None")

    def test_spelling(self):
        """Another spelling of the right token does not match."""
        spellings = (
            RIGHT.upper(),
            RIGHT + " ",
            " " + RIGHT,
            f'"{RIGHT}"',
            RIGHT[:32],
            RIGHT * 2,
            RIGHT + "\n",
            f"0x{RIGHT}",
        )
        for text in spellings:
            expect_match(False, text, text)
            expect_match(False, RIGHT, text)
            expect_match(False, text, RIGHT)

    def test_any_character(self):
        """Characters outside ASCII do not match, and raise nothing."""
        for text in ("é", "ÿ" * 64, RIGHT + "é", "é" + RIGHT, "\x80", "١" * 64):
            expect_match(False, text, text)
            expect_match(False, RIGHT, text)
            expect_match(False, text, RIGHT)

    def test_constant_time(self, monkeypatch):
        """What is compared with the right token is compared by hmac.compare_digest."""
        compare, compared = hmac.compare_digest, []

        def spy(one: Any, other: Any) -> bool:
            compared.append({text.encode() if isinstance(text, str) else bytes(text) for text in (one, other)})
            return compare(one, other)

        for module in (hmac, secrets):
            monkeypatch.setattr(module, "compare_digest", spy)
        module = sys.modules[answer.csrf_matches.__module__]
        for name, value in list(vars(module).items()):
            if value is compare:
                monkeypatch.setattr(module, name, spy)
        for wrong in ("0" * 64, RIGHT[:-1] + ("0" if RIGHT[-1] != "0" else "1")):
            compared.clear()
            expect_match(False, wrong, wrong)
            as_bytes = {RIGHT.encode(), bytes.fromhex(RIGHT)}
            if not any(pair & as_bytes for pair in compared):
                sent = "csrf_matches with the same wrong token in cookie and header"
                raise AssertionError(f"{sent}: the right token itself was never given to hmac.compare_digest.")


# --- 7.5 -------------------------------------------------------------------------------------------------------------

BANK, EVIL = "https://bank.test", "https://evil.test"
SESSIONS = {"s-of-ada": "ada", "s-of-bob": "bob", "s-of-mallory": "mallory"}


async def signed_in_browser(bank: Any, session: str | None = None) -> Browser:
    browser = Browser({BANK: client_for(bank)})
    if session is not None:
        await browser.submit(BANK, HTMLForm(f"/login/{session}", {}))
    return browser


async def attack(form: Any, sent: str, victim: str = "ada") -> dict[str, int]:
    """Everybody's money after somebody has opened the form who is signed in at the bank with the hole.

    Assert that the bank took it.
    """
    bank = answer.new_bank(answer.caller_with_the_hole, dict(SESSIONS))
    response = await submitted(await signed_in_browser(bank, f"s-of-{victim}"), form)
    kind, body = response.request.headers.get("Content-Type", "(none)"), response.request.content.decode()
    said = f"it sent {response.request.method}, Content-Type: {kind}, body {body[:120]!r}: status"
    expect_status(response, 200, f"{sent}; {said}")
    return dict(bank.state.money)


async def submitted(browser: Browser, form: Any, page: str = EVIL) -> Any:
    """The answer to the form. Assert that it is one, and goes to the bank."""
    expect_equal(type(form).__name__, "HTMLForm", "evil_form(...): the type of what it returns")
    try:
        return await browser.submit(page, form)
    except CourseError:
        raise AssertionError(told("evil_form(...): where the form goes", BANK, form.action)) from None


def own_form(to: str, amount: int) -> HTMLForm:
    """The attack, in the checks' own words."""
    order = json.dumps({"to": to, "amount": amount})
    return HTMLForm(f"{BANK}/transfers", {order[:-1] + ', "z': '": 0}'}, enctype="text/plain")


def request(
    method: str = "POST", cookies: dict[str, str] | str | None = None, query: str = "", **headers: str | None
) -> Request:
    """A request to the bank; a header that is None is left out."""
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items() if value is not None}
    if cookies:
        pairs = cookies if isinstance(cookies, str) else "; ".join(f"{name}={value}" for name, value in cookies.items())
        sent["cookie"] = pairs
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    scope = {"type": "http", "method": method, "path": "/transfers", "query_string": query.encode(), "headers": raw}
    return Request(scope)


def let_in(sent: Request) -> object:
    """Who is calling, or the status of the refusal."""
    try:
        return plain("caller_of")(sent, dict(SESSIONS))
    except answer.Refused as error:
        return error.status_code
    except HTTPException as error:
        status = error.status_code
        raise AssertionError(f"caller_of raised HTTPException({status}): raise Refused({status}).") from None


def csrf_of(session: str) -> str:
    return str(hmac.new(answer.SECRET.encode(), b"csrf:" + session.encode(), "sha256").hexdigest())


@pytest.mark.exercise("7.5")
class TestAcrossSites:
    @pytest.mark.parametrize(
        ("to", "amount"),
        [("mallory", 70), ("mallory", 500), ("bob", 1), ('Ada & "Sons" = ?', 5), ("Jürgen\n<b>", 12), ("", 3)],
        ids=["70", "500", "bob", "signs", "umlaut", "empty"],
    )
    async def test_paid(self, to, amount):
        """Your form makes the victim's browser pay exactly that, once, to whatever name."""
        sent = f"evil_form({to!r}, {amount}) on a page of evil.test, opened by Ada"
        money = await attack(plain("evil_form")(to, amount), sent)
        expected = {"ada": 500, "bob": 500, "mallory": 500}
        expected["ada"] -= amount
        expected[to] = expected.get(to, 0) + amount
        expect_equal(money, expected, f"{sent}: everybody's money")

    async def test_whoever_opens_it(self):
        """It works on whoever opens the page, and only on those who are signed in."""
        money = await attack(plain("evil_form")("mallory", 9), "the form opened by Bob", victim="bob")
        expect_equal(money["bob"], 491, "the form opened by Bob: Bob's money")
        bank = answer.new_bank(answer.caller_with_the_hole, dict(SESSIONS))
        response = await submitted(await signed_in_browser(bank), plain("evil_form")("mallory", 9))
        expect_status(response, 401, "POST /transfers, the form opened by somebody who is not signed in")

    async def test_closed(self):
        """The closed bank pays nothing for any form: yours, others', a sibling's."""
        transfers = f"{BANK}/transfers"
        token = csrf_of("s-of-mallory")
        forms = {
            "your form": plain("evil_form")("mallory", 70),
            "another form": own_form("mallory", 70),
            "an urlencoded form": HTMLForm(transfers, {"to": "mallory", "amount": "70", "X-CSRF-Token": token}),
            "a multipart form": HTMLForm(transfers, {"to": "mallory"}, enctype="multipart/form-data"),
            "a form with the CSRF token of Mallory's session in the query": HTMLForm(
                f"{transfers}?X-CSRF-Token={token}&csrf_token={token}",
                own_form("mallory", 70).fields,
                "POST",
                "text/plain",
            ),
        }
        bank = answer.new_bank(plain("caller_of"), dict(SESSIONS))
        browser = await signed_in_browser(bank, "s-of-ada")
        for what, form in forms.items():
            for page in (EVIL, "https://blog.bank.test"):
                status = (await submitted(browser, form, page)).status_code
                sent = f"{what} on a page of {page}, opened by Ada: status and Ada's money"
                expect_equal((status, bank.state.money["ada"]), (403, 500), sent)

    async def test_own_pages(self):
        """The bank's own page reads without a CSRF token, and pays with it."""
        bank = answer.new_bank(plain("caller_of"), dict(SESSIONS))
        browser = await signed_in_browser(bank, "s-of-ada")
        response = await browser.fetch(BANK, "/accounts")
        expect_status(response, 200, "GET /accounts with Ada's cookie")
        headers = {"X-CSRF-Token": browser.readable_cookies(BANK)["csrf_token"]}
        order = {"to": "bob", "amount": 20}
        response = await browser.fetch(BANK, "/transfers", "POST", headers=headers, json=order)
        expect_status(response, 200, "POST /transfers with Ada's cookie and her CSRF token")
        expect_equal(bank.state.money["bob"], 520, "POST /transfers with Ada's cookie and her CSRF token: Bob's money")

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
    def test_writes(self, method):
        """Every write by cookie needs the right token, in the header and in the cookie."""
        right, foreign = csrf_of("s-of-ada"), csrf_of("s-of-mallory")
        for cookie, header, expected in (
            (right, right, "ada"),
            (None, None, 403),
            (right, None, 403),
            (None, right, 403),
            (right, "", 403),
            ("", "", 403),
            (foreign, foreign, 403),
            (foreign, right, 403),
            (right, foreign, 403),
            ("é", "é", 403),
        ):
            jar = {"session": "s-of-ada"} | ({} if cookie is None else {"csrf_token": cookie})
            whose = {right: "Ada's", foreign: "Mallory's", None: "no", "": "an empty"}
            there = [f"{whose.get(value, 'an odd')} CSRF token" for value in (cookie, header)]
            sent = f"{method} by Ada's cookie, {there[0]} in a cookie, {there[1]} in the header"
            expect_equal(let_in(request(method, jar, x_csrf_token=header)), expected, sent)
        jar, query = {"session": "s-of-ada", "csrf_token": right}, f"csrf_token={right}&X-CSRF-Token={right}"
        sent = f"{method} by Ada's cookie, her CSRF token in a cookie and in the query, not in the header"
        expect_equal(let_in(request(method, jar, query)), 403, sent)
        for pair in ((right, foreign), (foreign, right), (right, right), ("", right)):
            whose = {right: "Ada's", foreign: "Mallory's", "": "an empty one"}
            jar = f"session=s-of-ada; csrf_token={pair[0]}; csrf_token={pair[1]}"
            sent = f"{method} by Ada's cookie, two cookies csrf_token ({', '.join(whose[value] for value in pair)})"
            got = let_in(request(method, jar, x_csrf_token=right))
            expect_equal(got, 403, f"{sent}, Ada's CSRF token in the header")

    def test_reads(self):
        """GET, HEAD and OPTIONS by cookie need none, and a wrong one does no harm."""
        for method in ("GET", "HEAD", "OPTIONS"):
            for headers in ({}, {"x_csrf_token": "x"}):
                got = let_in(request(method, {"session": "s-of-ada"}, **headers))
                expect_equal(got, "ada", f"{method} by Ada's cookie, {headers or 'no CSRF token'}")

    def test_header(self):
        """Who sends the token in Authorization needs none, whatever cookies come along."""
        for method in ("GET", "POST", "DELETE"):
            for jar in ({}, {"session": "s-of-ada"}, {"session": "s-of-bob", "csrf_token": "x"}):
                got = let_in(request(method, jar, authorization="Bearer s-of-bob"))
                expect_equal(got, "bob", f"{method} with Bob's session in Authorization, cookies {sorted(jar)}")

    def test_nobody(self):
        """Without a session it is 401, whatever else is there."""
        token = csrf_of("s-of-ada")
        for method in ("GET", "POST"):
            for jar in (None, {"csrf_token": token}, {"session": "over"}, {"session": "over", "csrf_token": token}):
                for headers in ({}, {"x_csrf_token": token}):
                    got = let_in(request(method, jar, **headers))
                    expect_equal(got, 401, f"{method} with cookies {jar}, {sorted(headers)}")
            over = csrf_of("over")
            got = let_in(request(method, {"session": "over", "csrf_token": over}, x_csrf_token=over))
            expect_equal(got, 401, f"{method} with a session that is over, and the CSRF token that was its own")
            jar = {"session": "s-of-ada", "csrf_token": token}
            got = let_in(request(method, jar, x_csrf_token=token, authorization="Bearer over"))
            expect_equal(got, 401, f"{method} with a session that is over in Authorization, beside Ada's cookies")
            got = let_in(request(method, jar, x_csrf_token=token, authorization="Basic YWRhOnNlY3JldA=="))
            expect_equal(got, 401, f"{method} with Authorization: Basic ..., beside Ada's cookies")
            for cookies in ("session=s-of-ada; session=s-of-mallory", "session=over; session=s-of-ada"):
                got = let_in(request(method, f"{cookies}; csrf_token={token}", x_csrf_token=token))
                expect_equal(got, 401, f"{method} with two cookies of the name session ({cookies})")
            got = let_in(request(method, f'session="s-of-ada"; csrf_token={token}', x_csrf_token=token))
            expect_equal(got, 401, f"{method} with quotes around the session's cookie")
