"""In which order a query string wants a list."""

from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AfterValidator

from course_app.core.sorting import Order, parse_sort


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
