"""Limits that all processes share through Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from apps import FIRST_ADMIN, until_redis_is_asked

from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

ITEMS = "/api/v1/items"

Start = Callable[..., Any]


@pytest.fixture
def start(course_app: Any, new_settings: Callable[..., Any], clock: Any) -> Start:
    """`async with start(2, RATE_LIMIT_PER_MINUTE=3) as apps`: processes that share a database and a Redis."""

    @asynccontextmanager
    async def running(count: int, **changes: Any) -> AsyncIterator[list[Any]]:
        async with AsyncExitStack() as stack:
            apps = [course_app.create_app(new_settings(**changes), clock=clock) for _ in range(count)]
            for app in apps:
                app.state.fake_redis = apps[0].state.fake_redis
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield apps

    return running


async def burst(apps: list[Any], requests: int, path: str = ITEMS, **headers: str) -> Counter[int]:
    """How often each status was answered to that many requests at once, evenly over the applications."""
    clients = [client_for(app, headers=headers) for app in apps]
    answers = await asyncio.gather(*(clients[n % len(apps)].get(path) for n in range(requests)))
    for client in clients:
        await client.aclose()
    return Counter(answer.status_code for answer in answers)


async def test_of_300_at_once_on_two_processes_exactly_100_pass(start: Start) -> None:
    async with start(2, RATE_LIMIT_PER_MINUTE=100) as apps:
        assert await burst(apps, 300) == {200: 100, 429: 200}


async def test_a_flood_does_not_open_the_limit(start: Start) -> None:
    """Waiting for a connection to Redis is no reason to let everybody in."""
    async with start(1, RATE_LIMIT_PER_MINUTE=100) as apps:
        assert await burst(apps, 2000, "/api/v1/nothing") == {404: 100, 429: 1900}


async def test_a_crowd_at_the_health_check_does_not_either(start: Start) -> None:
    """`/health/ready` has no limit: its pings take no connection that a count needs."""
    async with start(1, RATE_LIMIT_PER_MINUTE=100) as apps:
        redis, waiting = apps[0].state.redis, asyncio.Event()
        execute = redis.execute_command

        async def slow(*args: Any, **options: Any) -> Any:
            if args[0] != "PING":
                return await execute(*args, **options)
            connection = await redis.connection_pool.get_connection()
            try:
                await waiting.wait()
            finally:
                await redis.connection_pool.release(connection)

        redis.execute_command = slow
        pings = [asyncio.create_task(redis.ping()) for _ in range(200)]
        await asyncio.sleep(0.05)
        counted = await burst(apps, 200, "/api/v1/nothing")
        waiting.set()
        await asyncio.gather(*pings)
        assert counted == {404: 100, 429: 100}


async def test_a_refused_command_does_not_open_the_limit(start: Start) -> None:
    """One faulty command is no outage."""
    async with start(1, RATE_LIMIT_PER_MINUTE=2) as apps:
        gate = apps[0].state.redis_gate
        assert await burst(apps, 2) == {200: 2}
        for mistake in (lambda redis: redis.evalsha("0" * 40, 0), lambda redis: redis.set("key", object())):
            with pytest.raises(Exception, match=r"^$"):
                await gate.run(mistake)
            assert await burst(apps, 1) == {429: 1}


async def test_the_minute_slides(start: Start, clock: Any) -> None:
    async with start(2, RATE_LIMIT_PER_MINUTE=4) as apps:
        assert await burst(apps, 2) == {200: 2}
        clock.advance(seconds=30)
        assert await burst(apps, 4) == {200: 2, 429: 2}
        async with client_for(apps[1]) as http:
            assert (await http.get(ITEMS)).headers["retry-after"] == "30"
            clock.advance(seconds=29, milliseconds=1)
            assert (await http.get(ITEMS)).headers["retry-after"] == "1"
        clock.advance(milliseconds=999)
        assert await burst(apps, 4) == {200: 2, 429: 2}
        clock.advance(seconds=30)
        assert await burst(apps, 4) == {200: 2, 429: 2}


async def test_a_user_has_one_limit_in_all_processes_and_the_address_five_times_as_much(start: Start) -> None:
    async with start(1) as [unlimited], start(2, RATE_LIMIT_PER_MINUTE=4) as apps:
        tokens = []
        for name in "abcdef":
            user = await sign_in(lambda: client_for(unlimited), "user", admin=FIRST_ADMIN, name=name)
            tokens.append(user.headers["Authorization"])
            await user.aclose()
        for token in tokens[:5]:
            assert await burst(apps, 10, Authorization=token) == {200: 4, 429: 6}
        assert await burst(apps, 4, Authorization=tokens[5]) == {429: 4}, "the address has reached 20"


async def test_limits_outlive_a_process(start: Start) -> None:
    async with start(2, RATE_LIMIT_PER_MINUTE=2) as apps:
        assert await burst(apps[:1], 2) == {200: 2}
        assert await burst(apps[1:], 2) == {429: 2}


async def test_counts_are_forgotten_after_the_window(start: Start) -> None:
    async with start(1, RATE_LIMIT_PER_MINUTE=5) as [app]:
        await burst([app], 9)
        keys = [key async for key in app.state.redis.scan_iter("requests:*")]
        lifetimes = [await app.state.redis.pttl(key) for key in keys]
        assert len(keys) == 1
        assert all(50_000 < milliseconds <= 60_000 for milliseconds in lifetimes)
        assert await app.state.redis.zcard(keys[0]) == 5, "what was refused is not counted"


async def test_without_redis_the_limit_is_open_and_said_so_once(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async with start(2, RATE_LIMIT_PER_MINUTE=3) as apps:
        assert await burst(apps, 6) == {200: 3, 429: 3}
        for outage in (1, 2):
            apps[0].state.fake_redis.connected = False
            caplog.clear()
            assert await burst(apps, 20) == {200: 20}
            assert await burst(apps, 20) == {200: 20}
            said = [record.getMessage() for record in caplog.records if record.name == "course_app.limits"]
            assert len(said) == 2, f"outage {outage}: one line of each of the two processes"
            apps[0].state.fake_redis.connected = True
            for app in apps:
                await until_redis_is_asked(app)
            assert await burst(apps, 6) == {429: 6}, "what was counted before still counts"


async def test_redis_goes_while_requests_are_under_way(start: Start) -> None:
    async with start(2, RATE_LIMIT_PER_MINUTE=50) as apps:

        async def stop_and_start() -> None:
            for connected in (False, True):
                await asyncio.sleep(0.03)
                apps[0].state.fake_redis.connected = connected

        answers, _ = await asyncio.gather(burst(apps, 300), stop_and_start())
        assert set(answers) <= {200, 429}
        for app in apps:
            await until_redis_is_asked(app)
        assert (await burst(apps, 60))[429] > 0


async def test_before_the_start_and_after_the_end_nothing_fails(course_app: Any, new_settings: Any, clock: Any) -> None:
    app = course_app.create_app(new_settings(RATE_LIMIT_PER_MINUTE=1), clock=clock)
    assert await burst([app], 3, "/health/live") == {200: 3}
    assert await burst([app], 3, "/api/v1/nothing") == {404: 3}
