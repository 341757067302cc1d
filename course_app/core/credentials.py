"""Which token a request brings."""

from dataclasses import dataclass

from starlette.datastructures import Headers

from course_app.core.cookie_header import cookie_values


@dataclass(frozen=True)
class SentToken:
    """A token as it was sent: nothing about it is verified yet."""

    text: str
    by_cookie: bool = False


def bearer_token(headers: Headers) -> SentToken | None:
    """Return the bearer token of `Authorization` (RFC 6750, section 2.1). Two such headers make one invalid token."""
    scheme, _, text = ", ".join(headers.getlist("Authorization")).partition(" ")
    return SentToken(text.strip()) if scheme.lower() == "bearer" and text.strip() else None


def find_token(headers: Headers, cookie: str) -> SentToken | None:
    """Return the token of the header `Authorization` or, without that header, of the cookie with this name."""
    if "Authorization" in headers:
        return bearer_token(headers)
    values = cookie_values(headers, cookie)
    if values in ([], [""]):
        return None
    return SentToken(values[0] if len(values) == 1 else "", by_cookie=True)
