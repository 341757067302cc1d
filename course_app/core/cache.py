"""Values that were computed before, kept in Redis as JSON."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from course_app.core.redis_gate import RedisDown, RedisGate

T = TypeVar("T")


@dataclass(frozen=True)
class Hit(Generic[T]):
    """What was found, which may be None."""

    value: T


class Cache:
    """Keeps values for a while. `kind` says what a value is, as in `TypeAdapter(list[int])`.

    No method raises `RedisDown`: without Redis, nothing is found and nothing is kept.
    """

    def __init__(self, gate: RedisGate) -> None:
        self._gate = gate

    async def get(self, key: str, kind: TypeAdapter[T]) -> Hit[T] | None:
        """Return what is kept under `key`, or None when that is nothing, or nothing of this kind."""
        try:
            entry = await self._gate.run(lambda redis: redis.get(key))
            return None if entry is None else Hit(kind.validate_json(entry))
        except (RedisDown, ValidationError):
            return None

    async def set(self, key: str, value: T, kind: TypeAdapter[T], lifetime: timedelta) -> None:
        """Keep `value` under `key` for `lifetime` or up to a tenth less. Raise when it is not of this kind."""
        entry = kind.dump_json(value, warnings="error")
        milliseconds = int(lifetime / timedelta(milliseconds=1) * random.uniform(0.9, 1))
        if milliseconds < 1:
            return
        try:
            await self._gate.run(lambda redis: redis.set(key, entry, px=milliseconds))
        except RedisDown:
            return

    async def delete(self, key: str) -> None:
        """Keep nothing under `key` any more."""
        try:
            await self._gate.run(lambda redis: redis.delete(key))
        except RedisDown:
            return
