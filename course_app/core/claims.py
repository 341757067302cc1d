"""Reading access tokens (RFC 7519, RFC 8725)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from jose import JOSEError, jwt


class InvalidToken(Exception):
    """The text is no access token of ours that is valid now."""


@dataclass(frozen=True)
class Claims:
    """What a valid access token says."""

    subject: str
    jti: str
    issued_at: datetime
    expires_at: datetime


def read_token(token: str, *, secret: str, now: datetime, algorithm: str = "HS256") -> Claims:
    """Return what `token` says. Raise `InvalidToken` for whatever is wrong with it."""
    times = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf"), False)
    try:
        payload = jwt.decode(token, secret, algorithms=[algorithm], options=times)
        subject, jti, issued, expires = (payload[name] for name in ("sub", "jti", "iat", "exp"))
        if payload["typ"] != "access" or not all(isinstance(text, str) and text for text in (subject, jti)):
            raise InvalidToken
        if type(issued) is not int or type(expires) is not int:
            raise InvalidToken
        claims = Claims(subject, jti, datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC))
    except (JOSEError, KeyError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise InvalidToken from error
    if claims.expires_at <= now:
        raise InvalidToken
    return claims
