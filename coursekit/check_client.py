"""The HTTP client of checks: requests go to an app in this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

BASE_URL = "https://course.test"

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Transport(httpx.ASGITransport):
    """Puts the exception that an app raised into the `exception` extension of its 500."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app, raise_app_exceptions=False)
        self._application = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        raised: list[Exception] = []

        async def recording(scope: _Scope, receive: _Receive, send: _Send) -> None:
            try:
                await self._application(scope, receive, send)
            except Exception as error:
                raised.append(error)
                raise

        transport = httpx.ASGITransport(app=recording, raise_app_exceptions=False)
        response = await transport.handle_async_request(request)
        if raised:
            response.extensions["exception"] = raised[0]
        return response


def client_for(app: Any, **options: Any) -> httpx.AsyncClient:
    """Return an HTTP client on any ASGI app. Exceptions of the app become a 500, as under a server.

    It runs no lifespan; `options` go to `httpx.AsyncClient`.
    """
    return httpx.AsyncClient(transport=_Transport(app), base_url=BASE_URL, trust_env=False, **options)
