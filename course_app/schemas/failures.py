"""Errors as responses: in the envelope, and in the words of OAuth."""

from collections.abc import Mapping, Sequence

from starlette.responses import JSONResponse

from course_app.schemas.auth import OAuthFailure
from course_app.schemas.responses import Failure

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def failure_response(
    status: int, message: str, errors: Sequence[str] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error in the envelope. Without `errors` the message is the only one."""
    content = Failure(message=message, errors=list(errors or [message])).model_dump()
    return JSONResponse(content, status_code=status, headers=headers)


def oauth_failure_response(
    status: int, error: str, description: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return an error of the token endpoint, which no cache may keep (RFC 6749, section 5.2)."""
    content = OAuthFailure(error=error, error_description=description).model_dump()
    return JSONResponse(content, status_code=status, headers={**NO_STORE, **(headers or {})})
