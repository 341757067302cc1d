"""The connections to Redis, or to a stand-in inside the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fakeredis import FakeServer
from fakeredis.aioredis import FakeAsyncRedisConnection
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

PATIENCE: dict[str, Any] = {
    "max_connections": 50,
    "timeout": 0.5,  # for a free connection
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,  # for an answer
    "retry": Retry(NoBackoff(), 1),  # at once: a first time-out may have been our own process, busy for so long
}


@asynccontextmanager
async def open_redis(url: str | None, stand_in: FakeServer | None = None) -> AsyncIterator[Redis]:
    """Yield a client for `url`, or for `stand_in` (by default an empty one) when there is none.

    No command waits longer than `PATIENCE` says. It may be sent twice. Answers are bytes.
    """
    if url is None:
        server = stand_in or FakeServer()
        pool = BlockingConnectionPool(connection_class=FakeAsyncRedisConnection, server=server, **PATIENCE)
    else:
        pool = BlockingConnectionPool.from_url(url, **PATIENCE)
    client = Redis.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()
