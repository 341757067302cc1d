"""SQLite as a server would behave: foreign keys count, readers do not wait, writers queue."""

import asyncio
import sqlite3
from time import monotonic
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

BUSY_SECONDS = 30.0
"""How long a writer waits for the one before it."""

_READS = ("SELECT", "PRAGMA", "EXPLAIN")
"""How a statement begins that writes nothing. One that begins with WITH may write, so it counts as a write."""


def _set_up(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    over = monotonic() + BUSY_SECONDS
    while True:  # SQLite itself does not wait for another process that switches at this moment
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if monotonic() > over:
                connection.close()
                raise
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
