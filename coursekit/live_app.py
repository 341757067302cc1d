"""An ASGI app that is always the latest build of the learner's app, and the HTTP client on it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx

from coursekit import loader
from coursekit.errors import CourseError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

BASE_URL = "https://course.test"

CARRIED_OVER = ("memory", "fake_redis", "embedded_worker")
"""What of `app.state` goes from one build to the next, so that accounts, tokens and a worker outlive a save."""


@dataclass(frozen=True)
class Fault:
    """An exception, told from the learner's own code: `KeyError: 'sub' in course_app/core/tokens.py, line 12`.

    Without a `kind`, `text` is a whole sentence.
    """

    kind: str
    text: str
    place: str | None

    def __str__(self) -> str:
        if not self.kind:
            return self.text
        said = f"{self.kind}: {self.text}" if self.text else self.kind
        return f"{said} in {self.place}" if self.place else said


def fault_of(error: BaseException, folder: Path) -> Fault:
    """Tell where below `folder` the error was raised last."""
    if isinstance(error, SyntaxError) and error.filename:
        return Fault("SyntaxError", error.msg, f"{_relative(error.filename, folder)}, line {error.lineno}")
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(folder)
    ]
    place = f"{_relative(frames[-1].filename, folder)}, line {frames[-1].lineno}" if frames else None
    text = str(error).partition("\n")[0]
    return Fault(type(error).__name__, text.replace(str(folder) + "/", ""), place)


def _relative(filename: str, folder: Path) -> str:
    path = Path(filename)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


@dataclass(frozen=True)
class Running:
    """A build: the application, and the task that holds its lifespan open until `stop` is set."""

    application: Any
    stop: asyncio.Event
    task: asyncio.Task[None]


class LiveApp:
    """Forwards each request to the latest build. A build that fails leaves the last one that worked running.

    A build is imported at once and started at its first request. So nothing has to wait inside a magic, where a nested
    event loop would begin the next queued cell in the middle of this one.

    `vet` says why the files must not be imported into this process, where they must not.
    """

    def __init__(self, folder: Path, clock: Callable[[], Any], vet: Callable[[], str | None] = lambda: None) -> None:
        self.folder = folder
        self.clock = clock
        self.vet = vet
        self.fault: Fault | None = None
        self.last_error: Fault | None = None
        self._next: Any = None
        self._running: Running | None = None
        self._running_modules: dict[str, ModuleType] = {}
        self._starting = asyncio.Lock()
        self._built_from: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def application(self) -> Any:
        """The FastAPI object that answers the next request, or None."""
        if self._next is not None:
            return self._next
        return self._running.application if self._running else None

    async def reload(self) -> Fault | None:
        """Build and start the app. Return what went wrong; the last good build then goes on."""
        return self.build() or await self.start()

    def build(self) -> Fault | None:
        """Build the app from its files as they are now. Return what went wrong; the last good build then goes on.

        Where only files have changed that nothing has imported yet, the last build is as good as a new one.
        """
        loader.install(self.folder)
        has_main = (self.folder / "course_app" / "main.py").is_file()
        if has_main:
            loader.make_packages(self.folder)
        built_from, self._built_from = self._built_from, self._files()
        changed = {path for path, *_ in built_from ^ self._built_from}
        if changed and self.application and self.fault is None and not any(map(self._is_loaded, changed)):
            importlib.invalidate_caches()
            return None
        refused = self.vet() if has_main else None
        if refused is not None:
            self.fault = Fault("", refused, None)
            return self.fault
        before = loader.purge()
        if not has_main:
            return None
        if self._next is None:
            self._running_modules = before
        try:
            main = importlib.import_module("course_app.main")
            application = main.create_app(clock=self.clock)
            for name in CARRIED_OVER:
                if hasattr(getattr(self.application, "state", None), name) and hasattr(application.state, name):
                    setattr(application.state, name, getattr(self.application.state, name))
        except (Exception, SystemExit) as error:
            self._restore(before)
            self.fault = fault_of(error, self.folder)
            return self.fault
        except BaseException:
            self._restore(before)
            raise
        self._next, self.fault = application, None
        return None

    async def start(self) -> Fault | None:
        """Start the latest build, if it has not been started. Return what went wrong; the one before then goes on."""
        async with self._starting:
            if self._next is None:
                return None
            application, self._next = self._next, None
            try:
                started = await _start(application)
            except (Exception, SystemExit) as error:
                self._restore(self._running_modules)
                self.fault = fault_of(error, self.folder)
                return self.fault
            await self._stop()
            self._running = started
            return None

    def _is_loaded(self, path: str) -> bool:
        """Whether the last build has this file in it. Migrations are read from their folder when an app starts."""
        parts = Path(path).relative_to(self.folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        return name in sys.modules or name.startswith("course_app.migrations")

    def _restore(self, modules: dict[str, ModuleType]) -> None:
        """Go on with the modules of the last good build, where there is one."""
        loader.purge()
        if self.application is not None:
            sys.modules.update(modules)

    def _files(self) -> frozenset[tuple[str, int, int]]:
        found: set[tuple[str, int, int]] = set()
        for path in (self.folder / "course_app").rglob("*.py"):
            with contextlib.suppress(OSError):  # an editor's lock file, or a file deleted just now
                stat = path.stat()
                found.add((str(path), stat.st_mtime_ns, stat.st_size))
        return frozenset(found)

    async def close(self) -> None:
        """End the lifespan of the build that runs; one that was not started never will be."""
        self._next = None
        await self._stop()

    async def _stop(self) -> None:
        if self._running is not None:
            self._running.stop.set()
            with contextlib.suppress(Exception):
                await self._running.task
            self._running = None

    async def ensure_running(self) -> None:
        """Take in changed files. Raise `CourseError` when the latest build does not start, or none works."""
        if self._files() != self._built_from:
            self.build()
        fault = await self.start()
        if fault and self._running is not None:
            raise CourseError(f"Your app cannot be started: {fault}; the last version of it that worked goes on.")
        if self._running is None:
            why = f"it cannot be loaded: {self.fault}" if self.fault else "it has no course_app/main.py yet"
            raise CourseError(f"Your app cannot answer, because {why}.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an exception of the app is kept in `last_error`, its client sees the 500."""
        await self.ensure_running()
        assert self._running is not None
        self.last_error = None
        try:
            await self._running.application(scope, receive, send)
        except Exception as error:
            self.last_error = fault_of(error, self.folder)


async def _start(application: Any) -> Running:
    """Enter the application's lifespan in a task of its own, which also leaves it."""
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def own_lifespan() -> None:
        try:
            async with application.router.lifespan_context(application):
                started.set_result(None)
                await stop.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    task = asyncio.create_task(own_lifespan())
    await started
    return Running(application, stop, task)


class InProcessTransport(httpx.ASGITransport):
    """Sends requests to an app in this process; a response of 500 tells in its extensions which exception made it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer the request. Raise `CourseError` when there is no app that could."""
        if isinstance(self.app, LiveApp):
            await self.app.ensure_running()
        response = await super().handle_async_request(request)
        error = getattr(self.app, "last_error", None)
        if error is not None:
            response.extensions["raised"] = str(error)
        return response


class Recorded:
    """Any ASGI app, with the exception of its last request kept in `last_error`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.last_error: Fault | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.last_error = None
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            self.last_error = fault_of(error, Path("/nowhere"))


def client_for(app: Any, base_url: str = BASE_URL, **options: Any) -> httpx.AsyncClient:
    """Return an HTTP client on an ASGI app. Exceptions of the app become a 500, as under a server."""
    recording = app if hasattr(app, "last_error") else Recorded(app)
    transport = InProcessTransport(app=recording, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url, **options)
