"""The items in the database."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, delete, false, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.core.sorting import Order
from course_app.db.locks import for_update, kept
from course_app.db.models import Item
from course_app.db.repositories import StaleVersion
from course_app.db.rows import ItemRow, UserRow, as_plain

_LONGEST_FOLDED = 300
"""Case folding makes three characters of one at most, and a name has 100."""


class SqlItems:
    """The `ItemRepository` of one unit of work: it writes, and whoever opened the session commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _one(self, statement: Any) -> Item | None:
        row = await self._session.scalar(statement)
        return None if row is None else as_plain(row, Item)

    async def get(self, item_id: int) -> Item | None:
        return await self._one(select(ItemRow).where(ItemRow.id == item_id))

    async def add(self, *, name: str, owner_id: int | None, created_at: datetime, **values: Any) -> Item:
        owner = kept(select(UserRow.id).where(UserRow.id == owner_id))  # it may be deleted since the request began
        row = ItemRow(
            name=name,
            name_folded=name.casefold(),
            owner_id=None if owner_id is None else await self._session.scalar(owner),
            created_at=created_at,
            updated_at=created_at,
            **values,
        )
        self._session.add(row)
        await self._session.flush()
        return as_plain(row, Item)

    async def update(self, item_id: int, *, expected: Collection[int] | None = None, **changes: Any) -> Item | None:
        await self._expect(item_id, expected)
        if "name" in changes:
            changes["name_folded"] = changes["name"].casefold()
        changed = update(ItemRow).where(ItemRow.id == item_id).values(version=ItemRow.version + 1, **changes)
        return await self._one(changed.returning(ItemRow))

    async def delete(self, item_id: int, expected: Collection[int] | None = None) -> bool:
        await self._expect(item_id, expected)
        gone = await self._session.scalar(delete(ItemRow).where(ItemRow.id == item_id).returning(ItemRow.id))
        return gone is not None

    async def _expect(self, item_id: int, versions: Collection[int] | None) -> None:
        """Raise `StaleVersion` unless the item has one of these versions. It then keeps it until we are done."""
        if versions is None:
            return
        now = await self._session.scalar(for_update(select(ItemRow.version).where(ItemRow.id == item_id)))
        if now is not None and now not in versions:
            raise StaleVersion

    async def page(
        self,
        *,
        skip: int,
        limit: int,
        sort: Order,
        q: str | None = None,
        min_price: Decimal | None = None,
        max_price: Decimal | None = None,
    ) -> tuple[list[Item], int]:
        wanted = _wanted(q, min_price, max_price)
        column = getattr(ItemRow, sort.field)
        order = column.desc() if sort.descending else column
        rows = select(ItemRow).where(*wanted).order_by(order, ItemRow.id).offset(skip).limit(limit)
        total = await self._session.scalar(select(func.count()).select_from(ItemRow).where(*wanted))
        return [as_plain(row, Item) for row in await self._session.scalars(rows)], total or 0


def _wanted(q: str | None, min_price: Decimal | None, max_price: Decimal | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if q:
        needle = q.casefold()
        found = ItemRow.name_folded.contains(needle, autoescape=True)
        conditions.append(found if len(needle) <= _LONGEST_FOLDED else false())
    if min_price is not None:
        conditions.append(ItemRow.price >= min_price)
    if max_price is not None:
        conditions.append(ItemRow.price <= max_price)
    return conditions
