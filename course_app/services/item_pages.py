"""Pages of items, out of the cache where that is as good as the database."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from pydantic import TypeAdapter

from course_app.core.cache import Cache
from course_app.core.cache_keys import Scalar
from course_app.core.cached import cached, public
from course_app.core.single_flight import SingleFlight
from course_app.core.sorting import Order
from course_app.schemas.items import ItemFilter, ItemRead
from course_app.schemas.pagination import PageParams
from course_app.schemas.responses import Page

PAGES = TypeAdapter(Page[ItemRead])
LIFETIME = timedelta(minutes=1)


class ItemSource(Protocol):
    """Where the items are."""

    async def revision(self) -> str:
        """A text that is another one after every change of an item, and that no two states ever share."""
        ...

    async def load(self, page: PageParams, order: Order, wanted: ItemFilter) -> Page[ItemRead]:
        """One page as it is now."""
        ...


class ItemPages:
    """The pages of one application."""

    def __init__(self, source: ItemSource, cache: Cache) -> None:
        self._source = source
        self._flights = SingleFlight()
        self._kept = cached(cache, PAGES, lifetime=LIFETIME, arguments=self._arguments, user=public)(self._load)

    async def page(self, page: PageParams, order: Order, wanted: ItemFilter) -> Page[ItemRead]:
        """The wanted page. It contains every change that was answered before this call began."""
        question = (await self._source.revision(), page, order, wanted)
        return await self._flights.run(question, lambda: self._kept(*question))

    @staticmethod
    def _arguments(revision: str, page: PageParams, order: Order, wanted: ItemFilter) -> Mapping[str, Scalar]:
        return {**vars(page), **vars(order), **vars(wanted), "revision": revision}

    async def _load(self, _: str, page: PageParams, order: Order, wanted: ItemFilter) -> Page[ItemRead]:
        return await self._source.load(page, order, wanted)
