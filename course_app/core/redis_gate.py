"""The one way to Redis, closed for a while when Redis does not answer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import DataError, RedisError, ResponseError

T = TypeVar("T")
Command = Callable[[Redis], Awaitable[T]]

REFUSED = (ResponseError, DataError)
"""What is wrong with one command, not with Redis."""

PAUSE = 1.0
"""Seconds for which Redis is left alone after a failure."""

AT_ONCE = 50
"""Commands under way at the same time. More of them wait, and find the gate closed if Redis stops answering."""

logger = logging.getLogger("course_app.redis")


class RedisDown(Exception):
    """Redis does not answer, or refuses the command, or is not asked because it did not answer a moment ago."""


class RedisGate:
    """Sends commands to `redis`, as long as that answers. `timer` returns seconds that only ever grow."""

    def __init__(self, redis: Redis | None = None, timer: Callable[[], float] = time.monotonic) -> None:
        self.redis = redis
        self._timer = timer
        self._places = asyncio.Semaphore(AT_ONCE)
        self._closed_until: float | None = None

    async def run(self, command: Command[T]) -> T:
        """Return what `command(redis)` returns. Raise `RedisDown`."""
        async with self._places:
            if self.redis is None:
                raise RedisDown
            if self._closed_until is not None:
                if self._timer() < self._closed_until:
                    raise RedisDown
                self._closed_until = self._timer() + PAUSE  # this call finds out, all others go on without Redis
            try:
                result = await command(self.redis)
            except REFUSED as error:
                logger.warning("Redis refused a command")
                raise RedisDown from error
            except (RedisError, OSError) as error:
                if self._closed_until is None:
                    logger.warning("Redis does not answer")
                self._closed_until = self._timer() + PAUSE
                raise RedisDown from error
            if self._closed_until is not None:
                logger.warning("Redis answers again")
                self._closed_until = None
            return result
