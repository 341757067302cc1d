"""The fixtures of checks, a pytest plugin: each gives a piece of the app with the answer in it."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from coursekit.check_client import client_for
from coursekit.check_request import SECRET_KEY
from coursekit.clock import FrozenClock
from coursekit.sign_in import sign_in

FIRST_ADMIN = ("admin@example.com", "First-Admin-Password-1")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async checks run on asyncio."""
    return "asyncio"


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at 2026-01-01 09:00 UTC until `clock.advance(minutes=16)`."""
    return FrozenClock()


@pytest.fixture
def settings() -> Any:
    """The app's settings for a test: a fixed secret, a private SQLite file, a first admin."""
    config: Any = importlib.import_module("course_app.core.config")
    database = Path(tempfile.mkdtemp(prefix="db-"), "app.sqlite3")
    values = {
        "ENVIRONMENT": "test",
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": f"sqlite+aiosqlite:///{database.as_posix()}",
        "FIRST_ADMIN_EMAIL": FIRST_ADMIN[0],
        "FIRST_ADMIN_PASSWORD": FIRST_ADMIN[1],
        "RATE_LIMIT_PER_MINUTE": 0,  # the clock stands still: a minute would never end
    }
    return config.Settings(**{name: value for name, value in values.items() if name in config.Settings.model_fields})


@pytest.fixture
async def app(anyio_backend: str, settings: Any, clock: FrozenClock) -> AsyncIterator[Any]:
    """The app, with its lifespan running."""
    main: Any = importlib.import_module("course_app.main")
    application = main.create_app(settings, clock=clock)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(anyio_backend: str, app: Any) -> AsyncIterator[AsyncClient]:
    """An HTTP client on the app; an exception of the app is a response of 500."""
    async with client_for(app) as http:
        yield http


@pytest.fixture
async def client_as(anyio_backend: str, app: Any) -> AsyncIterator[Callable[..., Awaitable[AsyncClient]]]:
    """Signs in: `manager = await client_as("manager")`; `name=` tells accounts of one role apart."""
    clients: list[AsyncClient] = []

    def make_client() -> AsyncClient:
        return client_for(app)

    async def signed_in(role: str, *, name: str | None = None) -> AsyncClient:
        clients.append(await sign_in(make_client, role, admin=FIRST_ADMIN, name=name))
        return clients[-1]

    yield signed_in
    for http in clients:
        await http.aclose()
