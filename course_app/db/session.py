"""The connections to the database, and units of work on them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import ExceptionContext, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from course_app.db import sqlite

Sessions = async_sessionmaker[AsyncSession]

_POSTGRESQL = {
    "pool_size": 10,
    "max_overflow": 10,
    "pool_pre_ping": True,
    "connect_args": {"timeout": 3, "server_settings": {"lock_timeout": "10s", "statement_timeout": "10s"}},
}


def _tells_no_values(record: logging.LogRecord) -> bool:
    """At DEBUG the libraries write down every value that goes in and every row that comes out, password hashes too."""
    return record.levelno > logging.DEBUG


def _forget_the_row(context: ExceptionContext) -> None:
    """PostgreSQL quotes the refused row in its error (DETAIL), password hash included, and a traceback shows it."""
    error: Any = context.original_exception
    while error is not None:
        if getattr(error, "detail", None):
            error.detail = None
        error = error.__cause__


def new_engine(url: str) -> AsyncEngine:
    """Return an engine whose errors and log lines tell no values. It waits 30 seconds for a free connection."""
    for logger in ("aiosqlite", "sqlalchemy.engine.Engine"):
        logging.getLogger(logger).addFilter(_tells_no_values)
    database = make_url(url)
    if database.get_backend_name() != "sqlite":
        engine = create_async_engine(url, hide_parameters=True, **_POSTGRESQL)
        event.listen(engine.sync_engine, "handle_error", _forget_the_row)
        return engine
    in_memory = database.database in (None, "", ":memory:")
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if in_memory else 5,
        max_overflow=0,
        connect_args={"isolation_level": None, "timeout": sqlite.BUSY_SECONDS},
    )
    sqlite.behave(engine)
    return engine


@asynccontextmanager
async def open_engine(url: str | None) -> AsyncIterator[AsyncEngine]:
    """Yield an engine for `url`, or for a SQLite file that is deleted at the end when there is none."""
    with TemporaryDirectory(prefix="course_app_") as folder:
        engine = new_engine(url or f"sqlite+aiosqlite:///{folder}/course_app.db")
        try:
            yield engine
        finally:
            await engine.dispose()


def new_sessions(engine: AsyncEngine) -> Sessions:
    """Return what makes sessions on this engine. A row that is read again is as it is in the database then."""
    options: dict[str, Any] = {"populate_existing": True}
    return async_sessionmaker(engine, expire_on_commit=False, execution_options=options)


async def ping(engine: AsyncEngine) -> None:
    """Ask the database for nothing in particular. Raise when it does not answer."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
