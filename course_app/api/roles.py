"""Who may use a route, by role."""

from collections.abc import Awaitable, Callable

from course_app.api.deps import CurrentUser
from course_app.core.errors import Forbidden
from course_app.core.roles import Role
from course_app.db.models import User


def require_roles(*roles: Role) -> Callable[[User], Awaitable[User]]:
    """Return a dependency: the caller's account, which has one of `roles`. It raises `Unauthorized` or `Forbidden`."""
    if not roles or not all(isinstance(role, Role) for role in roles):
        raise TypeError("require_roles takes one or more Role")

    async def check_role(user: CurrentUser) -> User:
        if user.role not in roles:
            raise Forbidden("Your role may not do this.")
        return user

    return check_role
