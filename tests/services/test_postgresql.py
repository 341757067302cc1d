"""The app on a real PostgreSQL: the tests of the contract, chapter 09's notebook, a server that is restarted."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coursekit import loader
from coursekit.check_client import client_for

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOK = "09_database.ipynb"


def program(name: str) -> str:
    """Where a program of PostgreSQL is; Debian keeps them out of the PATH."""
    found = shutil.which(name) or max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    assert found, f"There is no {name}: install PostgreSQL (on Debian: apt-get install postgresql)."
    return found


class Server:
    """A PostgreSQL of its own on a free port, with nothing in it. It refuses to run as root: then it is `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        if self.user:
            shutil.chown(folder, self.user)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run("initdb", "-D", str(folder / "data"), *options)

    def run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [program(name), *arguments], user=self.user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()

    def control(self, action: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-o", options, "-l", log, "-w", action)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def new_database(self, name: str) -> str:
        """The URL of an empty database, as `DATABASE_URL` wants it."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path("/tmp", f"course-postgresql-{os.getpid()}")
    folder.mkdir()
    try:
        made = Server(folder)
        made.control("start")
        yield made
        made.control("stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_pytest(*arguments: str, **environment: str) -> None:
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.mark.timeout(1800)
def test_the_contract(server: Server) -> None:
    run_pytest("tests/course_app", "-n", "2", "--dist", "worksteal", COURSE_POSTGRESQL=server.url)


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_the_notebook_says_the_same(server: Server, folder: str) -> None:
    run_pytest("--nbval", f"{folder}/{NOTEBOOK}", DATABASE_URL=server.new_database(f"for_{folder}"))


@pytest.fixture
def course_app() -> Iterator[Any]:
    """The module `course_app.main` of the repository."""
    finders, before = list(sys.meta_path), loader.purge()
    loader.install(ROOT)
    yield importlib.import_module("course_app.main")
    loader.purge()
    sys.modules.update(before)
    sys.meta_path[:] = finders


async def test_the_app_goes_on_after_a_restart_of_the_server(server: Server, course_app: Any) -> None:
    settings = course_app.Settings(
        ENVIRONMENT="test",
        SECRET_KEY="x" * 64,
        DATABASE_URL=server.new_database("restarted"),
        RATE_LIMIT_PER_MINUTE=0,
    )
    app = course_app.create_app(settings)
    async with app.router.lifespan_context(app), client_for(app) as client:
        answers = await asyncio.gather(*(client.get("/api/v1/items") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        server.control("stop")
        down = await client.get("/api/v1/items")
        assert down.status_code == 500
        assert down.json()["success"] is False
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["down"]) == (503, ["database"])
        server.control("start")
        started = time.monotonic()
        answers = await asyncio.gather(*(client.get("/api/v1/items") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await client.get("/health/ready")).status_code == 200
        assert time.monotonic() - started < 5
