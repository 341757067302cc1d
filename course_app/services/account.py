"""What people do with their own account."""

from course_app.core.clock import Clock
from course_app.core.errors import Forbidden, Unauthorized
from course_app.core.hashing import Hashing
from course_app.db.models import User
from course_app.db.repositories import UserRepository
from course_app.schemas.me import MePatch
from course_app.services.changes import patch
from course_app.services.guard import Guard


async def change_own(
    user: User, body: MePatch, *, users: UserRepository, hashing: Hashing, clock: Clock, jti: str, guard: Guard
) -> User:
    """Change what the body names, all of it or nothing. Raise `Forbidden` for a wrong current password,
    and `TooManyRequests` after too many of them.

    A new password recalls every token of the account but `jti`, the one that the change was made with.
    """
    changes = patch(body)
    if "password" in changes:
        current, new = changes.pop("current_password"), changes.pop("password")
        await users.release()
        typed = current.get_secret_value()
        if not await guard.attempt(user.email, user.key, lambda: hashing.verify(typed, user.hashed_password)):
            raise Forbidden("The current password is wrong.")
        changes["hashed_password"] = await hashing.hash(new.get_secret_value())
        stored = await users.lock(user.id)
        if stored is None or stored.token_generation != user.token_generation:
            raise _recalled()
        changes |= {
            "token_generation": stored.token_generation + 1,
            "kept_token": jti,
            "password_changed_at": clock(),
        }
    changed = await users.update(user.id, **changes)
    if changed is None:
        raise _recalled()
    return changed


def _recalled() -> Unauthorized:
    return Unauthorized("Your token is not valid. Sign in again.", "invalid_token")
