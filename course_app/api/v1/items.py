"""Items: /api/v1/items."""

from typing import Annotated

from fastapi import Depends, Request, Response

from course_app.api.deps import CurrentUser, ItemsDep
from course_app.api.ownership import own_item
from course_app.api.query import order_by
from course_app.api.roles import require_roles
from course_app.api.strict import strict_router
from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.db.models import User
from course_app.schemas.fields import Id
from course_app.schemas.items import ItemFilter, ItemRead, ItemWrite
from course_app.schemas.pagination import PageDep
from course_app.schemas.responses import APIResponse, Page, errors_of, ok

router = strict_router()
ItemOrder = Annotated[Order, order_by("id", "name", "price", "created_at")]
WantedItems = Annotated[ItemFilter, Depends()]
Staff = Annotated[User, Depends(require_roles(Role.ADMIN, Role.MANAGER))]


@router.get("", responses=errors_of(422))
async def list_items(
    items: ItemsDep, page: PageDep, order: ItemOrder, wanted: WantedItems
) -> APIResponse[Page[ItemRead]]:
    """One page of the items whose name contains `q`, with a price from `min_price` to `max_price`."""
    found, total = await items.page(page, order, wanted)
    rows = [ItemRead.model_validate(item) for item in found]
    return ok(Page(items=rows, total=total, skip=page.skip, limit=page.limit))


@router.post("", status_code=201, responses=errors_of(401, 403, 422))
async def create_item(
    body: ItemWrite, owner: Staff, items: ItemsDep, request: Request, response: Response
) -> APIResponse[ItemRead]:
    """Store a new item of the caller's. The answer's `Location` is its path."""
    item = await items.create(body, owner.id)
    response.headers["Location"] = str(request.app.url_path_for("get_item", item_id=item.id))
    return ok(ItemRead.model_validate(item))


@router.get("/{item_id}", responses=errors_of(404, 422))
async def get_item(item_id: Id, items: ItemsDep) -> APIResponse[ItemRead]:
    """One item."""
    return ok(ItemRead.model_validate(await items.get(item_id)))


@router.put("/{item_id}", responses=errors_of(401, 403, 404, 422))
async def replace_item(item_id: Id, body: ItemWrite, caller: CurrentUser, items: ItemsDep) -> APIResponse[ItemRead]:
    """Replace all that clients decide about an item: for its owner and for admins."""
    await own_item(item_id, caller, items)
    return ok(ItemRead.model_validate(await items.replace(item_id, body)))


@router.delete("/{item_id}", status_code=204, responses=errors_of(401, 403, 404, 422))
async def delete_item(item_id: Id, caller: CurrentUser, items: ItemsDep) -> None:
    """Remove an item for good: for its owner and for admins."""
    await own_item(item_id, caller, items)
    await items.delete(item_id)
