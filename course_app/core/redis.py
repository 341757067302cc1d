"""The connections to Redis, or to a stand-in inside the process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fakeredis import FakeServer
from fakeredis.aioredis import FakeAsyncRedisConnection
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

PINGS = 10
"""How many pings may be under way at once, each on a connection that the other commands do not need."""

PATIENCE: dict[str, Any] = {
    "max_connections": 50 + PINGS,
    "timeout": 0.5,  # for a free connection
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,  # for an answer
    "retry": Retry(NoBackoff(), 1),  # at once: a first time-out may have been our own process, busy for so long
}


class Client(Redis):
    """A Redis whose pings wait for each other, so that a crowd which asks how it is takes no connection from work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pings = asyncio.Semaphore(PINGS)

    async def ping(self, **kwargs: Any) -> bool:
        async with self._pings:
            return await super().ping(**kwargs)


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
    client = Client.from_pool(pool)
    try:
        yield client
    finally:
        await client.aclose()
