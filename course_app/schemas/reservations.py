"""What clients send to reserve something."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict


class Reservation(BaseModel):
    """How many pieces are wanted."""

    model_config = ConfigDict(extra="forbid")

    quantity: Annotated[int, Field(ge=1, le=1_000_000), Strict()]
