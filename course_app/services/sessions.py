"""Sessions: opening one, and which tokens are still good for something. A token can be over before it expires."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from course_app.core.claims import Claims, read_token
from course_app.core.config import Settings
from course_app.core.csrf import csrf_token
from course_app.core.tokens import generation_of, issue_token
from course_app.db.models import User
from course_app.db.repositories import Revocations, UserRepository
from course_app.schemas.fields import storable


@dataclass(frozen=True)
class Session:
    """A new session: its access token, the CSRF token that belongs to it, and how many seconds they last."""

    token: str
    csrf: str
    seconds: int


def open_session(user: User, settings: Settings, now: datetime) -> Session:
    """Issue the tokens for this account, as it was when its password was verified."""
    secret, algorithm = settings.SECRET_KEY.get_secret_value(), settings.ALGORITHM
    lifetime, generation = timedelta(minutes=settings.ACCESS_TOKEN_EXPIRE_MINUTES), user.token_generation
    token = issue_token(user.key, secret=secret, now=now, lifetime=lifetime, algorithm=algorithm, generation=generation)
    jti = read_token(token, secret=secret, now=now, algorithm=algorithm).jti
    return Session(token, csrf_token(jti, secret), int(lifetime.total_seconds()))


async def account_of(claims: Claims, *, users: UserRepository, revocations: Revocations) -> User | None:
    """Return the account that a valid token names; None if it is gone or closed, or the token was recalled."""
    try:
        storable(claims.subject + claims.jti)
    except ValueError:  # signed with our secret, and yet nothing that a store can be asked for
        return None
    user = await users.get_by_key(claims.subject)
    if user is None or not user.is_active or not _outlives_password_change(claims, user):
        return None
    return None if await revocations.contains(claims.jti) else user


def _outlives_password_change(claims: Claims, user: User) -> bool:
    """Whether the token was issued after the last change of the password, or made that change.

    A `jti` without a generation is judged by the time alone, in whole seconds as `iat` is.
    """
    if claims.jti == user.kept_token:
        return True
    if generation_of(claims.jti) not in (None, user.token_generation):
        return False
    return user.password_changed_at is None or claims.issued_at >= user.password_changed_at.replace(microsecond=0)
