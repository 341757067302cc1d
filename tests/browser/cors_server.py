"""Servers for pages and for what they fetch, and what reached them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from cors_cases import PAGE, Answer, Case

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

EMPTY_PAGE = "/page"
START_SECONDS = 30
NOTED = (
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "content-type",
    "authorization",
    "cookie",
)


class Scripted:
    """Answers the requests of case number n, at the path `/n`, as the case says."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = cases
        self.page = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        case = self.cases[int(scope["path"].strip("/"))]
        asked = any(name == b"access-control-request-method" for name, _ in scope["headers"])
        await respond(send, case.preflight if asked else case.answer, self.page)


class Recorder:
    """Notes what reaches an app, and serves an empty page beside it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.noted: list[tuple[str, ...]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] in (EMPTY_PAGE, "/favicon.ico"):
            await respond(send, Answer(200, (("Content-Type", "text/html"),)), "")
            return
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.noted.append((scope["method"], *(f"{name}: {headers[name]}" for name in NOTED if name in headers)))
        await self.app(scope, receive, send)

    def take(self) -> list[tuple[str, ...]]:
        """What was noted since the last call."""
        noted, self.noted = self.noted, []
        return noted


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An app without anything, for a server of pages."""


def respond_with(status: int) -> ASGIApp:
    """An app that answers everything with this status, without a body and without a word about CORS."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await respond(send, Answer(status), "")

    return app


async def respond(send: Send, answer: Answer, page: str) -> None:
    """Send an answer with an empty body. `page` is put where the answer names the page's origin."""
    headers = [(name.lower().encode(), value.replace(PAGE, page).encode()) for name, value in answer.headers]
    headers += [] if answer.status == 204 else [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """uvicorn on a free port, with these options; yields the origin."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    quiet: dict[str, Any] = {"log_level": "critical", "access_log": False, "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, **quiet, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        scheme = "https" if "ssl_certfile" in options else "http"
        yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listening.close()
