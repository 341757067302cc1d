"""The one form in which every JSON answer under /api/v1 comes."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

T = TypeVar("T")

_REASONS = {
    401: "Nobody is signed in",
    403: "The caller may not do this",
    404: "There is no such resource",
    409: "The request contradicts what is stored",
    422: "The request is not valid",
    429: "Too many requests",
}


class APIResponse(BaseModel, Generic[T]):
    """The envelope. On success `data` carries the result; on failure `errors` has at least one sentence."""

    success: bool
    message: str | None = None
    data: T | None = None
    errors: list[str] | None = None


class Failure(APIResponse[None]):
    """The envelope of every error."""

    success: Literal[False] = False


class Page(BaseModel, Generic[T]):
    """A part of a list, and how long the whole list is."""

    items: list[T]
    total: int
    skip: int
    limit: int


def ok(data: T, message: str | None = None) -> APIResponse[T]:
    """Return the envelope of a success."""
    return APIResponse(success=True, message=message, data=data)


def errors_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what `responses=` of a route needs to document these error statuses."""
    return {status: {"model": Failure, "description": _REASONS[status]} for status in statuses}
