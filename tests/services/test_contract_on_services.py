"""The tests of the application again: two workers of uvicorn, PostgreSQL, Redis, and jobs in a Celery worker."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from servers import FIRST_ADMIN, LOOPBACK, ROOT, SECRET_KEY, PostgreSQL, Redis, Serve, StartWorker, wait_for

from coursekit.sign_in import PASSWORD

SECRETS = {
    "a password hash": rb"\$argon2",
    "a token": rb"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}",
    "the secret key": re.escape(SECRET_KEY.encode()),
    "the first admin's password": re.escape(FIRST_ADMIN[1].encode()),
    "a password": re.escape(PASSWORD.encode()),
}
"""What no log and no cache may hold, as bytes that would be found there."""

ASK_NO_DATABASE = ("cors", "logging", "metrics", "middleware", "security")
"""Tests of one layer in its own process, which say nothing of a database."""


def run_pytest(*arguments: str, **environment: str) -> str:
    """Run tests in a process of their own, and return what pytest says."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


def passed(said: str) -> int:
    found = re.search(r"(\d+) passed", said)
    return int(found[1]) if found else 0


@pytest.mark.timeout(900)
def test_the_app(
    postgresql: PostgreSQL,
    postgresql_url: str,
    redis: Redis,
    serve: Serve,
    start_worker: StartWorker,
    tmp_path: Path,
) -> None:
    """Each test either asks the served app or, where it looks into one or turns its clock, one in its own process."""
    settings = {"DATABASE_URL": postgresql_url, "REDIS_URL": redis.url(), "CELERY_BROKER_URL": redis.url(1)}
    server = serve(**settings)
    worker = start_worker(**settings)
    wait_for(worker.is_ready, "the worker")
    left_out = tmp_path / "left-out.txt"
    said = run_pytest(
        *("-p", "served", "tests/course_app"),
        COURSE_SERVED=f"{LOOPBACK}:{server.port}",
        COURSE_POSTGRESQL=postgresql_url.replace("+asyncpg", ""),
        COURSE_REDIS=redis.url(),
        COURSE_LEFT_OUT=str(left_out),
    )
    assert passed(said) > 600, said[-2000:]
    assert server.process.poll() is None
    assert worker.process.poll() is None
    written = {path.name: path.read_bytes() for path in (tmp_path / "redis").rglob("*.aof")}
    written |= {path.name: path.read_bytes() for path in tmp_path.glob("*.log")}
    assert len(written) >= 3
    found = [
        f"{name}: {what}"
        for name, data in written.items()
        for what, secret in SECRETS.items()
        if re.search(secret, data)
    ]
    assert found == []
    assert b"Traceback" not in written["uvicorn.log"]
    said = run_pytest(
        *("-p", "served", "tests/course_app", "-n", "2", "--dist", "worksteal"),
        *(f"--ignore=tests/course_app/test_{name}.py" for name in ASK_NO_DATABASE),
        COURSE_POSTGRESQL=postgresql.url,
        COURSE_LEFT_OUT=str(left_out),
    )
    assert passed(said) > 150, said[-2000:]


def test_chapter_09_says_the_same(postgresql_url: str) -> None:
    run_pytest("--nbval", "solutions/09_database.ipynb", DATABASE_URL=postgresql_url)
