"""How many requests there were lately, counted in Redis for all processes together."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from course_app.core.clock import Clock
from course_app.core.redis_gate import RedisDown, RedisGate

ADMIT = """
local now, started, window = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if redis.call('ZSCORE', KEYS[1], ARGV[4]) then
    return 0
end
local free = now
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', started)
    local limit = tonumber(ARGV[4 + i])
    if redis.call('ZCARD', key) >= limit then
        local oldest = redis.call('ZRANGE', key, -limit, -limit, 'WITHSCORES')
        free = math.max(free, tonumber(oldest[2]) + window)
    end
end
if free == now then
    for _, key in ipairs(KEYS) do
        redis.call('ZADD', key, ARGV[1], ARGV[4])
        redis.call('PEXPIRE', key, math.ceil(window / 1000))
    end
end
return free - now
"""
"""The microseconds to wait, 0 when the request was counted.

A sorted set for each key: a member for each request that was counted, its moment as the score. A request whose member
is there was counted a moment ago, and the answer was lost.
"""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

logger = logging.getLogger("course_app.limits")


class RedisWindow:
    """`SlidingWindow` for all processes that share a Redis. Its keys begin with `prefix`."""

    def __init__(self, gate: RedisGate, *, clock: Clock, window: timedelta, prefix: str) -> None:
        self._gate = gate
        self._clock = clock
        self._window = window
        self._prefix = prefix
        self._open = False

    async def admit(self, limits: Mapping[str, int]) -> int | None:
        """Count one request for every key of `limits`, or for none if a key has reached its limit (1 or more).

        Return None if it was counted, else the whole seconds after which it would be. While Redis is down, nothing is
        counted and everybody is let in.
        """
        try:
            wait = await self.count(limits)
        except RedisDown:
            if not self._open:
                logger.warning("No limit holds, since Redis is down: %s", self._prefix)
            self._open = True
            return None
        self._open = False
        return wait

    async def count(self, limits: Mapping[str, int]) -> int | None:
        """`admit` for who knows what to do while Redis is down: raise `RedisDown` then."""
        now, window = (self._clock() - EPOCH) // MICROSECOND, self._window // MICROSECOND
        keys = [f"{self._prefix}:{key}" for key in limits]
        arguments: list[str | int] = [now, now - window, window, uuid4().hex, *limits.values()]

        async def admit(redis: Redis) -> Any:
            return await redis.eval(ADMIT, len(keys), *keys, *arguments)

        wait = await self._gate.run(admit)
        return -(-wait // 1_000_000) or None

    async def forget(self, key: str) -> None:
        """Count nothing for this key any more. Raise `RedisDown`."""
        await self._gate.run(lambda redis: redis.delete(f"{self._prefix}:{key}"))
