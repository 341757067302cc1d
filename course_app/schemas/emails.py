"""What clients send to have an e-mail sent."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from course_app.schemas.fields import Email, Storable


def one_line(value: str) -> str:
    """Return the text as it is. Raise `ValueError` where a header could not hold it on one line."""
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value):
        raise ValueError("must be one line without control characters")
    return value


class EmailWrite(BaseModel):
    """An e-mail to one person."""

    model_config = ConfigDict(extra="forbid")

    recipient: Email
    subject: Annotated[str, Field(min_length=1, max_length=200), Storable, AfterValidator(one_line)]
    body: Annotated[str, Field(min_length=1, max_length=10_000), Storable]
