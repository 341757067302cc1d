"""What can be done with items."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from course_app.core.clock import Clock
from course_app.core.errors import NotFound, PreconditionFailed
from course_app.core.sorting import Order
from course_app.db.models import Item
from course_app.db.repositories import ItemRepository, StaleVersion
from course_app.schemas.items import ItemFilter, ItemWrite
from course_app.schemas.pagination import PageParams
from course_app.services.changes import replacement


class ItemService:
    """The items of one store. Every method that takes an id raises `NotFound` if no item has it.

    Those that take `expected` raise `PreconditionFailed` if the item's version is not among these.
    """

    def __init__(self, items: ItemRepository, clock: Clock) -> None:
        self._items = items
        self._clock = clock

    async def create(self, body: ItemWrite, owner_id: int | None = None) -> Item:
        """Store a new item."""
        return await self._items.add(**replacement(body), owner_id=owner_id, created_at=self._clock())

    async def page(self, page: PageParams, order: Order, wanted: ItemFilter) -> tuple[list[Item], int]:
        """One page of the wanted items, and how many there are on all pages."""
        return await self._items.page(
            skip=page.skip,
            limit=page.limit,
            sort=order,
            q=wanted.q,
            min_price=wanted.min_price,
            max_price=wanted.max_price,
        )

    async def everything(self) -> list[Item]:
        """All items, by id."""
        items, _ = await self._items.page(skip=0, limit=2**63 - 1, sort=Order())
        return items

    async def get(self, item_id: int) -> Item:
        """The item with this id."""
        return _found(await self._items.get(item_id))

    async def replace(self, item_id: int, body: ItemWrite, expected: Collection[int] | None = None) -> Item:
        """Give the item everything the body says, and return it as it is then."""
        changes = replacement(body) | {"updated_at": self._clock()}
        with _stale_is_refused():
            return _found(await self._items.update(item_id, expected=expected, **changes))

    async def delete(self, item_id: int, expected: Collection[int] | None = None) -> None:
        """Remove the item for good."""
        with _stale_is_refused():
            if not await self._items.delete(item_id, expected):
                raise NotFound("There is no such item.")


@contextmanager
def _stale_is_refused() -> Iterator[None]:
    try:
        yield
    except StaleVersion:
        raise PreconditionFailed("The item has changed since you read it.") from None


def _found(item: Item | None) -> Item:
    if item is None:
        raise NotFound("There is no such item.")
    return item
