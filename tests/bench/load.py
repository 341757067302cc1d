"""`make load`: requests a second under uvicorn, beside the same routes with nothing around them, and where time goes.

One worker, eight connections that are kept open, SQLite and PostgreSQL, Redis for the app. The client is on the same
machine and takes its share, so the ratios tell more than the numbers.
"""

from __future__ import annotations

import asyncio
import cProfile
import importlib
import io
import json
import logging
import os
import pstats
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "services")]

from http_load import signed_in  # noqa: E402
from servers import LOOPBACK, SETTINGS, PostgreSQL, Redis, Uvicorn  # noqa: E402

from coursekit.check_client import client_for  # noqa: E402
from coursekit.sign_in import sign_in  # noqa: E402

CONNECTIONS = 8
SECONDS = 3.0
ITEMS = 50
TEAPOT = {"name": "Teapot", "description": "Porcelain", "price": "24.00", "quantity": 1_000_000}
BODY = b'{"quantity": 1}'
ROUTES = {
    "GET items": b"GET /api/v1/items HTTP/1.1",
    "GET me": b"GET /api/v1/users/me HTTP/1.1",
    "POST reserve": b"POST /api/v1/items/1/reserve HTTP/1.1",
}


def _request(line: bytes, bearer: str) -> bytes:
    body = BODY if line.startswith(b"POST") else b""
    headers = [b"Host: localhost", b"Authorization: " + bearer.encode(), b"Content-Length: %d" % len(body)]
    return b"\r\n".join([line, *headers, b"Content-Type: application/json", b"", body])


async def _rate(port: int, request: bytes) -> float:
    """Requests a second that were answered 200."""
    answered, end = 0, time.perf_counter() + SECONDS

    async def go_on() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert head.startswith(b"HTTP/1.1 200"), head
            assert length is not None
            await reader.readexactly(int(length[1]))
            answered += 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(go_on() for _ in range(CONNECTIONS)))
    return answered / (time.perf_counter() - begun)


async def _measure(settings: dict[str, str], folder: Path) -> dict[str, tuple[float, float]]:
    """For each route, the rate of the app and that of the bare one."""
    server = Uvicorn(folder / "app.log", settings, workers=1)
    try:
        admin = await signed_in(server, "admin")
        for _ in range(ITEMS):
            assert (await admin.post("/api/v1/items", json=TEAPOT)).status_code == 201
        bearer = admin.headers["authorization"]
        await admin.aclose()
        ours = {name: await _rate(server.port, _request(line, bearer)) for name, line in ROUTES.items()}
    finally:
        server.kill()
    bare = Uvicorn(folder / "bare.log", settings | {"PYTHONPATH": str(Path(__file__).parent)}, 1, "bare_app:app")
    try:
        theirs = {name: await _rate(bare.port, _request(line, bearer)) for name, line in ROUTES.items()}
    finally:
        bare.kill()
    return {name: (ours[name], theirs[name]) for name in ROUTES}


WAITING, REST = "waiting for PostgreSQL and Redis", "Python's own"
PARTS = {
    WAITING: (WAITING,),
    "the database's driver and SQLAlchemy": ("sqlalchemy", "aiosqlite", "asyncpg", "sqlite3"),
    "Redis' client": ("/redis/", "fakeredis", "lupa"),
    "middleware of the app": ("course_app/middleware",),
    "the rest of the app": ("course_app",),
    "FastAPI, Starlette, Pydantic": ("fastapi", "starlette", "pydantic"),
    "tokens": ("jose", "cryptography", "hmac", "hashlib"),
    "the log": ("structlog", "logging"),
}


async def _shares(url: str, redis_url: str) -> dict[str, Counter[str]]:
    """For each route, the time by part, of 400 requests to an app in this process."""
    sys.dont_write_bytecode = True
    course_app = importlib.import_module("course_app.main")
    logging.getLogger("course_app").setLevel(logging.CRITICAL)
    settings = course_app.Settings(
        **{**SETTINGS, "DATABASE_URL": url, "REDIS_URL": redis_url, "RATE_LIMIT_PER_MINUTE": 1_000_000}
    )
    app = course_app.create_app(settings)
    shares: dict[str, Counter[str]] = {}
    async with app.router.lifespan_context(app):
        login = (SETTINGS["FIRST_ADMIN_EMAIL"], SETTINGS["FIRST_ADMIN_PASSWORD"])
        admin = await sign_in(lambda: client_for(app), "admin", admin=login)
        for name, line in ROUTES.items():
            method, path, _ = line.decode().split()
            options = {"json": json.loads(BODY)} if method == "POST" else {}
            profile = cProfile.Profile()
            profile.enable()
            for _ in range(400):
                assert (await admin.request(method, path, **options)).status_code == 200
            profile.disable()
            shares[name] = Counter()
            for (file, _, function), (_, _, own, _, _) in pstats.Stats(profile, stream=io.StringIO()).stats.items():  # type: ignore[attr-defined]
                if "httpx" not in file and "check_client" not in file:
                    place = WAITING if "epoll" in function else file
                    part = next((part for part, names in PARTS.items() if any(n in place for n in names)), REST)
                    shares[name][part] += own
        await admin.aclose()
    return shares


async def main() -> None:
    """Print both tables."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="course-load-") as folder, tempfile.TemporaryDirectory() as data:
        postgresql, redis = PostgreSQL(Path(data)), Redis(Path(folder) / "redis")
        try:
            databases = {
                "SQLite": f"sqlite+aiosqlite:///{folder}/app.sqlite3",
                "PostgreSQL": postgresql.new_database("load"),
            }
            rates = Table("requests a second", "database", "the app", "bare", "bare / app", box=None, padding=(0, 2))
            for database, url in databases.items():
                settings = SETTINGS | {
                    "DATABASE_URL": url,
                    "REDIS_URL": redis.url(),
                    "RATE_LIMIT_PER_MINUTE": "1000000",
                }
                for name, (ours, bare) in (await _measure(settings, Path(folder))).items():
                    rates.add_row(name, database, f"{ours:.0f}", f"{bare:.0f}", f"{bare / ours:.1f}")
            console.print(rates)
            shares = await _shares(databases["PostgreSQL"], redis.url())
            table = Table("where the app's time goes (PostgreSQL)", *ROUTES, box=None, padding=(0, 2))
            for part in [*PARTS, REST]:
                table.add_row(part, *(f"{shares[name][part] / shares[name].total():.0%}" for name in ROUTES))
            console.print(table)
        finally:
            redis.stop()
            postgresql.stop()


if __name__ == "__main__":
    os.chdir(ROOT)
    asyncio.run(main())
