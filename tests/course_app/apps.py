"""What several tests of the application share: its first admin, an application that a test starts by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx import AsyncClient

from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

FIRST_ADMIN = ("admin@example.com", "First-Admin-Password-1")


@asynccontextmanager
async def running(
    course_app: Any, settings: Any, clock: Any, role: str = "user"
) -> AsyncIterator[tuple[Any, AsyncClient]]:
    """An application from its start to its end, and a client that is signed in with this role."""
    app = course_app.create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        http = await sign_in(lambda: client_for(app), role, admin=FIRST_ADMIN)
        yield app, http
        await http.aclose()


async def until_redis_is_asked(app: Any) -> None:
    """Wait until the application, which leaves a Redis that failed alone for a while, asks it again."""
    for _ in range(200):
        try:
            await app.state.redis_gate.run(lambda redis: redis.ping())
        except Exception:
            await asyncio.sleep(0.02)
        else:
            return
    raise AssertionError("Redis answers, and four seconds later it is still left alone")


class Nowhere:
    """In the place of the app's queue."""

    async def publish(self, job_id: str) -> None:
        """Leave the job as it is."""
