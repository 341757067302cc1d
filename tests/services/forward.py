"""A served application that looks like one in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NoReturn

import h11
import pytest

Message = MutableMapping[str, Any]


class Served:
    """An ASGI application that sends every request on to a server, byte for byte, and its answer back."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

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
        pytest.skip(f"asks for app.{name}, which a server does not show: it runs without COURSE_SERVED")


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
