"""The application under a server, which looks to the tests of tests/course_app like one in this process.

A plugin of pytest. `COURSE_SERVED=host:port`, and where its data is: `COURSE_POSTGRESQL`, the URL of its database, and
`COURSE_REDIS`. Tests that make an application of their own, turn its clock or look into it are left out; their names
go to the file `COURSE_LEFT_OUT`. Without `COURSE_SERVED` the tests that this file names are run, and no others.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
import h11
import pytest
from redis.asyncio import Redis

Message = MutableMapping[str, Any]

OWN_PROCESS = {"clock", "course_app", "new_settings"}
SERVED = "COURSE_SERVED" in os.environ
LEFT_OUT = Path(os.environ["COURSE_LEFT_OUT"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a served application cannot be asked, or else ask what was left out."""
    known = set() if SERVED else set(LEFT_OUT.read_text().splitlines())
    chosen, others = [], []
    for item in items:
        is_chosen = not _needs_own_process(item) if SERVED else item.nodeid in known
        (chosen if is_chosen else others).append(item)
    if SERVED:
        LEFT_OUT.write_text("".join(f"{item.nodeid}\n" for item in others))
    config.hook.pytest_deselected(items=others)
    items[:] = chosen


def _needs_own_process(item: pytest.Item) -> bool:
    uses_own = OWN_PROCESS & set(getattr(item, "fixturenames", ()))
    return bool(uses_own) or item.get_closest_marker("own_process") is not None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down what turned out to look into the application."""
    if SERVED and report.skipped:
        with LEFT_OUT.open("a") as names:
            names.write(f"{report.nodeid}\n")


@pytest.fixture
def served() -> Served:
    """The application that the environment names."""
    return Served(os.environ["COURSE_SERVED"], os.environ["COURSE_POSTGRESQL"], os.environ["COURSE_REDIS"])


class Served:
    """An ASGI application that sends every request on to a server, byte for byte, and its answer back."""

    def __init__(self, address: str, database: str, redis: str) -> None:
        host, port = address.split(":")
        self._address = host, int(port)
        self._database, self._redis = database, redis

    async def empty(self) -> None:
        """Leave nothing in the stores but the first admin, as after the first start."""
        connection = await asyncpg.connect(self._database)
        await connection.execute("CREATE TABLE IF NOT EXISTS first_admin AS SELECT * FROM users")
        await connection.execute("TRUNCATE users, items, revocations, jobs RESTART IDENTITY")
        await connection.execute("INSERT INTO users SELECT * FROM first_admin")
        await connection.execute("SELECT setval(pg_get_serial_sequence('users', 'id'), 1)")
        await connection.close()
        async with Redis.from_url(self._redis) as redis:
            await redis.flushall()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Ask the server. The proxy that it trusts is ourselves: it learns the scheme from us."""
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            writer.write(_head(scope) + await _body(receive))
            await writer.drain()
            connection = _listening(scope["method"])
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Response):
                    headers = [(name, value) for name, value in event.headers if name not in _BY_THE_SERVER]
                    await send({"type": "http.response.start", "status": event.status_code, "headers": headers})
                elif isinstance(event, h11.Data):
                    await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
                else:
                    await send({"type": "http.response.body", "body": b""})
                    return
        finally:
            writer.close()

    def __getattr__(self, name: str) -> NoReturn:
        """A test that looks into the application runs where the application is in its own process."""
        pytest.skip(f"asks for app.{name}, which a server does not show")


_BY_THE_SERVER = (b"date", b"server", b"connection", b"transfer-encoding")


def _head(scope: Message) -> bytes:
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"connection"]
    headers += [(b"connection", b"close"), (b"x-forwarded-proto", scope["scheme"].encode())]
    lines = [scope["method"].encode() + b" " + target + b" HTTP/1.1"]
    return b"\r\n".join([*lines, *(name + b": " + value for name, value in headers), b"", b""])


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    """What the request holds, all of it: its headers have said how long that is."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _listening(method: str) -> h11.Connection:
    """A connection on which this request has been sent."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "course.test"), ("Connection", "close")]))
    connection.send(h11.EndOfMessage())
    return connection
