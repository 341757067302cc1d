"""The one form in which every JSON answer under /api/v1 comes."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

Sentence = Annotated[str, Field(pattern=r"\S")]
"""A text that says something: it is not empty, and not all white space."""

_ENVELOPE = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)
_REASONS = {
    401: "Nobody is signed in",
    403: "The caller may not do this",
    404: "There is no such resource",
    409: "The request contradicts what is stored",
    412: "The resource is not what the client takes it for",
    413: "The body is larger than 1 MiB",
    422: "The request is not valid",
    429: "Too many requests",
    500: "The server failed",
    503: "Something that the application needs does not answer",
}


class APIResponse(BaseModel, Generic[T]):
    """The envelope of a success: `data` is the result."""

    model_config = _ENVELOPE

    success: Literal[True] = True
    message: str | None = None
    data: T
    errors: None = None


class Failure(BaseModel):
    """The envelope of every error: `errors` says what is wrong, each fault in a sentence of its own."""

    model_config = _ENVELOPE

    success: Literal[False] = False
    message: Sentence
    data: None = None
    errors: Annotated[list[Sentence], Field(min_length=1)]


class Page(BaseModel, Generic[T]):
    """A part of a list, and how long the whole list is."""

    items: list[T]
    total: int
    skip: int
    limit: int


def ok(data: T, message: str | None = None) -> APIResponse[T]:
    """Return the envelope of a success."""
    return APIResponse(message=message, data=data)


def errors_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what `responses=` of a route needs to document these error statuses."""
    return {status: {"model": Failure, "description": _REASONS[status]} for status in statuses}
