"""How a middleware refuses a request: it answers, it does not raise."""

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import Scope

from course_app.core.route_path import route_path
from course_app.schemas.failures import failure_response, oauth_failure_response

_IN_OAUTH = {413: "invalid_request", 429: "temporarily_unavailable", 500: "server_error"}


def refusal(scope: Scope, status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return an error in the envelope; on the token endpoint in its own words."""
    if route_path(scope) == "/api/v1/auth/token" and status in _IN_OAUTH:
        return oauth_failure_response(status, _IN_OAUTH[status], message, headers)
    return failure_response(status, message, headers=headers)
