"""How often somebody may guess at the password of an account."""

import hashlib
from asyncio import Lock
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from weakref import WeakValueDictionary

from course_app.core.errors import TooManyRequests
from course_app.core.redis_gate import RedisDown

FAILURES = 5
"""Wrong guesses at one account from one address, within the window, after which no guess is looked at."""


class Failures(Protocol):
    """Counts over a sliding window. One that counts in Redis raises `RedisDown`."""

    async def count(self, limits: Mapping[str, int]) -> int | None:
        """Count one for each key, or return the seconds to wait where a key has reached its limit."""

    async def forget(self, key: str) -> None:
        """Count nothing for this key any more."""


class LoginThrottle:
    """Counts failures in `shared`, for all processes, or in `own`, the memory of this one, while Redis is down."""

    def __init__(self, shared: Failures, own: Failures) -> None:
        self._shared = shared
        self._own = own
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def attempt(self, account: str, address: str | None, verify: Callable[[], Awaitable[bool]]) -> bool:
        """Return what `verify` returns. Raise `TooManyRequests`, and do not call it, after too many failures.

        One attempt at a time, so that guesses sent together do not all see the same count.
        """
        key = hashlib.sha256(f"{address} {account}".encode("utf-8", "surrogatepass")).hexdigest()
        turn = self._turns.setdefault(key, Lock())
        async with turn:
            seconds = await self._count(key)
            if seconds is not None:
                raise TooManyRequests("Too many failed attempts. Try again later.", seconds)
            right = await verify()
            if right:
                await self._forget(key)
            return right

    async def _count(self, key: str) -> int | None:
        try:
            return await self._shared.count({key: FAILURES})
        except RedisDown:
            return await self._own.count({key: FAILURES})

    async def _forget(self, key: str) -> None:
        await self._own.forget(key)
        try:
            await self._shared.forget(key)
        except RedisDown:
            return
