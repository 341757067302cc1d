"""Which passwords may be chosen. Chapter 06 opens this file."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

_NEEDED = {"Lu": "an upper-case letter", "Ll": "a lower-case letter", "Nd": "a digit"}


def password_faults(password: str) -> list[str]:
    """Return what `password` lacks to be chosen, all of it at once; nothing when it may be chosen."""
    categories = {unicodedata.category(character) for character in password}
    faults = []
    if len(password) < 8:
        faults.append("at least 8 characters")
    if len(password) > 128:
        faults.append("at most 128 characters")
    if "\0" in password or "Cs" in categories:
        faults.append("no U+0000 and no half surrogate pair")
    return faults + [what for category, what in _NEEDED.items() if category not in categories]


def _acceptable(password: SecretStr) -> SecretStr:
    faults = password_faults(password.get_secret_value())
    if faults:
        raise ValueError(f"must have {', '.join(faults)}")
    return password


NewPassword = Annotated[
    SecretStr, AfterValidator(_acceptable), Field(json_schema_extra={"minLength": 8, "maxLength": 128})
]
