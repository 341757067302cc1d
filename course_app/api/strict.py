"""Reading requests without guessing: a query or a JSON body that is no UTF-8 is refused, numbers keep every decimal."""

import json
import re
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, NoReturn
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, model_validator
from starlette.datastructures import QueryParams

_UNREADABLE = re.compile("[\0\ud800-\udfff]")


def parse_urlencoded(data: bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query string or form. A byte that is no UTF-8 becomes a lone surrogate."""
    return parse_qsl(data.decode(errors="surrogateescape"), keep_blank_values=True, errors="surrogateescape")


def is_readable(parameters: Iterable[tuple[str, str]]) -> bool:
    """Whether all names and values are text: no U+0000, no lone surrogate."""
    return not any(_UNREADABLE.search(name + value) for name, value in parameters)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


class StrictRequest(Request):
    """A request that is read as UTF-8."""

    @cached_property
    def query_params(self) -> QueryParams:
        """The query; `is_readable` tells whether it was UTF-8."""
        return QueryParams(parse_urlencoded(self.scope["query_string"]))

    async def json(self) -> Any:
        """The body, with a `Decimal` for every number in it that has a point. Raise `ValueError` if it is not JSON."""
        body = json.loads((await self.body()).decode(), parse_float=Decimal, parse_constant=_refuse)
        return float(body) if isinstance(body, Decimal) else body  # pydantic would look for fields in a Decimal


class StrictRoute(APIRoute):
    """A route that gets a `StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, as FastAPI's documentation of custom route classes has it."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return handle_strictly


class AnyQuery(BaseModel):
    """Every parameter of a query, also those that the route does not know."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _readable(cls, parameters: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
        if not is_readable((name, "".join(values)) for name, values in parameters.items()):
            raise ValueError("must be UTF-8 without U+0000")
        return parameters


async def readable_query(query: Annotated[AnyQuery, Query(include_in_schema=False)]) -> None:
    """Refuse a query that is no text, together with all other faults of the request."""


def strict_router() -> APIRouter:
    """Return a router whose routes refuse what they would have to guess."""
    return APIRouter(route_class=StrictRoute, dependencies=[Depends(readable_query)])
