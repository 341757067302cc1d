"""Pages of items as the database has them."""

from course_app.core.clock import Clock
from course_app.core.sorting import Order
from course_app.db.revisions import ITEMS, current_revision
from course_app.db.session import Sessions
from course_app.db.sql_items import SqlItems
from course_app.schemas.items import ItemFilter, ItemRead
from course_app.schemas.pagination import PageParams
from course_app.schemas.responses import Page
from course_app.services.items import ItemService


class SqlItemSource:
    """The `ItemSource` of a database. Each call is a unit of work of its own and holds a connection for itself."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def revision(self) -> str:
        return await current_revision(ITEMS, self._sessions)

    async def load(self, page: PageParams, order: Order, wanted: ItemFilter) -> Page[ItemRead]:
        async with self._sessions() as session:
            found, total = await ItemService(SqlItems(session), self._clock).page(page, order, wanted)
        rows = [ItemRead.model_validate(item) for item in found]
        return Page[ItemRead](items=rows, total=total, skip=page.skip, limit=page.limit)
