"""The connection to Redis, or to a stand-in inside the process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis


@asynccontextmanager
async def open_redis(url: str | None) -> AsyncIterator[Redis]:
    """Yield a client for `url`, or for an empty Redis of this application's own when there is none."""
    client: Redis = (
        FakeAsyncRedis(decode_responses=True)
        if url is None
        else Redis.from_url(url, decode_responses=True, socket_timeout=0.5, socket_connect_timeout=0.5)
    )
    try:
        yield client
    finally:
        await client.aclose()
