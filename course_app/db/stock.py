"""Taking pieces out of stock."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.db.models import Item
from course_app.db.rows import ItemRow, as_plain


class SqlStock:
    """The `Stock` of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take(self, item_id: int, quantity: int, now: datetime) -> Item | None:
        """Take that many pieces: a new version of the item, or None if it has fewer or is not there."""
        enough = update(ItemRow).where(ItemRow.id == item_id, ItemRow.quantity >= quantity)
        changes = {
            "quantity": ItemRow.quantity - quantity,
            "version": ItemRow.version + 1,
            "updated_at": now,
        }
        row = await self._session.scalar(enough.values(changes).returning(ItemRow))
        return None if row is None else as_plain(row, Item)
