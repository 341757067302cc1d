"""The form and the errors of the token endpoint (RFC 6749, sections 4.3 and 5)."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from course_app.api.forms import PasswordGrant, UnusableForm, read_password_form
from course_app.api.strict import is_readable, parse_urlencoded
from course_app.core.errors import OAuthError
from course_app.schemas.failures import oauth_failure_response


async def read_password_grant(request: Request) -> PasswordGrant:
    """Read the form. Raise `OAuthError` if it is not the one of section 4.3.2."""
    try:
        grant = await read_password_form(request)
    except UnusableForm as error:
        code = "unsupported_grant_type" if "grant_type" in error.faults else "invalid_request"
        texts = [f"{name or 'the form'} {text}" for name, text in error.faults.items()]
        raise OAuthError(code, ", ".join(texts)) from None
    if not is_readable(parse_urlencoded(request.scope["query_string"])):
        raise OAuthError("invalid_request", "the query must be UTF-8 without U+0000")
    return grant


async def answer_oauth_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an `OAuthError` as section 5.2 says."""
    assert isinstance(error, OAuthError)
    headers = error.headers or ({"WWW-Authenticate": "Bearer"} if error.status == 401 else {})
    return oauth_failure_response(error.status, error.error, error.description, headers)


PasswordGrantDep = Annotated[PasswordGrant, Depends(read_password_grant)]
