"""Items: /api/v1/items."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import WithJsonSchema

from course_app.api.deps import CurrentUser, ItemPagesDep, ItemsDep
from course_app.api.ownership import own_item
from course_app.api.query import order_by
from course_app.api.roles import require_roles
from course_app.api.strict import strict_router
from course_app.core.errors import PreconditionFailed
from course_app.core.etags import content_tag, item_tag, not_modified
from course_app.core.preconditions import expected_versions
from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.db.models import Item, User
from course_app.schemas.fields import Id
from course_app.schemas.items import ItemFilter, ItemRead, ItemWrite
from course_app.schemas.pagination import PageDep
from course_app.schemas.responses import APIResponse, Page, errors_of, ok

router = strict_router()
ItemOrder = Annotated[Order, order_by("id", "name", "price", "created_at")]
WantedItems = Annotated[ItemFilter, Depends()]
Staff = Annotated[User, Depends(require_roles(Role.ADMIN, Role.MANAGER))]
ASK_FIRST = {"Cache-Control": "no-cache"}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "What the client has is still good"}}
Tags = Annotated[list[str] | None, Header(), WithJsonSchema({"type": "string"})]
"""A header that may come several times, which counts as one list (RFC 9110, section 5.3)."""


async def read_if_match(item_id: Id, if_match: Tags = None) -> Collection[int] | None:
    """Which versions of the item this request may change: those its `If-Match` names, or any without one."""
    return expected_versions(", ".join(if_match) if if_match is not None else None, item_id)


async def read_if_none_match(if_none_match: Tags = None) -> str | None:
    """The tags, as one list, that the item must not have if this request is to change it."""
    return ", ".join(if_none_match) if if_none_match is not None else None


Expected = Annotated[Collection[int] | None, Depends(read_if_match)]
Unwanted = Annotated[str | None, Depends(read_if_none_match)]


def refuse_unwanted(item: Item, unwanted: str | None) -> None:
    """Raise `PreconditionFailed` if the item has one of these tags. An item never gets back a tag it once had."""
    if not_modified(unwanted, item_tag(item.id, item.version)):
        raise PreconditionFailed("The item matches your If-None-Match.")


def shown(item: Item, response: Response) -> APIResponse[ItemRead]:
    """The envelope of an item, with its `ETag` in the response."""
    response.headers["ETag"] = item_tag(item.id, item.version)
    return ok(ItemRead.model_validate(item))


@router.get("", responses=NOT_MODIFIED | errors_of(422))
async def list_items(
    pages: ItemPagesDep, page: PageDep, order: ItemOrder, wanted: WantedItems, response: Response
) -> APIResponse[Page[ItemRead]]:
    """One page of the items whose name contains `q`, with a price from `min_price` to `max_price`."""
    answer = ok(await pages.page(page, order, wanted))
    response.headers.update(ASK_FIRST | {"ETag": content_tag(answer.model_dump_json().encode())})
    return answer


@router.post("", status_code=201, responses=errors_of(401, 403, 422))
async def create_item(
    body: ItemWrite, owner: Staff, items: ItemsDep, request: Request, response: Response
) -> APIResponse[ItemRead]:
    """Store a new item of the caller's. The answer's `Location` is its path."""
    item = await items.create(body, owner.id)
    response.headers["Location"] = str(request.app.url_path_for("get_item", item_id=item.id))
    return shown(item, response)


@router.get("/{item_id}", responses=NOT_MODIFIED | errors_of(404, 422))
async def get_item(item_id: Id, items: ItemsDep, response: Response) -> APIResponse[ItemRead]:
    """One item."""
    response.headers.update(ASK_FIRST)
    return shown(await items.get(item_id), response)


@router.put("/{item_id}", responses=errors_of(401, 403, 404, 412, 422))
async def replace_item(
    item_id: Id,
    body: ItemWrite,
    caller: CurrentUser,
    expected: Expected,
    unwanted: Unwanted,
    items: ItemsDep,
    response: Response,
) -> APIResponse[ItemRead]:
    """Replace all that clients decide about an item: for its owner and for admins."""
    refuse_unwanted(await own_item(item_id, caller, items), unwanted)
    return shown(await items.replace(item_id, body, expected), response)


@router.delete("/{item_id}", status_code=204, responses=errors_of(401, 403, 404, 412, 422))
async def delete_item(
    item_id: Id, caller: CurrentUser, expected: Expected, unwanted: Unwanted, items: ItemsDep
) -> None:
    """Remove an item for good: for its owner and for admins."""
    refuse_unwanted(await own_item(item_id, caller, items), unwanted)
    await items.delete(item_id, expected)
