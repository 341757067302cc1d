"""PATCH /api/v1/users/me: what somebody changes about their own account."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from httpx import AsyncClient, Response

ME = "/api/v1/users/me"
EMAIL = "user@example.com"
OLD, NEW = "Correct-Horse-7", "Battery-Staple-8"
ABSENT: Any = object()

NAMES = {"absent": ABSENT, "null": None, "good": "Ada", "blank": "  ", "long": "x" * 101, "number": 5}
PASSWORDS = {"absent": ABSENT, "null": None, "good": NEW, "weak": "horse", "same": OLD, "number": 12345678}
CURRENT = {"absent": ABSENT, "null": None, "right": OLD, "wrong": OLD + " ", "empty": "", "list": [OLD]}


@pytest.fixture
async def user(client_as: Any) -> AsyncClient:
    """A user whose password is `OLD`."""
    signed_in: AsyncClient = await client_as("user")
    return signed_in


def body_of(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not ABSENT}


async def signs_in(client: AsyncClient, password: str) -> bool:
    response = await client.post("/api/v1/auth/token", data={"username": EMAIL, "password": password})
    assert response.status_code in (200, 401)
    return response.status_code == 200


async def stored(client_as: Any) -> dict[str, Any]:
    """The account as an administrator sees it."""
    admin = await client_as("admin")
    accounts = (await admin.get("/api/v1/users", params={"role": "user"})).json()["data"]["items"]
    return next(account for account in accounts if account["email"] == EMAIL)


def assert_failure(response: Response, status: int, errors: list[str] | None = None) -> None:
    assert response.status_code == status, response.text
    answer = response.json()
    assert (answer["success"], answer["data"]) == (False, None)
    assert answer["message"]
    assert answer["errors"] == errors if errors is not None else answer["errors"]
    assert OLD not in response.text
    assert NEW not in response.text


@pytest.mark.parametrize("name", NAMES)
async def test_every_combination(client: AsyncClient, user: AsyncClient, client_as: Any, name: str) -> None:
    before = await stored(client_as)
    current_password = OLD
    for password, current in itertools.product(PASSWORDS, CURRENT):
        secrets = {"password": PASSWORDS[password], "current_password": CURRENT[current]}
        if secrets["password"] == current_password and password == "good":
            continue
        response = await user.patch(ME, json=body_of(full_name=NAMES[name], **secrets))
        fine = (
            name in ("absent", "good")
            and password in ("absent", "good", "same")
            and current in ("absent", "right", "wrong", "empty")
            and (password == "absent") == (current == "absent")
        )
        case = (name, password, current)
        if not fine:
            assert response.status_code == 422, case
            assert_failure(response, 422)
        elif current in ("wrong", "empty"):
            assert response.status_code == 403, case
            assert_failure(response, 403)
        else:
            assert response.status_code == 200, case
            before |= body_of(full_name=NAMES[name])
            assert response.json() == {"success": True, "message": None, "data": before, "errors": None}
            if password == "good":
                assert await signs_in(client, NEW)
                assert not await signs_in(client, OLD)
                back = await user.patch(ME, json={"password": OLD, "current_password": NEW})
                assert back.status_code == 200
        assert await stored(client_as) == before, case
    assert await signs_in(client, OLD)
    assert not await signs_in(client, NEW)


async def test_the_sentences(user: AsyncClient) -> None:
    for body, errors in (
        ({"password": NEW}, ["body.current_password: is required"]),
        ({"current_password": OLD}, ["body.password: is required"]),
        ({"current_password": ""}, ["body.password: is required"]),
        ({"full_name": None}, ["body.full_name: must be text"]),
        ({"role": "admin"}, ["body: has a field that is not known"]),
        ({"email": "x@example.com", "is_active": True, "id": 1}, ["body: has a field that is not known"]),
        (
            {"password": "horse", "current_password": OLD},
            [
                "body.password: must have at least 8 characters",
                "body.password: must have an upper-case letter",
                "body.password: must have a digit",
            ],
        ),
    ):
        assert_failure(await user.patch(ME, json=body), 422, errors)
    assert_failure(await user.patch(ME, json={"password": NEW, "current_password": NEW}), 403)


async def test_nothing_changes_nothing(user: AsyncClient) -> None:
    before = (await user.get(ME)).json()
    response = await user.patch(ME, json={})
    assert (response.status_code, response.json()) == (200, before)
    for content in (b"", b"null", b"[]", b'"{}"', b"{", b"\xff", b'{"full_name": NaN}'):
        response = await user.patch(ME, content=content, headers={"Content-Type": "application/json"})
        assert_failure(response, 422)
    assert (await user.get(ME)).json() == before


async def test_a_wrong_password_changes_no_name(user: AsyncClient) -> None:
    before = (await user.get(ME)).json()
    body = {"full_name": "Countess", "password": NEW, "current_password": "Correct-Horse-8"}
    assert_failure(await user.patch(ME, json=body), 403)
    assert (await user.get(ME)).json() == before


async def test_the_current_password_is_not_judged_by_the_policy(user: AsyncClient) -> None:
    for current in ("", "x", "пароль", "x" * 5000, "x" * 100_000):
        assert_failure(await user.patch(ME, json={"password": NEW, "current_password": current}), 403)
    for current in ('"a\\u0000b"', '"a\\ud800b"'):
        content = f'{{"password": "{NEW}", "current_password": {current}}}'
        response = await user.patch(ME, content=content, headers={"Content-Type": "application/json"})
        assert_failure(response, 422)


async def test_name_and_password_change_together(client: AsyncClient, user: AsyncClient, client_as: Any) -> None:
    body = {"full_name": "Countess", "password": NEW, "current_password": OLD}
    response = await user.patch(ME, json=body)
    assert (response.status_code, response.json()["data"]["full_name"]) == (200, "Countess")
    assert await signs_in(client, NEW)
    assert not await signs_in(client, OLD)
    assert (await stored(client_as))["full_name"] == "Countess"
    assert (await user.get(ME)).status_code == 200, "the token that changed the password goes on working"


async def test_two_changes_at_once_leave_one_password(client: AsyncClient, user: AsyncClient) -> None:
    wanted = [f"Battery-Staple-{number}" for number in range(4)]
    changes = [user.patch(ME, json={"password": password, "current_password": OLD}) for password in wanted]
    statuses = [response.status_code for response in await asyncio.gather(*changes)]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 403}
    stored_one = wanted.pop(statuses.index(200))
    assert await signs_in(client, stored_one), "and the throttle forgets what was refused"
    assert not any([await signs_in(client, password) for password in (OLD, *wanted)])


async def test_strangers_and_other_accounts(client: AsyncClient, user: AsyncClient, client_as: Any) -> None:
    response = await client.patch(ME, json={"full_name": "Mallory"})
    assert_failure(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"
    manager = await client_as("manager")
    before = (await user.get(ME)).json()
    assert (await manager.patch(ME, json={"full_name": "Boss"})).json()["data"]["role"] == "manager"
    assert (await user.get(ME)).json() == before
