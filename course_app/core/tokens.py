"""Access tokens: signed claims about an account (RFC 7519)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from jose import jwt


def issue_token(subject: str, *, secret: str, now: datetime, lifetime: timedelta, algorithm: str = "HS256") -> str:
    """Return an access token for `subject` that expires `lifetime` after `now`.

    Raise `ValueError` when `now` has no offset.
    """
    if now.utcoffset() is None:
        raise ValueError("now has no offset")
    issued = now.astimezone(UTC)
    claims = {"sub": subject, "iat": issued, "exp": issued + lifetime, "jti": uuid4().hex, "typ": "access"}
    return jwt.encode(claims, secret, algorithm=algorithm)
