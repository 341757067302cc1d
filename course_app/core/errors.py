"""The failures that the application expects, as a tree. Services raise them, `api/errors.py` answers them."""

from collections.abc import Mapping
from typing import ClassVar

from course_app.core.challenge import bearer_challenge


class AppError(Exception):
    """An expected failure. The message goes to the client: no secrets, no values the client did not send."""

    status: ClassVar[int]
    headers: Mapping[str, str] | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthorized(AppError):
    """Nobody is signed in. `error` is a code of RFC 6750, section 3.1; without one, no token was sent."""

    status = 401

    def __init__(self, message: str, error: str | None = None) -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": bearer_challenge(error)}


class Forbidden(AppError):
    """The caller is known, and may not do this."""

    status = 403


class NotFound(AppError):
    """What the URL names is not there."""

    status = 404


class Conflict(AppError):
    """The request contradicts what is stored."""

    status = 409


class PreconditionFailed(AppError):
    """The client expected something else than what is stored now."""

    status = 412


class Unprocessable(AppError):
    """The request can be read, and contradicts an earlier one."""

    status = 422


class TooManyRequests(AppError):
    """The caller has done this too often. It can be done again in `seconds`."""

    status = 429

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(seconds)}


class ServiceUnavailable(AppError):
    """Something that the application needs for this does not answer."""

    status = 503


class OAuthError(Exception):
    """A refusal of the token endpoint, in the words of RFC 6749, section 5.2."""

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers
