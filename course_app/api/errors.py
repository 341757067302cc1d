"""Every error becomes an envelope with the right status, and says nothing but what we wrote."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from course_app.core.errors import AppError
from course_app.schemas.failures import failure_response

_METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
MESSAGES = {404: "There is nothing at this path.", 405: "This path does not offer that method."}
TEXTS = {
    "missing": "is required",
    "extra_forbidden": "has a field that is not known",
    "json_invalid": "is not JSON",
    "string_type": "must be text",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_short": "is too short",
    "too_long": "is too long",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "bool_type": "must be true or false",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}


def allowed_methods(request: Request) -> str:
    """Every method that this path offers, as `Allow` has to name them (RFC 9110, 10.2.1): HEAD wherever GET is."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.router.routes
    offered = [m for m, scope in scopes.items() if any(r.matches(scope)[0] is Match.FULL for r in routes)]
    return ", ".join(sorted({*offered, "HEAD"} if "GET" in offered else offered))


def sentence(fault: dict[str, Any]) -> str:
    """`location: text` for one of pydantic's faults, both ours."""
    kind, location = fault["type"], fault["loc"]
    if kind in ("extra_forbidden", "json_invalid"):
        location = location[:-1]
    cause = fault.get("ctx", {}).get("error")
    text = str(cause) if isinstance(cause, ValueError) else TEXTS.get(kind, "is not valid")
    return f"{'.'.join(map(str, location))}: {text}"


async def on_app_error(_: Request, error: Exception) -> JSONResponse:
    """Answer a failure that a service raised: its status, its message, its headers."""
    assert isinstance(error, AppError)
    return failure_response(error.status, error.message, headers=error.headers)


async def on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Answer what the router and FastAPI itself refuse."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and error.__cause__ is not None:
        return failure_response(422, "The request is not valid.", ["body: cannot be read"])
    message = MESSAGES.get(error.status_code, "The request cannot be served.")
    response = failure_response(error.status_code, message, headers=error.headers)
    if error.status_code == 405:
        response.headers["Allow"] = allowed_methods(request)
    return response


async def on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    """Answer a request that breaks the rules of its operation: every fault, each once."""
    assert isinstance(error, RequestValidationError)
    sentences = dict.fromkeys(sentence(fault) for fault in error.errors())
    return failure_response(422, "The request is not valid.", list(sentences))


def install_error_handlers(app: FastAPI) -> None:
    """Make the application answer its errors in the envelope."""
    app.add_exception_handler(AppError, on_app_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
