"""Proof that a request comes from a page of ours: a token that only such a page can read."""

import hmac


def csrf_token(jti: str, secret: str) -> str:
    """Return the CSRF token of the session whose access token is called `jti`."""
    return hmac.new(secret.encode(), f"csrf:{jti}".encode(), "sha256").hexdigest()


def csrf_matches(jti: str, secret: str, *, cookie: str | None, header: str | None) -> bool:
    """Whether header and cookie are equal, and are the CSRF token of this session. Raises for nothing that was sent."""
    if cookie is None or header is None:
        return False
    sent, expected = header.encode(), csrf_token(jti, secret).encode()
    return hmac.compare_digest(sent, cookie.encode()) and hmac.compare_digest(sent, expected)
