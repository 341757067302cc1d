"""Pages of items out of the cache: never older than the last write, never anybody's secret, with and without Redis."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from apps import FIRST_ADMIN, until_redis_is_asked
from httpx import AsyncClient
from sqlalchemy import text

from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

ITEMS = "/api/v1/items"
TEAPOT = {"name": "Teapot", "price": "24.00", "quantity": 5}


class Two:
    """Two processes of the application: one database and one Redis, nothing else in common."""

    def __init__(self, apps: list[Any]) -> None:
        self.apps = apps
        self.readers = [client_for(app) for app in apps]
        self.writers: list[AsyncClient] = []
        self.redis = apps[0].state.fake_redis

    async def sign_in(self, role: str, name: str | None = None) -> list[AsyncClient]:
        """One account, with a client on each of the two."""
        first = await sign_in(lambda: client_for(self.apps[0]), role, admin=FIRST_ADMIN, name=name)
        second = client_for(self.apps[1])
        second.headers.update(first.headers)
        self.writers += [first, second]
        return [first, second]

    async def names(self, which: int, **query: Any) -> list[str]:
        response = await self.readers[which].get(ITEMS, params=query)
        assert response.status_code == 200, response.text
        return [item["name"] for item in response.json()["data"]["items"]]

    async def warm(self) -> None:
        """Both have the pages that the tests ask for in the cache."""
        for which in (0, 1, 0, 1):
            await self.names(which)
            await self.names(which, limit=100, sort="-price")

    async def entries(self) -> dict[str, bytes]:
        """What Redis holds of the cache, by key."""
        redis = self.apps[0].state.redis
        keys = sorted([key async for key in redis.scan_iter("cache:*")])
        return {key.decode(): await redis.get(key) for key in keys}


@pytest.fixture
async def two(anyio_backend: str, course_app: Any, new_settings: Callable[..., Any], clock: Any) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        settings = new_settings(RATE_LIMIT_PER_MINUTE=1_000_000)  # counted, and never reached
        apps = [course_app.create_app(settings, clock=clock) for _ in range(2)]
        apps[1].state.fake_redis = apps[0].state.fake_redis
        for app in apps:
            await stack.enter_async_context(app.router.lifespan_context(app))
        both = Two(apps)
        yield both
        for client in both.readers + both.writers:
            await client.aclose()


async def create(client: AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.post(ITEMS, json=TEAPOT | changes)
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()["data"]
    return item


async def test_a_page_is_read_out_of_the_cache(two: Two) -> None:
    admins = await two.sign_in("admin")
    await create(admins[0])
    await two.names(0)
    (key,) = await two.entries()
    redis = two.apps[0].state.redis
    entry = await redis.get(key)
    await redis.set(key, entry.replace(b"Teapot", b"Kettle"), keepttl=True)
    for which in (0, 1):
        assert await two.names(which) == ["Kettle"], "the entry in Redis is what both answer with"
    assert 50_000 <= await redis.pttl(key) <= 60_000


async def test_every_kind_of_write_is_seen_at_once_by_both(two: Two) -> None:
    admins, owners = await two.sign_in("admin"), await two.sign_in("manager", "owner")

    async def seen() -> list[tuple[Any, ...]]:
        pages = [(await reader.get(ITEMS)).json()["data"] for reader in two.readers]
        assert pages[0] == pages[1]
        items = pages[0]["items"]
        assert pages[0]["total"] == len(items)
        return [(item["name"], item["quantity"], item["owner_id"]) for item in items]

    me = (await owners[0].get("/api/v1/users/me")).json()["data"]["id"]
    await two.warm()
    item = await create(owners[0])
    assert await seen() == [("Teapot", 5, me)]
    path = f"{ITEMS}/{item['id']}"
    assert (await owners[1].put(path, json=TEAPOT | {"name": "Kettle"})).status_code == 200
    assert await seen() == [("Kettle", 5, me)]
    assert (await admins[0].post(f"{path}/reserve", json={"quantity": 2})).status_code == 200
    assert await seen() == [("Kettle", 3, me)]
    assert (await admins[1].delete(f"/api/v1/users/{me}")).status_code == 204
    assert await seen() == [("Kettle", 3, None)]
    assert (await admins[1].delete(path)).status_code == 204
    assert await seen() == []


async def test_a_write_that_was_refused_leaves_the_cache_alone(two: Two) -> None:
    admins = await two.sign_in("admin")
    item = await create(admins[0])
    await two.names(0)
    before = await two.entries()
    path = f"{ITEMS}/{item['id']}"
    refused = [
        await admins[0].post(f"{path}/reserve", json={"quantity": 6}),
        await admins[0].put(path, json=TEAPOT, headers={"If-Match": '"0"'}),
        await admins[0].delete(f"{ITEMS}/999"),
        await admins[0].post(ITEMS, json=TEAPOT | {"price": "-1"}),
    ]
    assert [response.status_code for response in refused] == [409, 412, 404, 422]
    await two.names(1)
    assert await two.entries() == before


async def test_a_read_that_begins_after_a_write_sees_it_whatever_else_goes_on(two: Two) -> None:
    admins = await two.sign_in("admin")
    written: list[int] = []
    stale: list[str] = []
    done = asyncio.Event()

    async def write(which: int) -> None:
        for _ in range(12):
            written.append((await create(admins[which]))["id"])

    async def read(which: int) -> None:
        while not done.is_set():
            known = set(written)
            page = (await two.readers[which].get(ITEMS, params={"limit": 100})).json()["data"]
            missing = known - {item["id"] for item in page["items"]}
            if missing or page["total"] < len(known):
                stale.append(f"{sorted(missing)} missing of {len(known)}")

    readers = [asyncio.create_task(read(n % 2)) for n in range(8)]
    await asyncio.gather(write(0), write(1))
    done.set()
    await asyncio.gather(*readers)
    assert len(written) == 24
    assert stale == []


async def test_old_entries_of_a_redis_that_was_away_are_not_answered_with(two: Two) -> None:
    admins = await two.sign_in("admin")
    await create(admins[0])
    await two.warm()
    old = await two.entries()
    two.redis.connected = False
    await create(admins[0], name="Kettle")
    assert await two.names(0) == await two.names(1) == ["Teapot", "Kettle"]
    two.redis.connected = True
    assert await two.entries() == old, "Redis came back with what it had"
    for app in two.apps:
        await until_redis_is_asked(app)
    for which in (0, 1):
        assert await two.names(which) == ["Teapot", "Kettle"]
        assert await two.names(which, limit=100, sort="-price") == ["Teapot", "Kettle"]
    assert len(await two.entries()) > len(old), "the cache is used again"


async def test_two_databases_on_one_redis_do_not_see_each_other(
    course_app: Any, new_settings: Callable[..., Any], clock: Any, tmp_path: Any
) -> None:
    names = []
    server = None
    for name in ("One", "Other"):
        url = f"sqlite+aiosqlite:///{(tmp_path / name).as_posix()}"
        app = course_app.create_app(new_settings(DATABASE_URL=url), clock=clock)
        server = app.state.fake_redis = server or app.state.fake_redis
        async with app.router.lifespan_context(app), client_for(app) as reader:
            admin = await sign_in(lambda app=app: client_for(app), "admin", admin=FIRST_ADMIN)
            await create(admin, name=name)
            names += [item["name"] for item in (await reader.get(ITEMS)).json()["data"]["items"]]
            await admin.aclose()
    assert names == ["One", "Other"]


async def test_each_query_has_its_own_entry(two: Two) -> None:
    admins = await two.sign_in("admin")
    for name, price in (("Teapot", "24.00"), ("Kettle", "40.00"), ("Cup", "4.00")):
        await create(admins[0], name=name, price=price)
    expected = {
        "": ["Teapot", "Kettle", "Cup"],
        "limit=1": ["Teapot"],
        "skip=1": ["Kettle", "Cup"],
        "limit=1&skip=1": ["Kettle"],
        "sort=name": ["Cup", "Kettle", "Teapot"],
        "sort=-name": ["Teapot", "Kettle", "Cup"],
        "sort=price": ["Cup", "Teapot", "Kettle"],
        "sort=-price": ["Kettle", "Teapot", "Cup"],
        "q=T": ["Teapot", "Kettle"],
        "q=te": ["Teapot"],
        "q=4": [],
        "min_price=24": ["Teapot", "Kettle"],
        "max_price=24": ["Teapot", "Cup"],
        "min_price=24&max_price=24": ["Teapot"],
        "min_price=4&max_price=24": ["Teapot", "Cup"],
        "q=1": [],
        "skip=1&limit=1&q=1": [],
    }
    for which in (0, 1, 0):
        for query, names in expected.items():
            response = await two.readers[which].get(f"{ITEMS}?{query}")
            assert [item["name"] for item in response.json()["data"]["items"]] == names, query
    assert len(await two.entries()) == len(expected)


async def test_etag_and_304_with_a_cached_page(two: Two) -> None:
    admins = await two.sign_in("admin")
    item = await create(admins[0])
    first = await two.readers[0].get(ITEMS)
    again = [await reader.get(ITEMS) for reader in two.readers]
    assert {response.headers["etag"] for response in again} == {first.headers["etag"]}
    assert {response.content for response in again} == {first.content}
    assert {response.headers["cache-control"] for response in [first, *again]} == {"no-cache"}
    known = {"If-None-Match": first.headers["etag"]}
    assert [(await reader.get(ITEMS, headers=known)).status_code for reader in two.readers] == [304, 304]
    await admins[1].put(f"{ITEMS}/{item['id']}", json=TEAPOT | {"quantity": 4})
    changed = [await reader.get(ITEMS, headers=known) for reader in two.readers]
    assert [response.status_code for response in changed] == [200, 200]
    assert first.headers["etag"] not in {response.headers["etag"] for response in changed}
    head = await two.readers[0].head(ITEMS)
    assert (head.status_code, head.headers["etag"], head.content) == (200, changed[0].headers["etag"], b"")


async def test_a_damaged_entry_is_no_entry(two: Two) -> None:
    admins = await two.sign_in("admin")
    await create(admins[0])
    await two.names(0)
    (key,) = await two.entries()
    redis = two.apps[0].state.redis
    for damaged in (
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"items": []}',
        b"[" * 100_000,
        b'{"items": [{"id": 1}]}',
    ):
        await redis.set(key, damaged)
        assert await two.names(1) == ["Teapot"], damaged[:20]
        assert json.loads(await redis.get(key))["total"] == 1, "and it is replaced"
    await redis.delete(key)
    await redis.lpush(key, "a list")
    assert await two.names(1) == ["Teapot"]


async def test_a_hundred_at_once_are_one_query(two: Two) -> None:
    admins = await two.sign_in("admin")
    await create(admins[0])
    pages = two.apps[0].state.item_pages
    loads = 0
    load = pages._source.load

    async def counted(*args: Any) -> Any:
        nonlocal loads
        loads += 1
        await asyncio.sleep(0.05)
        return await load(*args)

    pages._source.load = counted
    answers = await asyncio.gather(*(two.readers[0].get(ITEMS) for _ in range(100)))
    assert {response.status_code for response in answers} == {200}
    assert len({response.content for response in answers}) == 1
    assert loads == 1


async def test_more_readers_than_connections(two: Two) -> None:
    """No request holds a connection of the database while it waits for another one."""
    admins = await two.sign_in("admin")
    await create(admins[0])
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(two.readers[n % 2].get(f"{ITEMS}?skip={n}") for n in range(120)))
    assert {response.status_code for response in answers} == {200}


async def test_two_items_in_one_unit_of_work(two: Two) -> None:
    """The revision is renewed with the commit, so that nobody holds it while he waits for an item: no deadlock."""
    admins = await two.sign_in("admin")
    first, second = [(await create(admins[0]))["id"] for _ in range(2)]
    await two.names(0)
    began = asyncio.Event()

    async def take(app: Any, *wanted: int) -> None:
        async with app.state.sessions.begin() as session:
            for item_id in wanted:
                sql = text("UPDATE items SET quantity = quantity - 1 WHERE id = :id")
                await session.execute(sql, {"id": item_id})
                began.set()
                await asyncio.sleep(0.1)

    async def later() -> None:
        await began.wait()
        await take(two.apps[1], second)

    async with asyncio.timeout(10):
        await asyncio.gather(take(two.apps[0], first, second), later())
    for reader in two.readers:
        items = (await reader.get(ITEMS)).json()["data"]["items"]
        assert [item["quantity"] for item in items] == [4, 3]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_without_redis_everything_is_answered(two: Two, when: str, caplog: pytest.LogCaptureFixture) -> None:
    if when == "before":
        two.redis.connected = False
    admins = await two.sign_in("admin")
    item = await create(admins[0])
    await two.warm()
    two.redis.connected = False
    caplog.clear()
    for _ in range(3):
        path = f"{ITEMS}/{item['id']}"
        responses = [
            await two.readers[0].get(ITEMS),
            await admins[0].get(path),
            await admins[0].put(path, json=TEAPOT),
            await admins[0].post(f"{path}/reserve", json={"quantity": 1}),
            await two.readers[1].get(f"{ITEMS}?q=tea"),
            await admins[1].get("/api/v1/users"),
            await two.readers[0].get("/health/live"),
        ]
        assert {response.status_code for response in responses} == {200}
        ready = await two.readers[0].get("/health/ready")
        assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "down": ["redis"]})
    said = [record for record in caplog.records if record.name == "course_app.redis"]
    expected = 2 if when == "after" else 1  # each of the two applications once
    assert len(said) <= expected, [record.getMessage() for record in said]
    two.redis.connected = True
    assert (await two.readers[0].get("/health/ready")).status_code == 200


async def test_no_secret_and_no_address_is_in_redis(two: Two, new_settings: Callable[..., Any]) -> None:
    admins, owners = await two.sign_in("admin"), await two.sign_in("manager", "owner")
    for client in (*admins, *owners, *two.readers):
        await client.get(f"{ITEMS}?q=Sunshine1")
        await client.get("/api/v1/users/me")
        await client.get("/api/v1/users")
    await create(owners[0])
    await two.warm()
    form = {"username": FIRST_ADMIN[0], "password": FIRST_ADMIN[1]}
    login = await two.readers[0].post("/api/v1/auth/login", data=form)
    assert login.status_code == 200
    change = {"password": "Another-Password-1", "current_password": FIRST_ADMIN[1]}
    assert (await admins[0].patch("/api/v1/users/me", json=change)).status_code == 200
    for cookie in dict(login.cookies).values():
        await two.readers[0].get(ITEMS, headers={"Authorization": f"Bearer {cookie}"})
    redis = two.apps[0].state.redis
    stored = b""
    async for key in redis.scan_iter("*"):
        stored += await redis.dump(key) + key
        if await redis.type(key) == b"zset":
            stored += b" ".join(await redis.zrange(key, 0, -1))
        elif await redis.type(key) == b"string":
            stored += await redis.get(key)
    assert b"Teapot" in stored
    assert b"requests:user:" in stored
    text = stored.decode("utf-8", "replace")
    assert not re.search(r"eyJ[\w-]+\.|argon2|password|@example", text)
    for secret in (FIRST_ADMIN[1], "Another-Password-1", "Sunshine1", *dict(login.cookies).values()):
        assert secret not in text
