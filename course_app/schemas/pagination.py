"""Which part of a list a client asks for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from course_app.schemas.fields import Digits


@dataclass(frozen=True)
class PageParams:
    """The query parameters `skip` (items to pass over) and `limit` (items to return at most)."""

    skip: Annotated[int, Query(ge=0, le=1_000_000), Digits] = 0
    limit: Annotated[int, Query(ge=1, le=100), Digits] = 20


PageDep = Annotated[PageParams, Depends()]
