"""PostgreSQL, Redis, uvicorn and a Celery worker as processes of the tests: free ports, data in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
FIRST_ADMIN = ("admin@example.com", "First-Admin-Password-1")
SECRET_KEY = "the secret of the tests of the services: 64 characters of text.."
SETTINGS = {
    "ENVIRONMENT": "test",
    "SECRET_KEY": SECRET_KEY,
    "FIRST_ADMIN_EMAIL": FIRST_ADMIN[0],
    "FIRST_ADMIN_PASSWORD": FIRST_ADMIN[1],
    "RATE_LIMIT_PER_MINUTE": "0",
    "TRUSTED_PROXIES": "127.0.0.1",
}
"""The client is the proxy that the app trusts: it says which scheme it was asked by."""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server((LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
        return port


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait in a test that need not let anybody else go on."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def program(name: str) -> str:
    """Where a program is; Debian keeps those of PostgreSQL out of the PATH."""
    debian = max(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None)
    beside_python = Path(sys.executable).parent / name
    found = debian or (str(beside_python) if beside_python.exists() else shutil.which(name))
    assert found, f"There is no {name}: on Debian, apt-get install postgresql redis-server."
    return found


class PostgreSQL:
    """A server with nothing in it. PostgreSQL refuses to run as root: then it is the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else None
        self.port = free_port()
        if self.user:
            shutil.chown(folder, self.user)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run("initdb", "-D", str(folder / "data"), *options)
        self.start()

    def run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs to its end."""
        done = subprocess.run(
            [program(name), *arguments], user=self.user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert done.returncode == 0, done.stderr.decode()

    def _control(self, action: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses={LOOPBACK} -c max_connections=300 -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-o", options, "-l", log, "-w", action)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._control("start")

    def stop(self) -> None:
        """Stop it at once; whoever is connected loses the connection."""
        self._control("stop")

    @property
    def url(self) -> str:
        """The server, without a database."""
        return f"postgresql://postgres@{LOOPBACK}:{self.port}"

    def new_database(self, name: str) -> str:
        """Make an empty database: its URL, as `DATABASE_URL` wants it."""
        self.run("createdb", "-h", LOOPBACK, "-p", str(self.port), "-U", "postgres", name)
        return f"{self.url.replace('postgresql', 'postgresql+asyncpg', 1)}/{name}"


class Redis:
    """A redis-server that keeps its data over a stop."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", LOOPBACK, "--dir", str(self.folder), "--appendonly", "yes"]
        self.process = subprocess.Popen([program("redis-server"), *options], stdout=subprocess.DEVNULL)
        wait_for(lambda: listens(self.port), "redis-server")

    def stop(self) -> None:
        """End it, its data written to disk."""
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)

    def url(self, number: int = 0) -> str:
        """One of its databases."""
        return f"redis://{LOOPBACK}:{self.port}/{number}"


class _Started:
    """A program in the folder that holds course_app, with a log file of its own."""

    def __init__(self, log: Path, environment: Mapping[str, str], *command: str) -> None:
        self.log = log
        self.log.touch()
        self._begin = log.stat().st_size
        settings = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore", "C_FORCE_ROOT": "1"}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [program(command[0]), *command[1:]],
                cwd=ROOT,
                env=os.environ | settings | dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """What it has written since it was started."""
        return self.log.read_bytes()[self._begin :].decode(errors="replace")

    def children(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.process.pid).children()

    def stop(self) -> int:
        """End it as a deployment does: what it has begun is done first."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """End it and its processes in the middle of what they do."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Uvicorn(_Started):
    """The app under uvicorn, as `course serve` starts it, with as many workers as are asked for."""

    def __init__(
        self, log: Path, environment: Mapping[str, str], workers: int, app: str = "course_app.main:app"
    ) -> None:
        self.port = free_port()
        options = ["--host", LOOPBACK, "--port", str(self.port), "--no-proxy-headers", "--no-access-log"]
        super().__init__(log, environment, "uvicorn", app, *options, "--workers", str(workers))
        wait_for(self._is_up, f"uvicorn ({log})")
        wait_for(
            lambda: self.said().count("Application startup complete") >= workers, f"the workers of uvicorn ({log})"
        )

    def _is_up(self) -> bool:
        assert self.process.poll() is None, self.said()[-4000:]
        return listens(self.port)


class CeleryWorker(_Started):
    """The worker process that the course documents, or one of another module."""

    def __init__(self, log: Path, environment: Mapping[str, str], module: str = "course_app.tasks.worker") -> None:
        options = ["--loglevel=INFO", "--concurrency=2"]
        super().__init__(log, environment, "celery", "-A", module, "worker", *options)

    def is_ready(self) -> bool:
        """Whether it waits for jobs."""
        return " ready." in self.said()


Serve = Callable[..., Uvicorn]
StartWorker = Callable[..., CeleryWorker]
