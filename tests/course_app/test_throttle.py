"""Guessing passwords, seen from outside."""

import asyncio
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

TOKEN, LOGIN, ME = "/api/v1/auth/token", "/api/v1/auth/login", "/api/v1/users/me"
ADA = {"email": "ada@example.com", "password": "Correct-Horse-1", "full_name": "Ada"}
RIGHT = {"username": ADA["email"], "password": ADA["password"]}
WRONG = RIGHT | {"password": "wrong"}


def coming_from(app: Any, address: str) -> httpx.AsyncClient:
    """A client with this address."""
    transport = httpx.ASGITransport(app, client=(address, 50000), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://course.test", trust_env=False)


@pytest.fixture
async def ada(client: Any) -> Any:
    """A client, and an account."""
    assert (await client.post("/api/v1/users", json=ADA)).status_code == 201
    return client


async def guess(client: Any, times: int, path: str = TOKEN, **form: str) -> list[int]:
    return [(await client.post(path, data=WRONG | form)).status_code for _ in range(times)]


@pytest.mark.parametrize("path", [TOKEN, LOGIN])
async def test_five_failures(ada: Any, clock: Any, path: str) -> None:
    assert await guess(ada, 6, path) == [401] * 5 + [429]
    refused = await ada.post(path, data=RIGHT)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    if path == TOKEN:
        assert refused.json().keys() == {"error", "error_description"}
        assert refused.json()["error"] == "temporarily_unavailable"
        assert refused.headers["Cache-Control"] == "no-store"
    else:
        assert refused.json()["success"] is False
        assert refused.json()["errors"]
    clock.advance(minutes=15)
    assert (await ada.post(path, data=RIGHT)).status_code == 200


async def test_both_endpoints_share_it(ada: Any) -> None:
    assert await guess(ada, 3, TOKEN) + await guess(ada, 3, LOGIN) == [401] * 5 + [429]
    assert await guess(ada, 1, TOKEN) == [429]


async def test_a_name_that_is_no_address_in_many_spellings(ada: Any) -> None:
    for name in ("nobody", "NoBody", " nobody ", "NOBODY", "nobodY"):
        assert await guess(ada, 1, username=name) == [401]
    assert await guess(ada, 1, username="nobody") == [429]


async def test_one_account_in_many_spellings(ada: Any) -> None:
    for name in ("ADA@example.com", "Ada@Example.COM", "ada@EXAMPLE.com", "aDa@example.com", "ada@example.com"):
        assert await guess(ada, 1, username=name) == [401]
    assert await guess(ada, 1) == [429]


async def test_unknown_accounts_count_too(ada: Any) -> None:
    for name in ("nobody@example.com", "no address at all", ""):
        assert await guess(ada, 6, username=name) == [401] * 5 + [429]
    assert (await ada.post(TOKEN, data=RIGHT)).status_code == 200


async def test_a_success_resets(ada: Any) -> None:
    for _ in range(3):
        assert await guess(ada, 4) == [401] * 4
        assert (await ada.post(LOGIN, data=RIGHT)).status_code == 200


async def test_the_window_slides(ada: Any, clock: Any) -> None:
    assert await guess(ada, 1) == [401]
    clock.advance(minutes=10)
    assert await guess(ada, 5) == [401] * 4 + [429]
    clock.advance(minutes=5)
    assert await guess(ada, 2) == [401, 429]


@pytest.mark.own_process
async def test_another_address(app: Any, ada: Any) -> None:
    assert await guess(ada, 6) == [401] * 5 + [429]
    async with coming_from(app, "203.0.113.9") as elsewhere:
        assert (await elsewhere.post(TOKEN, data=RIGHT)).status_code == 200
    assert await guess(ada, 1) == [429]


@pytest.mark.parametrize("redis", ["up", "down"])
async def test_guesses_sent_together(app: Any, ada: Any, redis: str) -> None:
    app.state.fake_redis.connected = redis == "up"
    answers = await asyncio.gather(*(ada.post(TOKEN, data=WRONG) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_right_passwords_sent_together(ada: Any) -> None:
    answers = await asyncio.gather(*(ada.post(TOKEN, data=RIGHT) for _ in range(10)))
    assert [answer.status_code for answer in answers] == [200] * 10


async def test_redis_down(app: Any, ada: Any) -> None:
    app.state.fake_redis.connected = False
    assert await guess(ada, 6) == [401] * 5 + [429]
    assert (await ada.post(LOGIN, data=RIGHT)).status_code == 429


async def test_current_password(app: Any, client_as: Any, ada: Any) -> None:
    token = (await ada.post(TOKEN, data=RIGHT)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    change = {"password": "Another-Horse-2", "current_password": "wrong"}
    answers = [(await ada.patch(ME, json=change, headers=headers)).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]
    right = change | {"current_password": ADA["password"]}
    refused = await ada.patch(ME, json=right, headers=headers)
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers
    assert (await ada.post(TOKEN, data=RIGHT)).status_code == 429
    assert (await ada.patch(ME, json={"full_name": "Ada L."}, headers=headers)).status_code == 200


async def test_forms_that_are_no_attempt(ada: Any) -> None:
    for _ in range(6):
        assert (await ada.post(TOKEN, data={"username": ADA["email"]})).status_code == 400
        assert (await ada.post(LOGIN, data={"username": ADA["email"]})).status_code == 422
    assert (await ada.post(TOKEN, data=RIGHT)).status_code == 200


async def test_no_address_of_an_account_in_redis(app: Any, ada: Any) -> None:
    await guess(ada, 2)
    keys = await app.state.redis.keys("failures:*")
    assert keys
    assert not any(b"ada" in key or b"example" in key for key in keys)
