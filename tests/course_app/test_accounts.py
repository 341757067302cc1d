"""Tokens that are refused, the last administrator, and what must never be seen."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
from typing import Any

import pytest
from httpx import AsyncClient

from coursekit.check_client import client_for

SECRET_KEY = "the secret of the tests of the application: 64 characters of text"
DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
ME = "/api/v1/users/me"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def signed(claims: Any, *, secret: str = SECRET_KEY, algorithm: str = "HS256", alg: str | None = None) -> str:
    head = {"alg": alg or algorithm, "typ": "JWT"}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
    return f"{text}.{base64url(hmac.new(secret.encode(), text.encode(), DIGESTS[algorithm]).digest())}"


@pytest.fixture
async def token(client_as: Any) -> str:
    user = await client_as("user")
    return str(user.headers["Authorization"].removeprefix("Bearer "))


async def status_with(client: AsyncClient, token: str) -> int:
    response = await client.get(ME, headers={"Authorization": b"Bearer " + token.encode()})
    if response.status_code == 401:
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    return response.status_code


@pytest.mark.own_process
async def test_a_token_of_ours_is_accepted_whatever_else_it_says(client: AsyncClient, token: str) -> None:
    claims = claims_of(token)
    assert set(claims) == {"sub", "iat", "exp", "jti", "typ"}
    extras: tuple[dict[str, Any], ...] = (
        {},
        {"aud": "x"},
        {"at_hash": "x"},
        {"nbf": 2**40},
        {"iss": "x"},
        {"role": "admin"},
    )
    for extra in extras:
        assert await status_with(client, signed(claims | extra)) == 200, extra


async def test_a_signature_has_one_spelling(client: AsyncClient, token: str) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    for other in (token + "=", token + "!!", token + "é", token[:-1] + alphabet[last ^ 1], token + "A", token[:-1]):
        assert await status_with(client, other) == 401, other[-4:]
    assert await status_with(client, token) == 200


async def test_tokens_that_are_refused(client: AsyncClient, token: str) -> None:
    claims = claims_of(token)
    for name in claims:
        assert await status_with(client, signed({n: v for n, v in claims.items() if n != name})) == 401
    for change in ({"typ": "refresh"}, {"sub": 1}, {"sub": "nobody"}, {"jti": ""}, {"exp": str(claims["exp"])}):
        assert await status_with(client, signed(claims | change)) == 401, change
    for change in ({"exp": 1e400}, {"exp": 10**30}, {"iat": True}, {"iat": None}):
        assert await status_with(client, signed(claims | change)) == 401, change
    assert await status_with(client, signed([claims])) == 401
    for secret in ("", "x" * 64, SECRET_KEY + " "):
        assert await status_with(client, signed(claims, secret=secret)) == 401
    for algorithm in ("HS384", "HS512"):
        assert await status_with(client, signed(claims, algorithm=algorithm)) == 401
    for alg in ("none", "None", "HS384", "RS256", "hs256"):
        forged = signed(claims, alg=alg)
        assert await status_with(client, forged) == 401
        assert await status_with(client, forged.rpartition(".")[0] + ".") == 401


async def test_a_token_ends_on_the_clock_of_the_application(client: AsyncClient, token: str, clock: Any) -> None:
    clock.advance(seconds=30 * 60 - 1)
    assert await status_with(client, token) == 200
    clock.advance(seconds=1)
    assert await status_with(client, token) == 401


async def test_role_and_state_are_those_of_this_moment(client: AsyncClient, client_as: Any, token: str) -> None:
    admin = await client_as("admin")
    headers = {"Authorization": f"Bearer {token}"}
    mine = (await client.get(ME, headers=headers)).json()["data"]["id"]
    for change, status in (({"role": "manager"}, 200), ({"role": "user"}, 403), ({"is_active": False}, 401)):
        assert (await admin.patch(f"/api/v1/users/{mine}", json=change)).status_code == 200
        assert (await client.get("/api/v1/users", headers=headers)).status_code == status
    assert (await admin.patch(f"/api/v1/users/{mine}", json={"is_active": True})).status_code == 200
    assert (await admin.delete(f"/api/v1/users/{mine}")).status_code == 204
    account = {"email": "user@example.com", "password": "Correct-Horse-7", "full_name": "Another"}
    assert (await client.post("/api/v1/users", json=account)).status_code == 201
    assert await status_with(client, token) == 401


async def test_the_last_active_admin_stays(client_as: Any) -> None:
    admin = await client_as("admin")
    for change in ({"role": "user"}, {"is_active": False}, {"role": "manager", "is_active": True}):
        assert (await admin.patch("/api/v1/users/1", json=change)).status_code == 409
    assert (await admin.delete("/api/v1/users/1")).status_code == 409
    for change in ({}, {"role": "admin"}, {"is_active": True}):
        assert (await admin.patch("/api/v1/users/1", json=change)).status_code == 200


@pytest.mark.parametrize("kind", ["delete", "demote", "deactivate", "mixed"])
async def test_two_admins_cannot_remove_each_other_at_once(client_as: Any, kind: str) -> None:
    first, second = await client_as("admin"), await client_as("admin", name="second")
    ids = [(await http.get(ME)).json()["data"]["id"] for http in (first, second)]

    async def remove(http: AsyncClient, other: int, how: str) -> int:
        url = f"/api/v1/users/{other}"
        if how == "delete":
            return (await http.delete(url)).status_code
        change = {"role": "user"} if how == "demote" else {"is_active": False}
        return (await http.patch(url, json=change)).status_code

    ways = ("delete", "demote") if kind == "mixed" else (kind, kind)
    statuses = await asyncio.gather(remove(first, ids[1], ways[0]), remove(second, ids[0], ways[1]))
    assert sum(status in (200, 204) for status in statuses) == 1
    assert all(status in (200, 204, 401, 403, 409) for status in statuses)
    left = [await http.get("/api/v1/users?role=admin") for http in (first, second)]
    admins = next(answer.json()["data"]["items"] for answer in left if answer.status_code == 200)
    assert sum(account["is_active"] for account in admins) == 1


async def test_items_of_a_deleted_account_stay(client: AsyncClient, client_as: Any) -> None:
    admin, manager, user = [await client_as(role) for role in ("admin", "manager", "user")]
    made = await manager.post("/api/v1/items", json={"name": "Lamp", "price": 1})
    url, owner = made.headers["location"], made.json()["data"]["owner_id"]
    assert (await admin.delete(f"/api/v1/users/{owner}")).status_code == 204
    assert (await client.get(url)).json()["data"]["owner_id"] is None
    assert (await user.delete(url)).status_code == 403
    assert (await admin.delete(url)).status_code == 204
    assert (await client.get(url)).status_code == 404


@pytest.fixture
def application_at(course_app: Any, new_settings: Any, clock: Any) -> Any:
    """Start an application with changed settings, and sign its first admin in."""

    async def start(**changes: Any) -> int:
        app = course_app.create_app(new_settings(**changes), clock=clock)
        async with app.router.lifespan_context(app), client_for(app) as http:
            form = {"username": changes["FIRST_ADMIN_EMAIL"], "password": "First-Admin-Password-1"}
            return (await http.post("/api/v1/auth/token", data=form)).status_code

    return start


async def test_the_first_admin_signs_in_with_the_address_of_the_settings(application_at: Any) -> None:
    assert await application_at(FIRST_ADMIN_EMAIL="Admin@xn--mnchen-3ya.de") == 200


async def test_an_empty_secret_is_refused_at_start_up(course_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "")
    with pytest.raises(Exception, match="SECRET_KEY") as caught:
        course_app.create_app()
    assert type(caught.value).__name__ == "ConfigurationError"


async def test_no_secret_in_an_answer_or_in_the_log(
    app: Any, client: AsyncClient, client_as: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(1, logger=name)
    password, wrong = "Canary-Password-1", "Canary-Wrong-2"
    account = {"email": "ada@example.com", "password": password, "full_name": "Ada"}
    admin = await client_as("admin")
    answers = [
        await client.post("/api/v1/users", json=account),
        await client.post("/api/v1/users", json=account),
        await client.post("/api/v1/users", json=account | {"password": "canary"}),
        await client.post("/api/v1/users", json=account | {"Canary-Field": 1}),
        await client.post(
            "/api/v1/users", content=f'{{"password": "{password}"', headers={"Content-Type": "application/json"}
        ),
        await client.post("/api/v1/auth/token", data={"username": "ada@example.com", "password": wrong}),
        await client.post("/api/v1/auth/token", data={"username": wrong, "password": wrong}),
        await client.post(f"/api/v1/auth/token?password={wrong}%00"),
        await admin.get("/api/v1/users"),
        await admin.get(f"/api/v1/users?sort={wrong}&limit={wrong}"),
        await admin.get("/api/v1/users/2"),
        await admin.patch("/api/v1/users/2", json={"role": "manager"}),
        await client.get("/openapi.json"),
    ]
    login = await client.post("/api/v1/auth/token", data={"username": "ada@example.com", "password": password})
    token = login.json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answers += [
        await client.get(ME, headers=headers),
        await client.get(ME, headers={"Authorization": f"Bearer {token}x"}),
    ]
    clock.advance(hours=1)
    answers.append(await client.get(ME, headers=headers))

    said = "\n".join(answer.text + str(answer.headers) for answer in answers)
    logged = "\n".join(record.getMessage() + (record.exc_text or "") for record in caplog.records)
    for secret in (password, wrong, "Canary-Field", "$argon2id$", SECRET_KEY, "First-Admin-Password-1", token):
        assert secret not in said
    for secret in (password, "$argon2id$", SECRET_KEY, "First-Admin-Password-1", token.rpartition(".")[2]):
        assert secret not in logged
