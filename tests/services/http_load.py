"""Clients of a served application: one, and many that do not stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from servers import FIRST_ADMIN, LOOPBACK, Uvicorn

from coursekit.sign_in import sign_in

Ask = Callable[[], Awaitable[httpx.Response]]


def client_of(server: Uvicorn) -> httpx.AsyncClient:
    """Return a client with room for all requests of a test at once. Each request goes to the next free worker."""
    limits = httpx.Limits(max_connections=300, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{server.port}", limits=limits, timeout=60, trust_env=False)


async def signed_in(server: Uvicorn, role: str, name: str | None = None) -> httpx.AsyncClient:
    """Return a client with the token of an account of this role; `name` tells several apart."""
    return await sign_in(lambda: client_of(server), role, admin=FIRST_ADMIN, name=name)


@dataclass
class Load:
    """What was answered, and when: (seconds of `time.monotonic`, what was asked, status)."""

    answers: list[tuple[float, str, int]] = field(default_factory=list)

    def statuses(self, begin: float = 0, end: float = float("inf")) -> set[int]:
        """The statuses of what was answered in this time."""
        return {status for at, _, status in self.answers if begin <= at < end}

    def count(self, what: str, status: int) -> int:
        """How often `what` was answered so."""
        return sum(1 for _, asked, answered in self.answers if (asked, answered) == (what, status))


@asynccontextmanager
async def under_load(asks: dict[str, Ask], at_once: int = 4) -> AsyncIterator[Load]:
    """Ask each of `asks` again and again, `at_once` times side by side, until the block ends."""
    load, over = Load(), False

    async def go_on(what: str, ask: Ask) -> None:
        while not over:
            response = await ask()
            load.answers.append((time.monotonic(), what, response.status_code))

    tasks = [asyncio.create_task(go_on(what, ask)) for what, ask in asks.items() for _ in range(at_once)]
    try:
        yield load
    finally:
        over = True
        await asyncio.gather(*tasks)


async def seconds_until(condition: Callable[[], Awaitable[bool]], at_most: float) -> float:
    """Wait until it is so, and return how long that took."""
    begun = time.monotonic()
    while not await condition():
        assert time.monotonic() - begun < at_most, f"not within {at_most} seconds"
        await asyncio.sleep(0.05)
    return time.monotonic() - begun
