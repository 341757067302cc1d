"""The cache and the limits on a real Redis: one that answers, one that stands still, one that is started again."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from apps import until_redis_is_asked
from servers import FIRST_ADMIN, SETTINGS, Redis

from coursekit.check_client import client_for
from coursekit.clock import FrozenClock
from coursekit.sign_in import sign_in

ITEMS = "/api/v1/items"
TEAPOT = {"name": "Teapot", "price": "24.00", "quantity": 5}

Start = Callable[..., Any]


@pytest.fixture
def start(course_app: Any, redis: Redis, sqlite_url: str) -> Start:
    """`async with start(2, RATE_LIMIT_PER_MINUTE=3) as apps`: processes on one database and this Redis."""

    @asynccontextmanager
    async def running(count: int, limit: int = 0) -> AsyncIterator[list[Any]]:
        shared = {"DATABASE_URL": sqlite_url, "REDIS_URL": redis.url(), "RATE_LIMIT_PER_MINUTE": limit}
        settings = course_app.Settings(**SETTINGS | shared)
        clock = FrozenClock()
        async with AsyncExitStack() as stack:
            apps = [course_app.create_app(settings, clock=clock) for _ in range(count)]
            for app in apps:
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield apps

    return running


async def burst(apps: list[Any], requests: int) -> Counter[int]:
    clients = [client_for(app) for app in apps]
    answers = await asyncio.gather(*(clients[n % len(apps)].get(ITEMS) for n in range(requests)))
    for client in clients:
        await client.aclose()
    return Counter(answer.status_code for answer in answers)


async def quantities(app: Any) -> list[int]:
    async with client_for(app) as reader:
        response = await reader.get(ITEMS)
    assert response.status_code == 200, response.text
    return [item["quantity"] for item in response.json()["data"]["items"]]


async def test_of_300_at_once_on_two_processes_exactly_100_pass(start: Start) -> None:
    async with start(2, limit=100) as apps:
        assert await burst(apps, 300) == {200: 100, 429: 200}
        assert await burst(apps, 20) == {429: 20}


async def test_a_redis_that_stands_still_holds_nobody_up(start: Start, redis: Redis) -> None:
    async with start(1, limit=5) as [app]:
        assert await burst([app], 8) == {200: 5, 429: 3}
        redis.process.send_signal(signal.SIGSTOP)
        assert await burst([app], 10) == {200: 10}, "after the time-outs"
        begun = time.monotonic()
        assert await burst([app], 10) == {200: 10}
        assert time.monotonic() - begun < 5, "while it is left alone, nobody waits for it"
        async with client_for(app) as http:
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.json()["down"]) == (503, ["redis"])
        redis.process.send_signal(signal.SIGCONT)
        await until_redis_is_asked(app)
        assert await burst([app], 3) == {429: 3}, "what was counted before still counts"


async def test_after_a_restart_with_old_data_nobody_reads_the_past(start: Start, redis: Redis) -> None:
    async with start(2) as apps:
        admin = await sign_in(lambda: client_for(apps[0]), "admin", admin=FIRST_ADMIN)
        item = (await admin.post(ITEMS, json=TEAPOT)).json()["data"]
        assert [await quantities(app) for app in apps] == [[5], [5]]
        redis.stop()
        reserved = await admin.post(f"{ITEMS}/{item['id']}/reserve", json={"quantity": 2})
        assert reserved.status_code == 200
        assert [await quantities(app) for app in apps] == [[3], [3]]
        redis.start()
        for app in apps:
            await until_redis_is_asked(app)
        assert len([key async for key in apps[0].state.redis.scan_iter("cache:*")]) == 1, "the old page is back"
        assert [await quantities(app) for app in apps] == [[3], [3]]
        await admin.aclose()
