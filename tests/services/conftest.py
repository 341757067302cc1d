"""Real services for the tests of this folder, on free ports, with their data in a temporary folder."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import ROOT, SETTINGS, CeleryWorker, PostgreSQL, Redis, Serve, StartWorker, Uvicorn

from coursekit import loader


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def course_app() -> Iterator[Any]:
    """The module `course_app.main` of the repository, imported from its source."""
    with loader.imported(ROOT) as main:
        yield main


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for all tests: each makes a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="course-postgresql-"))  # the user postgres may not enter pytest's folders
    server = PostgreSQL(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A server of this test."""
    server = Redis(tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file of this test, as `DATABASE_URL`."""
    return f"sqlite+aiosqlite:///{(tmp_path / 'app.sqlite3').as_posix()}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, tmp_path: Path) -> str:
    """A database of this test on the server, as `DATABASE_URL`."""
    return postgresql.new_database(f"test_{next(_NUMBERS)}")


_NUMBERS = itertools.count(1)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(workers=2, DATABASE_URL=..., REDIS_URL=...)`: the app under uvicorn; its log is in `tmp_path`."""
    running: list[Uvicorn] = []

    def start(workers: int = 2, **settings: str) -> Uvicorn:
        running.append(Uvicorn(tmp_path / "uvicorn.log", SETTINGS | settings, workers))
        return running[-1]

    yield start
    for server in running:
        server.kill()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """`start_worker(DATABASE_URL=..., CELERY_BROKER_URL=...)`: a Celery worker; its log is in `tmp_path`."""
    running: list[CeleryWorker] = []

    def start(module: str = "course_app.tasks.worker", **settings: str) -> CeleryWorker:
        environment = SETTINGS | settings | {"PYTHONPATH": str(tmp_path)}
        running.append(CeleryWorker(tmp_path / "worker.log", environment, module))
        return running[-1]

    yield start
    for worker in running:
        worker.kill()
