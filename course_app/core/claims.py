"""Reading access tokens (RFC 7519, RFC 8725)."""

import base64
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


def is_canonical(token: str) -> bool:
    """Whether the token's signature is base64url without padding, in its only spelling (RFC 7515, section 2)."""
    try:
        signature = token.rpartition(".")[2]
        data = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(data).decode().rstrip("=") == signature


def read_token(token: str, *, secret: str, now: datetime, algorithm: str = "HS256") -> Claims:
    """Return what `token` says. Raise `InvalidToken` for whatever is wrong with it."""
    if not is_canonical(token):
        raise InvalidToken
    judged_here = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud", "verify_at_hash"), False)
    try:
        payload = jwt.decode(token, secret, algorithms=[algorithm], options=judged_here)
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
