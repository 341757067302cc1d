"""All items as a file: /api/v1/items/export."""

from typing import Any

from fastapi import Depends, Response

from course_app.api.deps import ClockDep, ItemsDep
from course_app.api.disposition import attachment
from course_app.api.roles import require_roles
from course_app.api.strict import strict_router
from course_app.core.roles import Role
from course_app.schemas.items import ItemRead
from course_app.schemas.responses import errors_of
from course_app.services.export import to_csv

router = strict_router()
for_staff = [Depends(require_roles(Role.ADMIN, Role.MANAGER))]
A_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "All items", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/export", dependencies=for_staff, response_class=Response, responses=A_FILE | errors_of(401, 403, 422))
async def export_items(items: ItemsDep, clock: ClockDep) -> Response:
    """Every item, by id, as a CSV file to save; its columns are the item's fields."""
    rows = [ItemRead.model_validate(item).model_dump(mode="json") for item in await items.everything()]
    headers = {"Content-Disposition": attachment(f"items-{clock():%Y-%m-%d}.csv")}
    return Response(to_csv(list(ItemRead.model_fields), rows), media_type="text/csv", headers=headers)
