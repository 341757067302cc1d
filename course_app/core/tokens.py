"""Access tokens: signed claims about an account (RFC 7519)."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from jose import jwt

_GENERATION = re.compile(r"([0-9]{1,18})\.", re.ASCII)


def issue_token(
    subject: str, *, secret: str, now: datetime, lifetime: timedelta, algorithm: str = "HS256", generation: int = 0
) -> str:
    """Return an access token for `subject` that expires `lifetime` after `now`.

    Its `jti` begins with `generation`, how often the account's password had been changed. Raise `ValueError` when
    `now` has no offset.
    """
    if now.utcoffset() is None:
        raise ValueError("now has no offset")
    issued = now.astimezone(UTC)
    jti = f"{generation}.{uuid4().hex}"
    claims = {"sub": subject, "iat": issued, "exp": issued + lifetime, "jti": jti, "typ": "access"}
    return jwt.encode(claims, secret, algorithm=algorithm)


def generation_of(jti: str) -> int | None:
    """The generation in a token's `jti`, or None when it names none."""
    match = _GENERATION.match(jti)
    return None if match is None else int(match[1])
