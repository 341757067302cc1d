"""What clients send and get about items."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from course_app.schemas.fields import Count, Name, Price, Storable


class ItemWrite(BaseModel):
    """The body of POST and PUT: everything of an item that clients decide."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Annotated[str, Field(max_length=1000), Storable] | None = None
    price: Price
    quantity: Count = 0


class ItemRead(BaseModel):
    """An item as clients see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: str | None
    price: Price
    quantity: int
    owner_id: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class ItemFilter:
    """Which items a list is about: `q` in the name whatever the case, and a range of prices with both ends."""

    q: Annotated[str | None, Query()] = None
    min_price: Annotated[Price | None, Query()] = None
    max_price: Annotated[Price | None, Query()] = None
