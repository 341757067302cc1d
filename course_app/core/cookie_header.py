"""The header `Cookie` of a request (RFC 6265, section 4.2)."""

from collections.abc import Iterable

from starlette.datastructures import Headers


def cookie_values(headers: Headers, name: str) -> list[str]:
    """Return the value of every cookie with this name, as it was sent: nothing is unquoted."""
    pairs = [pair.partition("=") for header in headers.getlist("Cookie") for pair in header.split(";")]
    return [value.strip(" \t") for key, equals, value in pairs if equals and key.strip(" \t") == name]


def without_backslashes(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of an ASGI scope without those cookies that RFC 6265 forbids for their backslashes.

    FastAPI unquotes every cookie of every request, and Python before 3.11.10 and 3.12.6 takes the square of its length
    for that (CVE-2024-7592): one header of 60 KB would stop the event loop for seconds.
    """
    return [(name, _cleaned(value) if name == b"cookie" else value) for name, value in headers]


def _cleaned(cookies: bytes) -> bytes:
    return b";".join(cookie for cookie in cookies.split(b";") if b"\\" not in cookie)
