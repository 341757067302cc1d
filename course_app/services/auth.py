"""Who is this? The answer to an e-mail address and a password."""

from course_app.core.hashing import Hashing
from course_app.db.models import User
from course_app.db.repositories import UserRepository
from course_app.schemas.fields import normal_email


async def authenticate(email: str, password: str, *, users: UserRepository, hashing: Hashing) -> User | None:
    """Return the active account that this password opens, or None.

    A wrong password takes as long for an unknown account as for one with a hash of today's cost.
    """
    user = await _account(email, users)
    await users.release()
    matches = await hashing.verify(password, user.hashed_password if user else None)
    if user is None or not matches or not user.is_active:
        return None
    if hashing.is_outdated(user.hashed_password):
        await _renew(user, await hashing.hash(password), users)
    return user


async def _account(email: str, users: UserRepository) -> User | None:
    try:
        return await users.get_by_email(normal_email(email))
    except ValueError:
        return None


async def _renew(user: User, renewed: str, users: UserRepository) -> None:
    """Store the renewed hash, unless the password was changed while it was computed."""
    now = await users.lock(user.id)
    if now is not None and now.hashed_password == user.hashed_password:
        await users.update(user.id, hashed_password=renewed)
