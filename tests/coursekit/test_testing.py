"""What checks are written with: messages, the clock, the client, signing in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Form, Header, Response

from coursekit.clock import FrozenClock
from coursekit.errors import CourseError
from coursekit.sign_in import sign_in
from coursekit.testing import (
    answer,
    client_for,
    expect_equal,
    expect_status,
    learner_test_passes,
    raises,
    raises_async,
    told,
    waits_skipped,
)


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError


def message_of(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The message of the AssertionError that the call raises."""
    with pytest.raises(AssertionError) as raised:
        call(*args, **kwargs)
    return str(raised.value)


def test_told() -> None:
    assert told("GET /x", 403, 200) == "sent GET /x: expected 403, got 200"
    assert told("f('a')", "a ValueError", None) == "f('a'): expected a ValueError, got None"
    assert told("f()", (0, 9)) == "f(): expected (0, 9)"
    assert told("f()", 1, Unprintable()).endswith("got a Unprintable whose repr() raises ValueError")
    assert len(told("f()", 1, "x" * 10_000)) < 400


def test_expect_equal() -> None:
    expect_equal([1, "a"], [1, "a"], "f()")
    assert message_of(expect_equal, "a", "b", "f()") == "f(): expected 'b', got 'a'"
    assert message_of(expect_equal, True, 1, "f()") == "f(): expected 1 (int), got True (bool)"
    assert message_of(expect_equal, None, 1, "f()") == "f(): expected 1 (int), got None"


async def test_expect_status_and_the_exception_behind_it() -> None:
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("sub")

    async with client_for(app) as client:
        missing = await client.get("/nothing?x=1")
        failing = await client.get("/broken")
    expect_status(missing, 404)
    assert message_of(expect_status, missing, 200) == "sent GET /nothing?x=1: expected 200, got 404"
    assert message_of(expect_status, missing, 200, sent="a stranger") == "a stranger: expected 200, got 404"
    with pytest.raises(AssertionError, match=r"expected 200, got 500, because of KeyError") as raised:
        expect_status(failing, 200)
    assert isinstance(raised.value.__cause__, KeyError)


async def test_raises() -> None:
    async def refuse(value: int) -> int:
        if value < 0:
            raise ValueError("negative")
        return value

    assert str(raises(ValueError, int, "x")).startswith("invalid literal")
    assert message_of(raises, ValueError, int, "1") == "int('1'): expected ValueError, got 1 and no exception"
    assert message_of(raises, KeyError, int, "x", sent="x").startswith("x: expected KeyError, got ValueError: invalid")
    assert str(await raises_async(ValueError, refuse, -1)) == "negative"
    with pytest.raises(AssertionError, match=re.escape("refuse(value=1): expected ValueError, got 1 and no exc")):
        await raises_async(ValueError, refuse, value=1)
    with pytest.raises(AssertionError, match="refuse\\(-1\\): expected KeyError, got ValueError: negative"):
        await raises_async(KeyError, refuse, -1)


async def test_learner_test_passes() -> None:
    def sync(value: int) -> None:
        assert value == 1

    async def asynchronous(value: int) -> None:
        assert value == 1

    def skips(value: int) -> None:
        pytest.skip("no")

    def leaves(value: int) -> None:
        raise SystemExit

    assert await learner_test_passes(sync, value=1)
    assert await learner_test_passes(asynchronous, value=1)
    for test in (sync, asynchronous, skips, leaves):
        assert not await learner_test_passes(test, value=2)
    assert not await learner_test_passes(sync)


def test_answer_outside_of_a_check() -> None:
    with pytest.raises(RuntimeError, match="only while a check runs"):
        answer.anything()


def test_clock() -> None:
    clock = FrozenClock()
    assert clock() == clock() == datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
    assert clock.advance(minutes=16) == clock() == datetime(2026, 1, 1, 9, 16, tzinfo=UTC)
    clock.set(datetime(2026, 1, 2, 1, 0, tzinfo=timezone(timedelta(hours=1))))
    assert (clock(), clock().tzinfo) == (datetime(2026, 1, 2, 0, 0, tzinfo=UTC), UTC)
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 1, 1))


ADMIN = ("admin@example.com", "secret")


def accounts_app() -> FastAPI:
    """An app with accounts: a token is the account's e-mail."""
    app = FastAPI()
    users: dict[str, dict[str, Any]] = {ADMIN[0]: {"id": 1, "password": ADMIN[1], "role": "admin"}}
    app.state.users = users

    @app.post("/api/v1/users")
    async def register(body: dict[str, str], response: Response) -> dict[str, Any]:
        if body["email"] in users:
            response.status_code = 409
            return {"data": None}
        response.status_code = 201
        users[body["email"]] = {"id": len(users) + 1, "password": body["password"], "role": "user"}
        return {"data": {"id": len(users)}}

    @app.post("/api/v1/auth/token")
    async def token(
        response: Response, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> dict[str, str]:
        if users.get(username, {}).get("password") != password:
            response.status_code = 401
            return {}
        return {"access_token": username}

    @app.patch("/api/v1/users/{number}")
    async def promote(
        number: int, body: dict[str, str], authorization: Annotated[str, Header()], response: Response
    ) -> dict[str, Any]:
        if users[authorization.removeprefix("Bearer ")]["role"] != "admin":
            response.status_code = 403
        else:
            next(user for user in users.values() if user["id"] == number)["role"] = body["role"]
        return {}

    return app


async def role_of(app: FastAPI, client: httpx.AsyncClient) -> str:
    """The role of the account that a client is signed in with."""
    email = client.headers["Authorization"].removeprefix("Bearer ")
    await client.aclose()
    return str(app.state.users[email]["role"])


async def test_sign_in() -> None:
    app = accounts_app()
    for role in ("admin", "manager", "user", "manager", "user"):
        assert await role_of(app, await sign_in(lambda: client_for(app), role, admin=ADMIN)) == role
    assert len(app.state.users) == 3
    for name in ("mallory", "alice"):
        assert await role_of(app, await sign_in(lambda: client_for(app), "user", admin=ADMIN, name=name)) == "user"
    assert await role_of(app, await sign_in(lambda: client_for(app), "admin", admin=ADMIN, name="eve")) == "admin"
    assert len(app.state.users) == 6


@pytest.mark.parametrize("role", ["admin", "user"])
async def test_sign_in_before_there_is_any(role: str) -> None:
    with pytest.raises(CourseError, match=r"^There is no sign-in before chapter 03\.$"):
        await sign_in(lambda: client_for(FastAPI()), role, admin=ADMIN)


async def test_sign_in_that_is_refused() -> None:
    with pytest.raises(CourseError, match=r"no role 'root': an account is admin, manager or user"):
        await sign_in(lambda: client_for(FastAPI()), "root", admin=ADMIN)
    with pytest.raises(CourseError, match=r"POST /api/v1/auth/token was answered 401: admin@example.com could not"):
        await sign_in(lambda: client_for(accounts_app()), "admin", admin=(ADMIN[0], "wrong"))


async def test_waits_are_skipped_and_measured() -> None:
    began = time.monotonic()
    with waits_skipped() as now:
        start = now()
        await asyncio.sleep(3600)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 30)
        assert 3630 <= now() - start < 3635
        assert await asyncio.to_thread(lambda: 1) == 1
    assert time.monotonic() - began < 5
