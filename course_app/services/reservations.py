"""Taking pieces out of stock for somebody."""

from course_app.core.clock import Clock
from course_app.core.errors import Conflict, NotFound
from course_app.db.models import Item
from course_app.db.repositories import ItemRepository, Stock


class ReservationService:
    """The reservations of one store."""

    def __init__(self, items: ItemRepository, stock: Stock, clock: Clock) -> None:
        self._items = items
        self._stock = stock
        self._clock = clock

    async def reserve(self, item_id: int, quantity: int) -> Item:
        """Take `quantity` pieces, all or none. Raise `NotFound`, or `Conflict` if there are fewer."""
        item = await self._stock.take(item_id, quantity, self._clock())
        if item is not None:
            return item
        if await self._items.get(item_id) is None:
            raise NotFound("There is no such item.")
        raise Conflict("There are not as many pieces in stock.")
