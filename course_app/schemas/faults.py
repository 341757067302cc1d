"""Several faults of one value, told at once."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import InitErrorDetails


def faults(texts: Iterable[str], *below: str) -> ValidationError:
    """Return what a validator raises to report every text as a fault of its own.

    `below` leads from the value that is validated to the field at fault. The value itself is not in the error.
    """
    details = [
        InitErrorDetails(type="value_error", loc=below, input=None, ctx={"error": ValueError(text)}) for text in texts
    ]
    return ValidationError.from_exception_data("faults", details)
