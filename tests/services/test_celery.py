"""Jobs with a real Redis as broker and the worker process that the course documents."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from httpx import AsyncClient, Response

from coursekit import loader
from coursekit.check_client import client_for
from coursekit.sign_in import sign_in

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_ADMIN = ("admin@example.com", "First-Admin-Password-1")
JOBS = "/api/v1/jobs"
REPORT = {"item_id": 1, "name": "Teapot", "quantity": 3, "price": "24.00", "stock_value": "72.00"}

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def course_app() -> Iterator[Any]:
    """The module `course_app.main` of the repository, imported from its source."""
    finders, bytecode = list(sys.meta_path), sys.dont_write_bytecode
    before = loader.purge()
    loader.install(ROOT)
    yield importlib.import_module("course_app.main")
    loader.purge()
    sys.modules.update(before)
    sys.meta_path[:], sys.dont_write_bytecode = finders, bytecode


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait in a test that need not let anybody else go on."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(0.05)


class Redis:
    """A redis-server that can be stopped and started again, and forgets nothing meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--appendonly", "yes"]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        wait_for(self._answers, "redis-server")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    yield server
    server.stop()


IMPATIENT = """from course_app.tasks.worker import app

options = {"visibility_timeout": 2, "unacked_restore_interval": 0.5}
app.conf.broker_transport_options = app.conf.broker_transport_options | options
"""


class Worker:
    """`celery -A MODULE worker`, in the folder that holds course_app."""

    def __init__(self, module: str, log: Path, environment: dict[str, str]) -> None:
        self.log = log
        self.log.touch()
        self.seen = log.stat().st_size
        command = [str(Path(sys.executable).parent / "celery"), "-A", module, "worker"]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--loglevel=INFO", "--concurrency=2"],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def has_said(self, text: str) -> bool:
        return text in self.log.read_text(errors="replace")[self.seen :]

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def stop(self) -> int:
        """End it as a deployment does: what it has begun is done first."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "app.sqlite3"


@pytest.fixture
def start_worker(tmp_path: Path, redis: Redis, database: Path) -> Iterator[Callable[..., Worker]]:
    """Start the course's worker process, or one of another module in the test's folder."""
    environment = {
        "ENVIRONMENT": "test",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{redis.port}/1",
        "DATABASE_URL": f"sqlite+aiosqlite:///{database.as_posix()}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "C_FORCE_ROOT": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(tmp_path),
    }
    workers: list[Worker] = []

    def start(module: str = "course_app.tasks.worker") -> Worker:
        workers.append(Worker(module, tmp_path / "worker.log", environment))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
async def http(anyio_backend: str, course_app: Any, redis: Redis, database: Path) -> AsyncIterator[AsyncClient]:
    """A manager of an app that has this broker, and one item."""
    settings = course_app.Settings(
        ENVIRONMENT="test",
        DATABASE_URL=f"sqlite+aiosqlite:///{database.as_posix()}",
        CELERY_BROKER_URL=f"redis://127.0.0.1:{redis.port}/1",
        FIRST_ADMIN_EMAIL=FIRST_ADMIN[0],
        FIRST_ADMIN_PASSWORD=FIRST_ADMIN[1],
        RATE_LIMIT_PER_MINUTE=0,
    )
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


async def test_jobs_wait_for_a_worker_and_outlive_it(http: AsyncClient, start_worker: Callable[..., Worker]) -> None:
    waiting = [await ask(http, data_id) for data_id in (1, 999, 1)]
    await asyncio.sleep(0.5)
    assert [(await status(http, asked))["status"] for asked in waiting] == ["pending"] * 3
    worker = start_worker()
    ends = [await end_of(http, asked) for asked in waiting]
    assert [job["status"] for job in ends] == ["succeeded", "failed", "succeeded"]
    assert (ends[0]["result"], ends[1]["error"]) == (REPORT, "There is no item with this id.")
    assert worker.stop() == 0
    waiting = [await ask(http) for _ in range(20)]
    start_worker()
    for asked in waiting:
        assert (await end_of(http, asked))["result"] == REPORT


async def test_a_worker_process_that_is_killed_in_the_middle_of_a_job_loses_nothing(
    http: AsyncClient, start_worker: Callable[..., Worker], database: Path
) -> None:
    asked = await ask(http)
    with closing(sqlite3.connect(database, isolation_level=None)) as locked:
        locked.execute("BEGIN IMMEDIATE")  # the job cannot say that it has started
        worker = start_worker()
        wait_for(lambda: worker.has_said("] received"), "the worker takes the job")
        await asyncio.sleep(0.5)
        for child in worker.children():
            child.kill()
        wait_for(lambda: worker.has_said("WorkerLostError"), "the worker sees that its process died")
        assert (await status(http, asked))["status"] == "pending"
        locked.execute("ROLLBACK")
    assert (await end_of(http, asked))["result"] == REPORT


async def test_a_machine_that_is_gone_loses_nothing_either(
    http: AsyncClient, start_worker: Callable[..., Worker], database: Path, tmp_path: Path
) -> None:
    """A message that nobody has acknowledged for the visibility timeout (here two seconds) is handed out again."""
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    asked = await ask(http)
    with closing(sqlite3.connect(database, isolation_level=None)) as locked:
        locked.execute("BEGIN IMMEDIATE")
        worker = start_worker("impatient")
        wait_for(lambda: worker.has_said("] received"), "the worker takes the job")
        worker.kill()
        locked.execute("ROLLBACK")
    start_worker("impatient")
    assert (await end_of(http, asked))["result"] == REPORT


async def test_a_broker_that_comes_back_is_used_at_once(
    http: AsyncClient, start_worker: Callable[..., Worker], redis: Redis
) -> None:
    start_worker()
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
    command = [str(Path(sys.executable).parent / "celery"), "-A", "course_app.tasks.worker", "worker"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "A worker process needs CELERY_BROKER_URL and DATABASE_URL." in done.stderr
