"""The connection to the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@asynccontextmanager
async def open_engine(url: str | None) -> AsyncIterator[AsyncEngine]:
    """Yield an engine for `url`, or for a SQLite file that is deleted at the end when there is none."""
    with TemporaryDirectory(prefix="course_app_") as folder:
        engine = create_async_engine(url or f"sqlite+aiosqlite:///{folder}/course_app.db")
        try:
            yield engine
        finally:
            await engine.dispose()


async def ping(engine: AsyncEngine) -> None:
    """Ask the database for nothing in particular. Raise when it does not answer."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
