"""The accounts in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.db.locks import alone, for_update
from course_app.db.models import User
from course_app.db.repositories import EmailTaken
from course_app.db.rows import ItemRow, UserRow, as_plain


class SqlUsers:
    """The `UserRepository` of one unit of work: it writes, and whoever opened the session commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _one(self, statement: Any) -> User | None:
        row = await self._session.scalar(statement)
        return None if row is None else as_plain(row, User)

    async def get(self, user_id: int) -> User | None:
        return await self._one(select(UserRow).where(UserRow.id == user_id))

    async def get_by_email(self, email: str) -> User | None:
        return await self._one(select(UserRow).where(UserRow.email == email))

    async def get_by_key(self, key: str) -> User | None:
        return await self._one(select(UserRow).where(UserRow.key == key))

    async def lock(self, user_id: int) -> User | None:
        return await self._one(for_update(select(UserRow).where(UserRow.id == user_id)))

    async def release(self) -> None:
        """Commit, which gives the connection back. With something written it would store half a request."""
        await self._session.commit()

    async def add(
        self, *, key: str, email: str, full_name: str, role: Role, hashed_password: str, created_at: datetime
    ) -> User:
        row = UserRow(
            key=key,
            email=email,
            full_name=full_name,
            role=role,
            hashed_password=hashed_password,
            created_at=created_at,
        )
        try:
            async with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            named = ("uq_users_email", "UNIQUE constraint failed: users.email")
            if not any(words in str(error.orig) for words in named):
                raise
            raise EmailTaken from None
        return as_plain(row, User)

    async def update(self, user_id: int, **changes: Any) -> User | None:
        if not changes:
            return await self.get(user_id)
        return await self._one(update(UserRow).where(UserRow.id == user_id).values(**changes).returning(UserRow))

    async def delete(self, user_id: int) -> bool:
        if await self.lock(user_id) is None:
            return False
        theirs = update(ItemRow).where(ItemRow.owner_id == user_id)
        await self._session.execute(theirs.values(owner_id=None, version=ItemRow.version + 1))
        await self._session.execute(delete(UserRow).where(UserRow.id == user_id))
        return True

    async def page(self, *, skip: int, limit: int, sort: Order, role: Role | None = None) -> tuple[list[User], int]:
        wanted = [] if role is None else [UserRow.role == role]
        column = getattr(UserRow, sort.field)
        order = column.desc() if sort.descending else column
        rows = select(UserRow).where(*wanted).order_by(order, UserRow.id).offset(skip).limit(limit)
        total = await self._session.scalar(select(func.count()).select_from(UserRow).where(*wanted))
        return [as_plain(row, User) for row in await self._session.scalars(rows)], total or 0

    async def active_admins(self) -> int:
        await alone(await self._session.connection())
        admins = select(func.count()).where(UserRow.role == Role.ADMIN, UserRow.is_active)
        return await self._session.scalar(admins) or 0
