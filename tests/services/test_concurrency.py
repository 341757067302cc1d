"""What happens to requests that come at the same time, with two workers, on both databases and one Redis."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from http_load import client_of, signed_in
from servers import Redis, Serve, Uvicorn

ITEMS = "/api/v1/items"
ADA = {"email": "ada@example.com", "password": "Correct-Horse-7", "full_name": "Ada"}

databases = pytest.mark.parametrize("database", ["sqlite_url", "postgresql_url"])


@pytest.fixture
async def server(
    request: pytest.FixtureRequest, database: str, serve: Serve, redis: Redis, anyio_backend: str
) -> Uvicorn:
    return serve(DATABASE_URL=request.getfixturevalue(database), REDIS_URL=redis.url())


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


@databases
async def test_the_last_ten_pieces_and_one_address(server: Uvicorn) -> None:
    admin = await signed_in(server, "admin")
    item = {"name": "Teapot", "price": "24.00", "quantity": 10}
    reserve = (await admin.post(ITEMS, json=item)).headers["location"] + "/reserve"
    reserved = await asyncio.gather(*(admin.post(reserve, json={"quantity": 1}) for _ in range(50)))
    assert statuses(reserved) == {200: 10, 409: 40}
    assert sorted(answer.json()["data"]["quantity"] for answer in reserved if answer.is_success) == list(range(10))
    left = await asyncio.gather(*(admin.get(ITEMS) for _ in range(20)))
    assert {answer.json()["data"]["items"][0]["quantity"] for answer in left} == {0}
    registered = await asyncio.gather(*(admin.post("/api/v1/users", json=ADA) for _ in range(20)))
    assert statuses(registered) == {201: 1, 409: 19}


@databases
async def test_no_request_is_accepted_after_the_answer_to_a_deactivation(server: Uvicorn) -> None:
    admin, user = await signed_in(server, "admin"), await signed_in(server, "user")
    me = "/api/v1/users/me"
    user_id = (await user.get(me)).json()["data"]["id"]
    begun: list[tuple[bool, int]] = []
    warm, answered = asyncio.Event(), asyncio.Event()

    async def ask() -> None:
        while len(begun) < 300:
            late = answered.is_set()
            begun.append((late, (await user.get(me)).status_code))
            if len(begun) > 100:
                warm.set()

    async def deactivate() -> None:
        await warm.wait()
        assert (await admin.patch(f"/api/v1/users/{user_id}", json={"is_active": False})).status_code == 200
        answered.set()

    await asyncio.gather(deactivate(), *(ask() for _ in range(10)))
    assert {status for late, status in begun if late} == {401}
    assert {status for late, status in begun if not late} <= {200, 401}


@databases
async def test_the_last_admin_stays(server: Uvicorn) -> None:
    one, other = await signed_in(server, "admin"), await signed_in(server, "admin", "grace")
    ids = [(await who.get("/api/v1/users/me")).json()["data"]["id"] for who in (one, other)]
    answers = await asyncio.gather(
        *(who.delete(f"/api/v1/users/{user_id}") for who in (one, other) for user_id in ids for _ in range(3))
    )
    assert statuses(answers)[204] == 1
    assert max(statuses(answers)) < 500
    survivor = [(await who.get("/api/v1/users", params={"role": "admin"})) for who in (one, other)]
    assert sorted(answer.status_code for answer in survivor) == [200, 401]


@databases
async def test_of_300_at_once_exactly_100_pass(
    request: pytest.FixtureRequest, database: str, serve: Serve, redis: Redis
) -> None:
    url = request.getfixturevalue(database)
    server = serve(DATABASE_URL=url, REDIS_URL=redis.url(), RATE_LIMIT_PER_MINUTE="100")
    async with client_of(server) as client:
        answers = await asyncio.gather(*(client.get(ITEMS) for _ in range(300)))
        assert statuses(answers) == {200: 100, 429: 200}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
