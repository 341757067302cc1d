"""Signing in and out with cookies, CSRF, and the tokens that are over before they expire."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient, Response

from coursekit.check_client import client_for

PASSWORD = "Correct-Horse-7"
SECRET_KEY = "the secret of the tests of the application: 64 characters of text"
ME, LOGIN, LOGOUT, TOKEN = "/api/v1/users/me", "/api/v1/auth/login", "/api/v1/auth/logout", "/api/v1/auth/token"
ITEM = {"name": "Lamp", "price": "19.99"}
INVALID = 'Bearer error="invalid_token"'


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def signed(claims: dict[str, Any]) -> str:
    text = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{base64url(hmac.new(SECRET_KEY.encode(), text.encode(), 'sha256').digest())}"


def attributes_of(header: str) -> tuple[str, str, dict[str, str | bool]]:
    """Name, value and attributes of one `Set-Cookie`, the attributes' names in lower case."""
    pair, *rest = (part.strip() for part in header.split(";"))
    name, _, value = pair.partition("=")
    split = (part.partition("=") for part in rest)
    return name, value, {key.lower(): text if equals else True for key, equals, text in split}


def assert_refused(response: Response, status: int, challenge: str | None = None) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["errors"]
    assert response.headers.get("www-authenticate") == challenge


class Visitor:
    """A browser that is signed in: the cookies of its login are in the jar of `http`."""

    def __init__(self, http: AsyncClient, email: str) -> None:
        self.http = http
        self.email = email

    async def sign_in(self, password: str = PASSWORD) -> Response:
        return await self.http.post(LOGIN, data={"username": self.email, "password": password})

    def cookie(self, name: str) -> str:
        return next(value for key, value in self.http.cookies.items() if key.removeprefix("__Host-") == name)

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.cookie("csrf_token")}

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cookie('access_token')}"}


@pytest.fixture
async def visitor(app: Any, client_as: Any) -> AsyncIterator[Visitor]:
    """The account of a manager, signed in with cookies."""
    await client_as("manager")
    async with client_for(app) as http:
        visitor = Visitor(http, "manager@example.com")
        assert (await visitor.sign_in()).status_code == 200
        yield visitor


async def test_login_answers_with_the_account_and_two_cookies(visitor: Visitor) -> None:
    response = await visitor.sign_in()
    assert response.status_code == 200
    answer = response.json()
    assert answer["success"] is True
    assert answer["data"]["email"] == visitor.email
    assert set(answer["data"]) == {"id", "email", "full_name", "role", "is_active", "created_at"}
    assert "no-store" in response.headers["cache-control"]
    cookies = {name: (value, rest) for name, value, rest in map(attributes_of, response.headers.get_list("set-cookie"))}
    shared = {"secure": True, "samesite": "lax", "path": "/", "max-age": "1800"}
    assert set(cookies) == {"access_token", "csrf_token"}
    assert _lower(cookies["access_token"][1]) == shared | {"httponly": True}
    assert _lower(cookies["csrf_token"][1]) == shared
    assert set(claims_of(cookies["access_token"][0])) == {"sub", "iat", "exp", "jti", "typ"}
    assert cookies["csrf_token"][0] not in response.text


def _lower(attributes: dict[str, str | bool]) -> dict[str, str | bool]:
    return {key: value.lower() if isinstance(value, str) else value for key, value in attributes.items()}


async def test_cookies_last_as_long_as_the_token(course_app: Any, new_settings: Any, clock: Any) -> None:
    app = course_app.create_app(new_settings(ACCESS_TOKEN_EXPIRE_MINUTES=7), clock=clock)
    async with app.router.lifespan_context(app), client_for(app) as http:
        form = {"username": "admin@example.com", "password": "First-Admin-Password-1"}
        response = await http.post(LOGIN, data=form)
        cookies = [attributes_of(header) for header in response.headers.get_list("set-cookie")]
        assert [rest["max-age"] for _, _, rest in cookies] == ["420", "420"]
        claims = claims_of(cookies[0][1])
        assert claims["exp"] - claims["iat"] == 420


async def test_production_uses_host_cookies(course_app: Any, new_settings: Any, clock: Any) -> None:
    settings = new_settings(ENVIRONMENT="production", REDIS_URL="redis://127.0.0.1:1/0", ALLOWED_HOSTS="course.test")
    app = course_app.create_app(settings, clock=clock)
    async with app.router.lifespan_context(app), client_for(app) as http:
        admin = Visitor(http, "admin@example.com")
        response = await admin.sign_in("First-Admin-Password-1")
        cookies = [attributes_of(header) for header in response.headers.get_list("set-cookie")]
        assert {name for name, _, _ in cookies} == {"__Host-access_token", "__Host-csrf_token"}
        assert all(rest["path"] == "/" and rest["secure"] is True and "domain" not in rest for _, _, rest in cookies)
        assert (await http.get(ME)).status_code == 200
        plain = {"Cookie": f"access_token={admin.cookie('access_token')}"}
        async with client_for(app) as other:
            assert_refused(await other.get(ME, headers=plain), 401, "Bearer")
        assert_refused(await http.patch(ME, json={}), 403)
        assert (await http.patch(ME, json={}, headers=admin.csrf)).status_code == 200
        response = await http.post(LOGOUT, headers=admin.csrf)
        assert {name for name, _, _ in map(attributes_of, response.headers.get_list("set-cookie"))} == {
            "__Host-access_token",
            "__Host-csrf_token",
        }
        assert not list(http.cookies.items())


@pytest.mark.parametrize(
    "password", ["wrong", "", "x" * 129, "x" * 100_000, PASSWORD.lower(), PASSWORD + " "], ids=lambda text: text[:8]
)
async def test_a_login_that_fails(visitor: Visitor, password: str) -> None:
    response = await visitor.sign_in(password)
    assert_refused(response, 401, "Bearer")
    assert "set-cookie" not in response.headers
    unknown = await visitor.http.post(LOGIN, data={"username": "nobody@example.com", "password": password or "x"})
    assert_refused(unknown, 401, "Bearer")
    assert unknown.json() == response.json()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "manager@example.com"},
        {"password": PASSWORD},
        {"username": "manager@example.com", "password": PASSWORD, "grant_type": "client_credentials"},
    ],
)
async def test_a_form_that_is_not_complete(client: AsyncClient, form: dict[str, str]) -> None:
    response = await client.post(LOGIN, data=form)
    assert_refused(response, 422)
    if not form:
        type_ = {"Content-Type": "application/x-www-form-urlencoded"}
        response = await client.post(LOGIN, content=b"", headers=type_)
        assert sorted(response.json()["errors"]) == ["body.password: is required", "body.username: is required"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"username": "a@example.com", "password": "x"}', "application/json"),
        (b"username=a&password=b", "text/plain"),
        (b"username=a&password=b", "multipart/form-data; boundary=x"),
        (b"username=a&password=b", ""),
        (b"username=a&username=b&password=c", "application/x-www-form-urlencoded"),
        (b"username=%ff&password=b", "application/x-www-form-urlencoded"),
        (b"username=a&password=%00", "application/x-www-form-urlencoded"),
        (b"username=a&password=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_form_that_cannot_be_read(client: AsyncClient, content: bytes, kind: str) -> None:
    response = await client.post(LOGIN, content=content, headers={"Content-Type": kind})
    assert_refused(response, 422)
    assert "a@example.com" not in response.text
    response = await client.post(TOKEN, content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_login_reads_the_form_of_the_token_endpoint(visitor: Visitor) -> None:
    form = {"username": "Manager@Example.com", "password": PASSWORD, "grant_type": "password", "scope": "x", "y": "z"}
    for path in (LOGIN, TOKEN):
        kind = {"Content-Type": "Application/X-WWW-Form-URLencoded; charset=utf-8"}
        content = "&".join(f"{name}={value.replace('@', '%40')}" for name, value in form.items())
        assert (await visitor.http.post(path, content=content, headers=kind)).status_code == 200
        assert (await visitor.http.post(path, data=form | {"grant_type": ""})).status_code == 200


async def test_an_account_that_is_closed_does_not_sign_in(visitor: Visitor, client_as: Any) -> None:
    admin = await client_as("admin")
    mine = (await visitor.http.get(ME)).json()["data"]["id"]
    assert (await admin.patch(f"/api/v1/users/{mine}", json={"is_active": False})).status_code == 200
    assert_refused(await visitor.http.get(ME), 401, INVALID)
    assert_refused(await visitor.http.patch(ME, json={}), 401, INVALID)
    assert_refused(await visitor.sign_in(), 401, "Bearer")


# --- CSRF ------------------------------------------------------------------------------------------------------------


async def test_reading_needs_no_csrf_token(visitor: Visitor) -> None:
    for method, path in (("GET", ME), ("HEAD", ME), ("GET", "/api/v1/users"), ("GET", "/api/v1/items")):
        assert (await visitor.http.request(method, path)).status_code == 200


async def test_every_write_that_a_cookie_authenticates_needs_it(visitor: Visitor, app: Any, client_as: Any) -> None:
    await client_as("user", name="other")
    async with client_for(app) as http:
        other = Visitor(http, "other.user@example.com")
        await other.sign_in()
        foreign = other.cookie("csrf_token")
    own, token = visitor.cookie("csrf_token"), visitor.cookie("access_token")
    pairs: list[tuple[str | None, str | None]] = [
        (None, own),
        (own, None),
        (None, None),
        ("", ""),
        (own, ""),
        ("", own),
        (own, foreign),
        (foreign, own),
        (foreign, foreign),
        ("x", "x"),
        (own, own + "x"),
        (own, own.upper()),
        (own, own[:-1]),
        (own, f"{own}, {own}"),
        (f"{own}; csrf_token={own}", own),
        (f"{foreign}; csrf_token={own}", own),
        (f'"{own}"', f'"{own}"'),
        ("é", "é"),
        ("\xff" * 100, "\xff" * 100),
        ("x" * 6_000, "x" * 6_000),
        (claims_of(token)["jti"], claims_of(token)["jti"]),
    ]
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/items", ITEM),
        ("PUT", "/api/v1/items/1", ITEM),
        ("DELETE", "/api/v1/items/1", None),
        ("PATCH", ME, {"full_name": "Mallory"}),
        ("PATCH", "/api/v1/users/1", {}),
        ("POST", LOGOUT, None),
    ]
    async with client_for(app) as bare:
        for method, path, body in writes:
            for cookie, header in pairs if path == ME else pairs[:10]:
                cookies = f"access_token={token}" + ("" if cookie is None else f"; csrf_token={cookie}")
                headers = {"Cookie": cookies.encode("latin-1")}
                if header is not None:
                    headers["X-CSRF-Token"] = header.encode("latin-1")
                assert_refused(await bare.request(method, path, json=body, headers=headers), 403)
        right = {"Cookie": f"csrf_token={own}; access_token={token}; x=y", "X-CSRF-Token": own}
        assert (await bare.patch(ME, json={"full_name": "Ada"}, headers=right)).status_code == 200
        assert (await bare.post("/api/v1/items", json=ITEM, headers=right)).status_code == 201
        assert (await bare.delete("/api/v1/items/1", headers=right)).status_code == 204
    assert (await visitor.http.get(ME)).json()["data"]["full_name"] == "Ada"


async def test_the_token_of_an_earlier_session_of_the_same_account_is_refused(visitor: Visitor) -> None:
    earlier = visitor.cookie("csrf_token")
    await visitor.sign_in()
    assert visitor.cookie("csrf_token") != earlier
    assert_refused(await visitor.http.patch(ME, json={}, headers={"X-CSRF-Token": earlier}), 403)
    assert (await visitor.http.patch(ME, json={}, headers=visitor.csrf)).status_code == 200


async def test_header_credentials_need_no_csrf_token(visitor: Visitor, app: Any) -> None:
    async with client_for(app) as bare:
        assert (await bare.patch(ME, json={}, headers=visitor.bearer)).status_code == 200
    assert (await visitor.http.patch(ME, json={}, headers=visitor.bearer)).status_code == 200
    assert (await visitor.http.patch(ME, json={}, headers=visitor.bearer | {"X-CSRF-Token": "x"})).status_code == 200


async def test_login_and_registration_never_need_it(visitor: Visitor) -> None:
    account = {"email": "new@example.com", "password": PASSWORD, "full_name": "New"}
    assert (await visitor.http.post("/api/v1/users", json=account)).status_code == 201
    assert (await visitor.sign_in()).status_code == 200
    assert (await visitor.http.post(TOKEN, data={"username": visitor.email, "password": PASSWORD})).status_code == 200


async def test_which_error_wins(visitor: Visitor, app: Any, client_as: Any) -> None:
    await client_as("user", name="plain")
    async with client_for(app) as http:
        user = Visitor(http, "plain.user@example.com")
        await user.sign_in()
        bad = {"name": "", "price": "x"}
        type_ = {"Content-Type": "application/json"}
        assert_refused(await http.post("/api/v1/items", content=b"{", headers=type_), 422)  # unreadable, before 401
        assert_refused(await http.post("/api/v1/items", json=bad), 403)
        assert "CSRF" in (await http.post("/api/v1/items", json=bad)).json()["message"]  # CSRF before role and 422
        assert "CSRF" not in (await http.post("/api/v1/items", json=bad, headers=user.csrf)).json()["message"]  # role
        assert_refused(await visitor.http.post("/api/v1/items", json=bad), 403)
        assert_refused(await visitor.http.post("/api/v1/items", json=bad, headers=visitor.csrf), 422)
        assert_refused(await visitor.http.put("/api/v1/items/999", json=ITEM), 403)
        assert_refused(await visitor.http.put("/api/v1/items/999", json=ITEM, headers=visitor.csrf), 404)
        assert_refused(await visitor.http.post("/api/v1/nowhere"), 404)
        assert_refused(await visitor.http.post(ME), 405)
        assert_refused(await visitor.http.post(LOGOUT + "?x=%ff"), 403)
        assert_refused(await visitor.http.post(LOGOUT + "?x=%ff", headers=visitor.csrf), 422)
    async with client_for(app) as bare:
        for method, path in (("POST", "/api/v1/items"), ("PATCH", ME), ("POST", LOGOUT), ("DELETE", "/api/v1/items/1")):
            broken = {"Cookie": "access_token=teapot; csrf_token=teapot"}
            assert_refused(await bare.request(method, path, headers=broken), 401, INVALID)
            assert_refused(await bare.request(method, path, headers={"Cookie": "csrf_token=x"}), 401, "Bearer")


# --- header or cookie ------------------------------------------------------------------------------------------------


async def test_the_header_counts_where_both_are_there(visitor: Visitor, client_as: Any) -> None:
    user = await client_as("user")
    headers = {"Authorization": user.headers["Authorization"]}
    assert (await visitor.http.get(ME, headers=headers)).json()["data"]["role"] == "user"
    assert (await visitor.http.get(ME)).json()["data"]["role"] == "manager"
    for refused in ("Bearer teapot", "bearer a.b.c"):
        assert_refused(await visitor.http.get(ME, headers={"Authorization": refused}), 401, INVALID)
    for other in ("Basic YTpi", "Bearer", "Bearer ", "teapot", ""):
        assert_refused(await visitor.http.get(ME, headers={"Authorization": other}), 401, "Bearer")
    broken = visitor.bearer | {"Cookie": "access_token=teapot"}
    visitor.http.cookies.clear()
    assert (await visitor.http.get(ME, headers=broken)).status_code == 200


@pytest.mark.own_process
async def test_cookies_of_any_form_are_no_server_error(visitor: Visitor, app: Any) -> None:
    token = visitor.cookie("access_token")
    forms = [
        b"access_token=" + value
        for value in (
            b"\xff\xfe",
            b"\xc3\xa9",
            b"x" * 200_000,
            token.encode() + b"x" * 100_000,
            b'"' + token.encode() + b'"',
            b'"' + rb"\"" * 30_000 + b'"',
            b"Bearer " + token.encode(),
            b"%20" + token.encode(),
            token.encode() + b"; access_token=" + token.encode(),
            b"teapot; access_token=" + token.encode(),
            token.encode() + b"; access_token=",
            b"a.b.c",
            b"..",
            b"=" * 1000,
            b"\x85" + token.encode(),
        )
    ]
    async with client_for(app) as bare:
        for form in forms:
            assert_refused(await bare.get(ME, headers={"Cookie": form}), 401, INVALID)
            assert (await bare.get("/api/v1/items", headers={"Cookie": form})).status_code == 200
            assert_refused(await bare.patch(ME, json={}, headers={"Cookie": form}), 401, INVALID)
        for form in (
            b"",
            b";;;",
            b"access_token",
            b"ACCESS_TOKEN=x",
            b"xaccess_token=x",
            b"access_token=",
            b"a=b;" * 9000,
        ):
            assert_refused(await bare.get(ME, headers={"Cookie": form}), 401, "Bearer")
        for form in (f"a=b;access_token={token}", f"; ;access_token = {token} ;c", f"A\xe9=\xe9; access_token={token}"):
            assert (await bare.get(ME, headers={"Cookie": form.encode("latin-1")})).status_code == 200
        two = [("Cookie", f"access_token={token}"), ("Cookie", f"access_token={token}")]
        assert_refused(await bare.get(ME, headers=two), 401, INVALID)
        two = [("Cookie", "a=b"), ("Cookie", f"access_token={token}")]
        assert (await bare.get(ME, headers=two)).status_code == 200


async def test_routes_for_anyone_ignore_a_cookie_that_is_refused(client: AsyncClient) -> None:
    broken = {"Cookie": "access_token=teapot"}
    account = {"email": "new@example.com", "password": PASSWORD, "full_name": "New"}
    assert (await client.get("/api/v1/items", headers=broken)).status_code == 200
    assert (await client.post("/api/v1/users", json=account, headers=broken)).status_code == 201
    form = {"username": "new@example.com", "password": PASSWORD}
    assert (await client.post(LOGIN, data=form, headers=broken)).status_code == 200
    assert (await client.post(TOKEN, data=form, headers=broken)).status_code == 200


# --- the end of a session --------------------------------------------------------------------------------------------


async def test_logout_clears_both_cookies_and_ends_the_token(visitor: Visitor, app: Any) -> None:
    bearer = visitor.bearer
    response = await visitor.http.post(LOGOUT, headers=visitor.csrf)
    assert response.status_code == 200
    assert (response.json()["success"], response.json()["data"]) == (True, None)
    cleared = {name: (value, rest) for name, value, rest in map(attributes_of, response.headers.get_list("set-cookie"))}
    assert set(cleared) == {"access_token", "csrf_token"}
    for value, rest in cleared.values():
        assert (value.strip('"'), rest["max-age"], rest["path"], rest["secure"]) == ("", "0", "/", True)
    assert not list(visitor.http.cookies.items())
    assert_refused(await visitor.http.get(ME), 401, "Bearer")
    async with client_for(app) as bare:
        assert_refused(await bare.get(ME, headers=bearer), 401, INVALID)
        cookie = {"Cookie": f"access_token={bearer['Authorization'].removeprefix('Bearer ')}"}
        assert_refused(await bare.get(ME, headers=cookie), 401, INVALID)
        assert_refused(await bare.post(LOGOUT, headers=bearer), 401, INVALID)
        assert (await bare.get("/api/v1/items", headers=bearer)).status_code == 200


async def test_logout_ends_one_session_of_many(visitor: Visitor, client_as: Any, clock: Any) -> None:
    elsewhere = await client_as("manager")
    earlier = visitor.bearer
    await visitor.sign_in()
    assert (await elsewhere.post(LOGOUT, headers={"X-CSRF-Token": "not looked at"})).status_code == 200
    assert_refused(await elsewhere.get(ME), 401, INVALID)
    assert (await visitor.http.get(ME)).status_code == 200
    assert (await visitor.http.get(ME, headers=earlier)).status_code == 200
    clock.advance(minutes=29)
    for http in (await client_as("user"), await client_as("manager")):
        assert (await http.post(LOGOUT)).status_code == 200
    assert_refused(await elsewhere.get(ME), 401, INVALID)
    clock.advance(minutes=1)
    assert (await (await client_as("user")).post(LOGOUT)).status_code == 200
    assert_refused(await elsewhere.get(ME), 401, INVALID)
    assert_refused(await visitor.http.get(ME, headers=earlier), 401, INVALID)


async def test_a_new_password_ends_every_other_session(visitor: Visitor, app: Any, client_as: Any, clock: Any) -> None:
    """The clock stands still: nothing can be told from the times."""
    others = [await client_as("manager"), await client_as("manager")]
    stranger = await client_as("user")
    change = {"password": "New-Horse-8", "current_password": PASSWORD}
    response = await visitor.http.patch(ME, json=change, headers=visitor.csrf)
    assert response.status_code == 200
    for http in others:
        assert_refused(await http.get(ME), 401, INVALID)
        assert_refused(await http.post(LOGOUT), 401, INVALID)
    assert (await stranger.get(ME)).status_code == 200
    assert (await visitor.http.get(ME)).status_code == 200
    assert (await visitor.http.patch(ME, json={}, headers=visitor.csrf)).status_code == 200
    assert_refused(await visitor.sign_in(), 401, "Bearer")
    async with client_for(app) as http:
        new = Visitor(http, visitor.email)
        assert (await new.sign_in("New-Horse-8")).status_code == 200
        assert (await http.get(ME)).status_code == 200
        again = {"password": "Third-Horse-9", "current_password": "New-Horse-8"}
        assert (await http.patch(ME, json=again, headers=new.csrf)).status_code == 200
        assert (await http.get(ME)).status_code == 200
    assert_refused(await visitor.http.get(ME), 401, INVALID)
    clock.advance(minutes=5)
    for http in others:
        assert_refused(await http.get(ME), 401, INVALID)


async def test_a_password_that_stays_ends_nothing(visitor: Visitor, client_as: Any) -> None:
    other = await client_as("manager")
    wrong = {"password": "New-Horse-8", "current_password": "Wrong-Horse-9"}
    assert_refused(await visitor.http.patch(ME, json=wrong, headers=visitor.csrf), 403)
    assert (await visitor.http.patch(ME, json={"full_name": "Ada"}, headers=visitor.csrf)).status_code == 200
    assert (await visitor.http.patch(ME, json={}, headers=visitor.csrf)).status_code == 200
    assert (await other.get(ME)).status_code == 200


async def test_one_of_two_changes_at_once_wins(visitor: Visitor, app: Any, client_as: Any) -> None:
    other = await client_as("manager")
    answers = await asyncio.gather(
        visitor.http.patch(ME, json={"password": "New-Horse-8", "current_password": PASSWORD}, headers=visitor.csrf),
        other.patch(ME, json={"password": "New-Horse-9", "current_password": PASSWORD}),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])
    alive = [(await http.get(ME)).status_code for http in (visitor.http, other)]
    assert alive == [200 if answer.status_code == 200 else 401 for answer in answers]


async def test_a_login_that_races_with_a_change_loses(visitor: Visitor, app: Any) -> None:
    """Whatever the order: a token that the old password opened is good for nothing after the change."""
    async with client_for(app) as http:
        racing, change = await asyncio.gather(
            http.post(TOKEN, data={"username": visitor.email, "password": PASSWORD}),
            visitor.http.patch(
                ME, json={"password": "New-Horse-8", "current_password": PASSWORD}, headers=visitor.csrf
            ),
        )
        assert change.status_code == 200
        if racing.status_code == 200:
            headers = {"Authorization": f"Bearer {racing.json()['access_token']}"}
            assert_refused(await http.get(ME, headers=headers), 401, INVALID)


async def test_tokens_of_other_makes_are_judged_by_their_time(visitor: Visitor, app: Any, clock: Any) -> None:
    claims = claims_of(visitor.cookie("access_token"))
    names = ("a name of another make", "0", "x.y", "٣.x", "-1.x", "9" * 5000, "9" * 5000 + ".x", ".", "é")
    before = {name: signed(claims | {"jti": name}) for name in names}
    unstorable = [signed(claims | {name: value}) for name in ("jti", "sub") for value in ("a\0b", "\ud800", "a\udfffb")]
    wrong_generation = [signed(claims | {"jti": jti}) for jti in ("1.x", "00001.x", "999999999999999999.x")]
    async with client_for(app) as bare:

        async def statuses(tokens: Any) -> list[int]:
            sent = [{"Authorization": f"Bearer {token}"} for token in tokens]
            return [(await bare.get(ME, headers=headers)).status_code for headers in sent]

        assert await statuses(before.values()) == [200] * len(names)
        assert await statuses(unstorable) == [401] * 6
        assert await statuses(wrong_generation) == [401] * 3
        for token in unstorable:
            response = await bare.patch(ME, json={}, headers={"Cookie": f"access_token={token}"})
            assert_refused(response, 401, INVALID)
        clock.advance(seconds=10, milliseconds=700)
        change = {"password": "New-Horse-8", "current_password": PASSWORD}
        assert (await visitor.http.patch(ME, json=change, headers=visitor.csrf)).status_code == 200
        assert await statuses(before.values()) == [401] * len(names)
        after = [signed(claims | {"jti": name, "iat": int(clock().timestamp())}) for name in names]
        assert await statuses(after) == [200] * len(names)
        for token in after[:2]:
            assert (await bare.post(LOGOUT, headers={"Authorization": f"Bearer {token}"})).status_code == 200
        assert await statuses(after) == [401] * 2 + [200] * (len(names) - 2)


async def test_an_answer_never_repeats_a_token(visitor: Visitor) -> None:
    token, csrf = visitor.cookie("access_token"), visitor.cookie("csrf_token")
    answers = [
        await visitor.http.get(ME),
        await visitor.http.patch(ME, json={"full_name": 5}, headers=visitor.csrf),
        await visitor.http.patch(ME, json={}, headers={"X-CSRF-Token": "x"}),
        await visitor.http.get(ME, headers={"Cookie": f"access_token={token}x"}),
    ]
    for answer in answers:
        assert token not in answer.text
        assert csrf not in answer.text
