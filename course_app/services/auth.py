"""Who is this? The answer to an e-mail address and a password."""

from course_app.core.hashing import Hashing
from course_app.db.models import User
from course_app.db.repositories import UserRepository
from course_app.schemas.fields import normal_email
from course_app.services.guard import Guard


async def authenticate(
    email: str, password: str, *, users: UserRepository, hashing: Hashing, guard: Guard
) -> User | None:
    """Return the active account that this password opens, or None. Raise `TooManyRequests` after too many failures.

    A wrong password takes as long for an unknown account as for one with a hash of today's cost.
    """
    name = _normal(email)
    user = None if name is None else await users.get_by_email(name)
    await users.release()

    async def opens() -> bool:
        matches = await hashing.verify(password, user.hashed_password if user else None)
        return matches and user is not None and user.is_active

    opened = await guard.attempt(email.strip().lower() if name is None else name, user.key if user else None, opens)
    if user is None or not opened:
        return None
    if hashing.is_outdated(user.hashed_password):
        await _renew(user, await hashing.hash(password), users)
    guard.audit.record("login", user.key)
    return user


def _normal(email: str) -> str | None:
    try:
        return normal_email(email)
    except ValueError:
        return None


async def _renew(user: User, renewed: str, users: UserRepository) -> None:
    """Store the renewed hash, unless the password was changed while it was computed."""
    now = await users.lock(user.id)
    if now is not None and now.hashed_password == user.hashed_password:
        await users.update(user.id, hashed_password=renewed)
