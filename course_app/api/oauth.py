"""The form and the errors of the token endpoint (RFC 6749, sections 4.3 and 5)."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from course_app.core.errors import OAuthError
from course_app.schemas.auth import OAuthFailure

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_FIELDS = ("grant_type", "username", "password")


@dataclass(frozen=True)
class PasswordGrant:
    """What the resource owner typed."""

    username: str
    password: str


async def read_password_grant(request: Request) -> PasswordGrant:
    """Read the form. Raise `OAuthError` if it is not the one of section 4.3.2; unknown fields are ignored."""
    texts: dict[str, str] = {}
    try:
        async with request.form() as form:
            for name in _FIELDS:
                match form.getlist(name):
                    case []:
                        continue
                    case [str(text)]:
                        texts[name] = text
                    case _:
                        raise OAuthError("invalid_request", "A field must be text and not be repeated.")
    except HTTPException:
        raise OAuthError("invalid_request", "The form cannot be read.") from None
    if any(_UNREADABLE.search(text) for text in texts.values()):
        raise OAuthError("invalid_request", "A field has a character that is not allowed.")
    if texts.get("grant_type") not in (None, "", "password"):
        raise OAuthError("unsupported_grant_type", "Only the grant type password is supported.")
    if "username" not in texts or "password" not in texts:
        raise OAuthError("invalid_request", "username and password are required.")
    return PasswordGrant(texts["username"], texts["password"])


async def answer_oauth_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an `OAuthError` as section 5.2 says."""
    assert isinstance(error, OAuthError)
    challenge = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    content = OAuthFailure(error=error.error, error_description=error.description).model_dump()
    return JSONResponse(content, status_code=error.status, headers=NO_STORE | challenge)


PasswordGrantDep = Annotated[PasswordGrant, Depends(read_password_grant)]

_TEXT = {"type": "string"}
_FORM = {"type": "object", "required": ["username", "password"], "properties": dict.fromkeys(_FIELDS, _TEXT)}
FORM_IN_OPENAPI: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}
}
