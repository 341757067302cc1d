"""What can be done with accounts."""

import secrets
from dataclasses import replace

from course_app.core.clock import Clock
from course_app.core.errors import Conflict, NotFound
from course_app.core.hashing import Hashing
from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.db.models import User
from course_app.db.repositories import EmailTaken, UserRepository
from course_app.schemas.pagination import PageParams
from course_app.schemas.users import RoleName, UserCreate, UserPatch
from course_app.services.changes import patch


class UserService:
    """The accounts of one store. Every method that takes an id raises `NotFound` if no account has it."""

    def __init__(self, users: UserRepository, clock: Clock, hashing: Hashing) -> None:
        self._users = users
        self._clock = clock
        self._hashing = hashing

    async def register(self, body: UserCreate, role: Role = Role.USER) -> User:
        """Store a new account. Raise `Conflict` if the e-mail address is taken."""
        hashed = await self._hashing.hash(body.password.get_secret_value())
        try:
            return await self._users.add(
                key=secrets.token_urlsafe(16),
                email=body.email,
                full_name=body.full_name,
                role=role,
                hashed_password=hashed,
                created_at=self._clock(),
            )
        except EmailTaken:
            raise Conflict("This e-mail address is taken.") from None

    async def page(self, page: PageParams, order: Order, role: RoleName | None) -> tuple[list[User], int]:
        """One page of the accounts, of one role or of all, and how many there are on all pages."""
        wanted = None if role is None else Role(role)
        return await self._users.page(skip=page.skip, limit=page.limit, sort=order, role=wanted)

    async def get(self, user_id: int) -> User:
        """The account with this id."""
        return _found(await self._users.get(user_id))

    async def change(self, user_id: int, body: UserPatch) -> tuple[User, User]:
        """Change the role or the state of an account; return it as it was and as it is.

        Raise `Conflict` rather than lose the last active admin.
        """
        admins = await self._users.active_admins()
        user, changes = await self.get(user_id), patch(body)
        if not _is_active_admin(replace(user, **changes)):
            _keep_one(admins, user)
        return user, _found(await self._users.update(user_id, **changes))

    async def delete(self, user_id: int) -> User:
        """Remove an account for good, and return what it was; its items stay.

        Raise `Conflict` rather than lose the last active admin.
        """
        admins = await self._users.active_admins()
        user = await self.get(user_id)
        _keep_one(admins, user)
        await self._users.delete(user_id)
        return user


def _keep_one(admins: int, leaving: User) -> None:
    if _is_active_admin(leaving) and admins == 1:
        raise Conflict("This is the last active administrator.")


def _is_active_admin(user: User) -> bool:
    return user.role == Role.ADMIN and user.is_active


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user.")
    return user
