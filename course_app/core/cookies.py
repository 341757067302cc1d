"""The cookies of a session (RFC 6265): the token, and the CSRF token, which scripts can read."""

from dataclasses import dataclass

from starlette.responses import Response


@dataclass(frozen=True)
class CookieNames:
    """What the two cookies are called."""

    access: str
    csrf: str


def cookie_names(environment: str) -> CookieNames:
    """Return the names; in production they hold the browser to Secure, Path=/ and this host alone."""
    prefix = "__Host-" if environment == "production" else ""
    return CookieNames(access=f"{prefix}access_token", csrf=f"{prefix}csrf_token")


def set_session_cookies(response: Response, token: str, csrf: str, *, names: CookieNames, max_age: int) -> None:
    """Put both cookies on `response`, to be kept for `max_age` seconds."""
    for name, value, hidden in ((names.access, token, True), (names.csrf, csrf, False)):
        response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=hidden, samesite="lax")
