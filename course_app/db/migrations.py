"""Bringing the database's tables up to date."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from course_app.db.locks import alone

SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations that this database has not had, all or none. Of several processes one does it."""
    async with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # a large table takes its time, and the others have to wait for it
            await connection.execute(text("SET LOCAL lock_timeout = 0"))
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await alone(connection)
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # takes half a second to import
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", SCRIPTS.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
