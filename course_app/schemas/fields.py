"""The types of single fields, for everything that comes in from outside."""

import re
import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _digits(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("[0-9]+", value):
        raise ValueError("must be a whole number, written in digits")
    return value


def storable(value: str) -> str:
    """Return the text as it is. Raise `ValueError` when a database or UTF-8 cannot hold it."""
    if _UNSTORABLE.search(value):
        raise ValueError("must not contain U+0000 or half a surrogate pair")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def normal_email(address: str) -> str:
    """Return the form in which addresses are stored and compared. Raise `ValueError` for what is no bare address."""
    fault = ValueError("must be an e-mail address and nothing else")
    if len(address) > 254:  # first: normalizing takes the square of the length
        raise fault
    try:
        normal = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        raise fault from None
    return unicodedata.normalize("NFC", normal.lower())


def _amount(value: Any) -> Decimal:
    """Read a price. A float counts as the shortest decimal that means it: 19.99 is 19.99."""
    fault = ValueError("must be an amount from 0 to 1000000 with at most two decimals")
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", value):
        amount = Decimal(value)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        amount = Decimal(str(value))
    else:
        raise fault
    if not amount.is_finite() or not 0 <= amount <= 1_000_000 or amount != amount.quantize(Decimal("0.01")):
        raise fault
    return abs(amount.quantize(Decimal("0.01")))


def _two_places(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _no_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def omittable() -> Any:
    """A field that may be left out of a PATCH, but not be null. What it holds when left out has no meaning."""
    return Field(default=None, json_schema_extra=_no_default)


Digits = BeforeValidator(_digits)
"""For an `int` that arrives as text, in a path or query: ASCII digits, where `int` also takes ` 5`, `1_0` and `5.0`."""

Id = Annotated[int, Field(ge=1, le=2**63 - 1), Digits]
Count = Annotated[int, Field(ge=0, le=1_000_000), Strict()]
Storable = AfterValidator(storable)
"""For a `str`: no U+0000, which PostgreSQL cannot store, and no lone surrogate, which UTF-8 cannot write."""

Name = Annotated[str, Field(min_length=1, max_length=100), Storable, AfterValidator(_not_blank)]
Email = Annotated[str, AfterValidator(normal_email), Field(max_length=254, json_schema_extra={"format": "email"})]
Price = Annotated[
    Decimal,
    BeforeValidator(_amount, json_schema_input_type=str | float),
    PlainSerializer(_two_places, return_type=str, when_used="json"),
]
