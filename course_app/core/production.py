"""What the settings of a production server must not be."""

from jose import jws
from jose.exceptions import JOSEError

SHORTEST = 32
"""Bytes of a secret for HS256 (RFC 7518, section 3.2)."""

PUBLISHED = ("changeme", "changethis", "replaceme", "yoursecret", "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4c")
"""Pieces of secrets that stand in tutorials, without what separates words in them."""


def is_usable_key(secret: str) -> bool:
    """Whether a token that was signed with `secret` can be verified with it. python-jose reads JSON and PEM as keys."""
    try:
        jws.verify(jws.sign({}, secret, algorithm="HS256"), secret, "HS256")
    except (JOSEError, UnicodeError, TypeError, AttributeError):
        return False
    return True


def secret_fault(secret: str) -> str | None:
    """Say in one sentence, without the value, why `secret` signs no tokens in production, or None if it may."""
    if not secret.strip():
        return "must be set in production"
    words = "".join(secret.lower().translate(dict.fromkeys(map(ord, "-_ .!"))))
    if any(piece in words for piece in PUBLISHED):
        return "is the secret of an example"
    if len(secret.strip().encode(errors="replace")) < SHORTEST:
        return f"must have at least {SHORTEST} bytes"
    if not is_usable_key(secret):
        return "is read as a key of another kind by python-jose: use random text"
    return None


def production_fault(name: str, value: object) -> str | None:
    """Say in one sentence, without the value, why the setting `name` will not do in production, or None if it does."""
    if name == "SECRET_KEY":
        return secret_fault(str(value))
    if name in ("DATABASE_URL", "REDIS_URL") and not str(value or "").strip():
        return "must be set in production"
    if name == "ALLOWED_HOSTS" and not value:
        return "must name the hosts of this server in production"
    if name in ("ALLOWED_ORIGINS", "ALLOWED_HOSTS") and isinstance(value, tuple) and "*" in value:
        return "must not have * in it in production"
    return None
