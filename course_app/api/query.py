"""Reading the query string: is it text at all, and in which order does it want a list?"""

from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator

from course_app.core.sorting import Order, parse_sort


async def readable_query(request: Request) -> None:
    """Refuse a query string that is no UTF-8, or has a U+0000, before any part of it is looked at."""
    try:
        readable = "\0" not in unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        readable = False
    if not readable:
        raise RequestValidationError([{"type": "query_unreadable", "loc": ("query",)}])


def order_by(*allowed: str) -> Any:
    """A dependency: the `Order` that the query parameter `sort` asks for, by `id` without one."""

    def check(value: str) -> str:
        try:
            parse_sort(value, allowed)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(allowed)}, or one of them after a -") from None
        return value

    choices = [sign + field for field in allowed for sign in ("", "-")]
    parameter = Query(json_schema_extra={"enum": choices})

    async def read_order(sort: Annotated[str, AfterValidator(check), parameter] = "id") -> Order:
        return parse_sort(sort, allowed)

    return Depends(read_order)
