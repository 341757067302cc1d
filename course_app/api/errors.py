"""Every error becomes an envelope with the right status. Chapter 06 opens this file."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from course_app.core.errors import AppError
from course_app.schemas.responses import Failure

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_MESSAGES = {404: "There is nothing at this path.", 405: "This path does not offer that method."}
_FAULTS = {
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


def _failure(status: int, message: str, errors: list[str], headers: Mapping[str, str] | None = None) -> JSONResponse:
    content = Failure(message=message, errors=errors).model_dump()
    return JSONResponse(content, status_code=status, headers=headers)


def _fault(error: dict[str, Any]) -> str:
    """`location: text`, both ours: never the value that was sent, never the name of an unknown field."""
    kind, location = error["type"], error["loc"]
    if kind in ("extra_forbidden", "json_invalid"):
        location = location[:-1]
    cause = error.get("ctx", {}).get("error")
    text = str(cause) if isinstance(cause, ValueError) else _FAULTS.get(kind, "is not valid")
    return f"{'.'.join(map(str, location))}: {text}"


def _allowed(request: Request) -> str:
    """Every method that some route offers at this path, as `Allow` has to name them (RFC 9110, 10.2.1)."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    routes = request.app.router.routes
    return ", ".join(m for m, scope in scopes.items() if any(r.matches(scope)[0] is Match.FULL for r in routes))


async def _on_app_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AppError)
    return _failure(error.status, error.message, [error.message], error.headers)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400 and error.__cause__ is not None:  # FastAPI's answer when the JSON parser itself fails
        return _failure(422, "The request is not valid.", ["body: cannot be read"])
    message = _MESSAGES.get(error.status_code, "The request cannot be served.")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return _failure(error.status_code, message, [message], headers)


async def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _failure(422, "The request is not valid.", sorted({_fault(fault) for fault in error.errors()}))


def install_error_handlers(app: FastAPI) -> None:
    """Make the application answer its errors in the envelope."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
