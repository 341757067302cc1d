"""Reservations: /api/v1/items/{id}/reserve."""

from fastapi import Response

from course_app.api.deps import CurrentUser, ReservationsDep
from course_app.api.strict import strict_router
from course_app.api.v1.items import shown
from course_app.schemas.fields import Id
from course_app.schemas.items import ItemRead
from course_app.schemas.reservations import Reservation
from course_app.schemas.responses import APIResponse, errors_of

router = strict_router()


@router.post("/{item_id}/reserve", responses=errors_of(401, 403, 404, 409, 422))
async def reserve_item(
    item_id: Id, body: Reservation, _: CurrentUser, reservations: ReservationsDep, response: Response
) -> APIResponse[ItemRead]:
    """Take pieces out of stock, for anybody who is signed in."""
    return shown(await reservations.reserve(item_id, body.quantity), response)
