"""Waiting for others, in every process of the application."""

from typing import TypeVarTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

Columns = TypeVarTuple("Columns")

_NUMBER = 20_260_101
"""The name of the application's lock on PostgreSQL, where such locks have numbers."""


def for_update(query: Select[*Columns]) -> Select[*Columns]:
    """Return the query with a lock on the rows it finds: nobody else changes them until the transaction has ended.

    On SQLite nobody else changes anything until then.
    """
    return query.with_for_update().execution_options(locking=True)


def kept(query: Select[*Columns]) -> Select[*Columns]:
    """Return the query with the weakest lock: others may read and change the rows it finds, and not delete them."""
    return query.with_for_update(read=True, key_share=True).execution_options(locking=True)


async def alone(connection: AsyncConnection) -> None:
    """Wait for every transaction that called this before; later ones wait until this one has ended."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_NUMBER)))
    else:
        await connection.execute(select(1).execution_options(locking=True))
