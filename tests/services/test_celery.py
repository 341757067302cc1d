"""Jobs with a real Redis as broker and the worker process that the course documents."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from servers import FIRST_ADMIN, ROOT, SETTINGS, Redis, StartWorker, program, wait_for

from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

JOBS = "/api/v1/jobs"
REPORT = {"item_id": 1, "name": "Teapot", "quantity": 3, "price": "24.00", "stock_value": "72.00"}

IMPATIENT = """from course_app.tasks.worker import app

options = {"visibility_timeout": 2, "unacked_restore_interval": 0.5}
app.conf.broker_transport_options = app.conf.broker_transport_options | options
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "app.sqlite3"


@pytest.fixture
def start(start_worker: StartWorker, redis: Redis, database: Path) -> StartWorker:
    """Start a worker process on the database and the broker of this test."""
    url = f"sqlite+aiosqlite:///{database.as_posix()}"
    return partial(start_worker, CELERY_BROKER_URL=redis.url(1), DATABASE_URL=url)


@pytest.fixture
async def http(anyio_backend: str, course_app: Any, redis: Redis, database: Path) -> AsyncIterator[AsyncClient]:
    """A manager of an app that has this broker, and one item."""
    shared = {"DATABASE_URL": f"sqlite+aiosqlite:///{database.as_posix()}", "CELERY_BROKER_URL": redis.url(1)}
    settings = course_app.Settings(**SETTINGS | shared)
    app = course_app.create_app(settings)
    async with app.router.lifespan_context(app):
        client = await sign_in(lambda: client_for(app), "manager", admin=FIRST_ADMIN)
        teapot = {"name": "Teapot", "price": "24.00", "quantity": 3}
        assert (await client.post("/api/v1/items", json=teapot)).status_code == 201
        yield client
        await client.aclose()


async def ask(http: AsyncClient, data_id: int = 1) -> Response:
    return await http.post(JOBS, json={"data_id": data_id})


async def status(http: AsyncClient, asked: Response) -> dict[str, Any]:
    response = await http.get(asked.headers["location"])
    assert response.status_code == 200
    job: dict[str, Any] = response.json()["data"]
    return job


async def end_of(http: AsyncClient, asked: Response, seconds: float = 60) -> dict[str, Any]:
    assert asked.status_code == 202, asked.text
    end = time.monotonic() + seconds
    while (job := await status(http, asked))["status"] in ("pending", "started"):
        assert time.monotonic() < end, f"{job} after {seconds} seconds"
        await asyncio.sleep(0.05)
    return job


async def test_jobs_wait_for_a_worker_and_outlive_it(http: AsyncClient, start: StartWorker) -> None:
    waiting = [await ask(http, data_id) for data_id in (1, 999, 1)]
    await asyncio.sleep(0.5)
    assert [(await status(http, asked))["status"] for asked in waiting] == ["pending"] * 3
    worker = start()
    ends = [await end_of(http, asked) for asked in waiting]
    assert [job["status"] for job in ends] == ["succeeded", "failed", "succeeded"]
    assert (ends[0]["result"], ends[1]["error"]) == (REPORT, "There is no item with this id.")
    assert worker.stop() == 0
    waiting = [await ask(http) for _ in range(20)]
    start()
    for asked in waiting:
        assert (await end_of(http, asked))["result"] == REPORT


async def test_a_worker_process_that_is_killed_in_the_middle_of_a_job_loses_nothing(
    http: AsyncClient, start: StartWorker, database: Path
) -> None:
    asked = await ask(http)
    with closing(sqlite3.connect(database, isolation_level=None)) as locked:
        locked.execute("BEGIN IMMEDIATE")  # the job cannot say that it has started
        worker = start()
        wait_for(lambda: "] received" in worker.said(), "the worker takes the job")
        await asyncio.sleep(0.5)
        for child in worker.children():
            child.kill()
        wait_for(lambda: "WorkerLostError" in worker.said(), "the worker sees that its process died")
        assert (await status(http, asked))["status"] == "pending"
        locked.execute("ROLLBACK")
    assert (await end_of(http, asked))["result"] == REPORT


async def test_a_machine_that_is_gone_loses_nothing_either(
    http: AsyncClient, start: StartWorker, database: Path, tmp_path: Path
) -> None:
    """A message that nobody has acknowledged for the visibility timeout (here two seconds) is handed out again."""
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    asked = await ask(http)
    with closing(sqlite3.connect(database, isolation_level=None)) as locked:
        locked.execute("BEGIN IMMEDIATE")
        worker = start("impatient")
        wait_for(lambda: "] received" in worker.said(), "the worker takes the job")
        worker.kill()
        locked.execute("ROLLBACK")
    start("impatient")
    assert (await end_of(http, asked))["result"] == REPORT


async def test_a_broker_that_comes_back_is_used_at_once(http: AsyncClient, start: StartWorker, redis: Redis) -> None:
    start()
    assert (await end_of(http, await ask(http)))["result"] == REPORT
    redis.stop()
    started = time.monotonic()
    assert [(await ask(http)).status_code for _ in range(3)] == [503] * 3
    assert time.monotonic() - started < 3
    assert (await http.get("/health/ready")).json()["down"] == ["broker"]
    redis.start()
    assert (await end_of(http, await ask(http)))["result"] == REPORT
    assert (await http.get("/health/ready")).status_code == 200
    redis.stop()
    redis.start()
    assert (await ask(http)).status_code == 202


@pytest.mark.parametrize("missing", ["CELERY_BROKER_URL", "DATABASE_URL"])
def test_a_worker_without_broker_or_database_says_so(missing: str) -> None:
    given = {"CELERY_BROKER_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": "sqlite+aiosqlite:///nowhere.sqlite3"}
    environment = {name: value for name, value in (os.environ | given).items() if name != missing}
    command = [program("celery"), "-A", "course_app.tasks.worker", "worker"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "A worker process needs CELERY_BROKER_URL and DATABASE_URL." in done.stderr
