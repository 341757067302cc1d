"""What clients send and get about jobs."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict


def one_key(values: list[str] | None) -> list[str] | None:
    """Return the values of `Idempotency-Key` as they are. Raise `ValueError` unless they are one key, or none."""
    if values is not None and not (len(values) == 1 and re.fullmatch("[!-~]{1,255}", values[0])):
        raise ValueError("must be 1 to 255 visible ASCII characters")
    return values


class JobCreate(BaseModel):
    """What is to be reported on: the id of an item."""

    model_config = ConfigDict(extra="forbid")

    data_id: Annotated[int, Field(ge=1, le=2**63 - 1), Strict()]


class JobResult(BaseModel):
    """What an item's stock is worth. Amounts have two decimals."""

    item_id: int
    name: str
    quantity: int
    price: str
    stock_value: str


class JobRead(BaseModel):
    """A job as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    status: Literal["pending", "started", "succeeded", "failed"]
    result: JobResult | None
    error: str | None
