"""The form of a login, read in one place: `application/x-www-form-urlencoded` in UTF-8, each known field once."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect

from course_app.api.strict import is_readable, parse_urlencoded

FORM = "application/x-www-form-urlencoded"
_FIELDS = ("grant_type", "username", "password")
_TEXT = {"type": "string"}
_SCHEMA = {"type": "object", "required": ["username", "password"], "properties": dict.fromkeys(_FIELDS, _TEXT)}
FORM_IN_OPENAPI: dict[str, Any] = {"requestBody": {"required": True, "content": {FORM: {"schema": _SCHEMA}}}}


class UnusableForm(Exception):
    """What is wrong with a form, in texts of ours by field; `""` stands for the whole form."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class PasswordGrant:
    """What the owner of the account typed."""

    username: str
    password: str


async def read_password_form(request: Request) -> PasswordGrant:
    """Read the form of RFC 6749, section 4.3.2; unknown fields are ignored. Raise `UnusableForm`."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM:
        raise UnusableForm({"": f"must be {FORM}"})
    try:
        form = parse_urlencoded(await request.body())
    except ClientDisconnect:
        raise UnusableForm({"": "is not complete"}) from None
    if not is_readable(form):
        raise UnusableForm({"": "must be UTF-8 without U+0000"})
    known = [(name, text) for name, text in form if name in _FIELDS]
    fields = dict(known)
    if len(fields) < len(known):
        raise UnusableForm({"": "must not repeat a field"})
    if fields.get("grant_type") not in (None, "", "password"):
        raise UnusableForm({"grant_type": "must be password"})
    missing = {name: "is required" for name in ("username", "password") if name not in fields}
    if missing:
        raise UnusableForm(missing)
    return PasswordGrant(fields["username"], fields["password"])


async def sign_in_form(request: Request) -> PasswordGrant:
    """The form as a route of ours reads it: what is wrong with it is told with all other faults, as 422."""
    try:
        return await read_password_form(request)
    except UnusableForm as error:
        raise RequestValidationError([_fault(name, text) for name, text in error.faults.items()]) from None


def _fault(name: str, text: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("body", name) if name else ("body",), "ctx": {"error": ValueError(text)}}


SignInForm = Annotated[PasswordGrant, Depends(sign_in_form)]
