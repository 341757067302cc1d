"""The form and the errors of the token endpoint (RFC 6749, sections 4.3 and 5)."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from course_app.api.strict import is_readable, parse_urlencoded
from course_app.core.errors import OAuthError
from course_app.schemas.auth import OAuthFailure

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FIELDS = ("grant_type", "username", "password")


@dataclass(frozen=True)
class PasswordGrant:
    """What the owner of the account typed."""

    username: str
    password: str


async def read_password_grant(request: Request) -> PasswordGrant:
    """Read the form. Raise `OAuthError` if it is not the one of section 4.3.2; unknown fields are ignored."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"The form must be {FORM}.")
    try:
        form = parse_urlencoded(await request.body())
    except ClientDisconnect:
        raise OAuthError("invalid_request", "The form is not complete.") from None
    if not is_readable(form + parse_urlencoded(request.scope["query_string"])):
        raise OAuthError("invalid_request", "A parameter has a character that is not allowed.")
    known = [(name, text) for name, text in form if name in _FIELDS]
    fields = dict(known)
    if len(fields) < len(known):
        raise OAuthError("invalid_request", "A field must not be repeated.")
    if fields.get("grant_type") not in (None, "", "password"):
        raise OAuthError("unsupported_grant_type", "Only the grant type password is supported.")
    if "username" not in fields or "password" not in fields:
        raise OAuthError("invalid_request", "username and password are required.")
    return PasswordGrant(fields["username"], fields["password"])


async def answer_oauth_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an `OAuthError` as section 5.2 says."""
    assert isinstance(error, OAuthError)
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    content = OAuthFailure(error=error.error, error_description=error.description).model_dump()
    return JSONResponse(content, status_code=error.status, headers=NO_STORE | challenge)


PasswordGrantDep = Annotated[PasswordGrant, Depends(read_password_grant)]

_TEXT = {"type": "string"}
_SCHEMA = {"type": "object", "required": ["username", "password"], "properties": dict.fromkeys(_FIELDS, _TEXT)}
FORM_IN_OPENAPI: dict[str, Any] = {"requestBody": {"required": True, "content": {FORM: {"schema": _SCHEMA}}}}
