"""Many ask for the same at once: one of them computes it, for all."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class SingleFlight:
    """Joins calls of this process that are under way at the same time."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        """How many computations are under way."""
        return len(self._flights)

    async def run(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        """Return what `compute()` returns, or what a call with an equal key returns that is still under way.

        A caller who is cancelled stops waiting, and nothing else. An exception goes to everybody who waited.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(compute())
            flight.add_done_callback(lambda _: self._flights.pop(key))
        return await asyncio.shield(flight)
