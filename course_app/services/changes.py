"""What a body changes: PUT replaces all that clients decide, PATCH only what was sent (RFC 9110 9.3.4, RFC 5789)."""

from typing import Any

from pydantic import BaseModel

from course_app.schemas.items import ItemWrite


def replacement(body: ItemWrite) -> dict[str, Any]:
    """Return a value for every field, by name: the one that was sent, or else its default."""
    return body.model_dump()


def patch(body: BaseModel) -> dict[str, Any]:
    """Return the values of the fields that were sent, by name, and of no others."""
    return body.model_dump(exclude_unset=True)
