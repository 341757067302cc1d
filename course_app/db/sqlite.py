"""SQLite as a server would behave: foreign keys count, readers do not wait, writers queue."""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

BUSY_SECONDS = 30.0
"""How long a writer waits for the one before it."""

_READS = ("SELECT", "PRAGMA", "EXPLAIN")


def _set_up(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    for _attempt in range(100):  # SQLite itself does not wait for another process that switches at this moment
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        await_only(asyncio.sleep(0.02))
    cursor.close()


def _begin_to_write(connection: Any, cursor: Any, statement: str, _: object, context: Any, __: object) -> None:
    """Take the one write lock there is with the first statement that writes, before it has read anything."""
    if statement.lstrip().upper().startswith(_READS) and not context.execution_options.get("locking"):
        return
    if not connection.connection.driver_connection.in_transaction:
        cursor.execute("BEGIN IMMEDIATE")


def behave(engine: AsyncEngine) -> None:
    """Make every connection of an engine follow the rules above."""
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "before_cursor_execute", _begin_to_write)
