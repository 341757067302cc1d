"""The FastAPI object, before anything is mounted on it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from course_app.core.clock import Clock
from course_app.core.config import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def new_application(settings: Settings, *, clock: Clock, lifespan: Lifespan) -> FastAPI:
    """Return a new application that carries its own settings and clock in `app.state`."""
    app = FastAPI(title="Course app", version="1.0.0", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.settings = settings
    app.state.clock = clock
    return app
