"""The built application, seen from outside: `app`, `client` and `client_as` on a clock that stands still."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from apps import FIRST_ADMIN
from httpx import AsyncClient

from coursekit import loader
from coursekit.check_client import client_for
from coursekit.clock import FrozenClock
from coursekit.sign_in import sign_in

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET_KEY = "the secret of the tests of the application: 64 characters of text"

SERVER = os.environ.get("COURSE_POSTGRESQL")
"""`postgresql://user@host:port`: these tests then run there, each on a database of its own. Else on SQLite files."""

SERVED = "COURSE_SERVED" in os.environ
"""Whether `app` is the application under a server, which tests/services/served.py brings."""

MakeSettings = Callable[..., Any]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def course_app() -> Iterator[Any]:
    """The module `course_app.main` of the repository, imported from its source."""
    with loader.imported(ROOT) as main:
        yield main


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


async def _on_server(statement: str) -> None:
    connection = await asyncpg.connect(f"{SERVER}/postgres")
    await connection.execute(statement)
    await connection.close()


def on_server(statement: str) -> None:
    """Run one statement on the server, whatever loop is running here."""
    thread = threading.Thread(target=lambda: asyncio.run(_on_server(statement)))
    thread.start()
    thread.join()


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of this test."""
    if SERVER is None:
        yield f"sqlite+aiosqlite:///{(tmp_path / 'app.sqlite3').as_posix()}"
        return
    name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
    on_server(f"CREATE DATABASE {name}")
    yield f"{SERVER.replace('postgresql:', 'postgresql+asyncpg:')}/{name}"
    on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def new_settings(course_app: Any, database_url: str) -> MakeSettings:
    """Settings for tests; keywords change single ones."""

    def make(**changes: Any) -> Any:
        values = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": database_url,
            "FIRST_ADMIN_EMAIL": FIRST_ADMIN[0],
            "FIRST_ADMIN_PASSWORD": FIRST_ADMIN[1],
            "RATE_LIMIT_PER_MINUTE": 0,  # the clock stands still: a minute would never end
        }
        return course_app.Settings(**values | changes)

    return make


@pytest.fixture
async def app(anyio_backend: str, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if SERVED:
        served = request.getfixturevalue("served")
        await served.empty()
        yield served
        return
    make = request.getfixturevalue("new_settings")
    application = request.getfixturevalue("course_app").create_app(make(), clock=request.getfixturevalue("clock"))
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: Any) -> AsyncIterator[AsyncClient]:
    async with client_for(app) as http:
        yield http


@pytest.fixture
async def client_as(app: Any) -> AsyncIterator[Callable[..., Awaitable[AsyncClient]]]:
    """`await client_as("manager")`; `name=` tells accounts of one role apart."""
    clients: list[AsyncClient] = []

    async def signed_in(role: str, *, name: str | None = None) -> AsyncClient:
        clients.append(await sign_in(lambda: client_for(app), role, admin=FIRST_ADMIN, name=name))
        return clients[-1]

    yield signed_in
    for http in clients:
        await http.aclose()
