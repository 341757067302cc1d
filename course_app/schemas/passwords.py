"""Which passwords may be chosen, and how one that is typed is read."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, SecretStr, WithJsonSchema

from course_app.schemas.faults import faults
from course_app.schemas.fields import storable


def password_faults(password: str) -> list[str]:
    """Return every rule that `password` breaks, in the order of the policy; nothing when it may be chosen."""
    categories = {unicodedata.category(character) for character in password}
    kept = {
        "must have at least 8 characters": len(password) >= 8,
        "must have at most 128 characters": len(password) <= 128,
        "must have an upper-case letter": "Lu" in categories,
        "must have a lower-case letter": "Ll" in categories,
        "must have a digit": "Nd" in categories,
        "must not contain U+0000 or half a surrogate pair": "\0" not in password and "Cs" not in categories,
    }
    return [rule for rule, is_kept in kept.items() if not is_kept]


def _may_be_chosen(password: SecretStr) -> SecretStr:
    """Return the password as it is. Raise one fault for every rule that it breaks, all at once."""
    broken = password_faults(password.get_secret_value())
    if broken:
        raise faults(broken)
    return password


def _is_readable(password: SecretStr) -> SecretStr:
    try:
        storable(password.get_secret_value())
    except ValueError as error:
        raise faults([str(error)]) from None
    return password


_IN_OPENAPI = {"type": "string", "format": "password", "writeOnly": True, "minLength": 8, "maxLength": 128}

NewPassword = Annotated[SecretStr, AfterValidator(_may_be_chosen), WithJsonSchema(_IN_OPENAPI)]
"""A password that somebody chooses."""

TypedPassword = Annotated[SecretStr, AfterValidator(_is_readable)]
"""A password that somebody claims to have chosen: the policy does not apply."""
