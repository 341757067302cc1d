"""Repositories on `Tables`, gone when the process ends."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from course_app.core.roles import Role
from course_app.core.sorting import Order, arrange
from course_app.db.models import Item, User
from course_app.db.repositories import EmailTaken, StaleVersion
from course_app.db.tables import Tables, next_id


class MemoryUsers:
    """The `UserRepository` of these tables. No method waits for anything: each is one step of the event loop."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = tables["rows"]["users"]

    def _user(self, row: dict[str, Any]) -> User:
        return User(**{**row, "role": Role(row["role"])})

    def _store(self, user: User) -> User:
        self._rows[user.id] = {**vars(user), "role": str(user.role)}
        return self._user(self._rows[user.id])

    def _find(self, column: str, value: str) -> User | None:
        return next((self._user(row) for row in self._rows.values() if row[column] == value), None)

    async def get(self, user_id: int) -> User | None:
        row = self._rows.get(user_id)
        return None if row is None else self._user(row)

    async def get_by_email(self, email: str) -> User | None:
        return self._find("email", email)

    async def get_by_key(self, key: str) -> User | None:
        return self._find("key", key)

    async def add(self, *, email: str, **values: Any) -> User:
        if self._find("email", email):
            raise EmailTaken
        return self._store(User(id=next_id(self._tables, "users"), email=email, is_active=True, **values))

    async def update(self, user_id: int, **changes: Any) -> User | None:
        user = await self.get(user_id)
        return None if user is None else self._store(replace(user, **changes))

    async def delete(self, user_id: int) -> bool:
        for item in self._tables["rows"]["items"].values():
            if item["owner_id"] == user_id:
                item.update(owner_id=None, version=item.get("version", 1) + 1)
        return self._rows.pop(user_id, None) is not None

    async def page(self, *, skip: int, limit: int, sort: Order, role: Role | None = None) -> tuple[list[User], int]:
        wanted = [self._user(row) for row in self._rows.values() if role is None or row["role"] == role]
        return arrange(wanted, sort)[skip : skip + limit], len(wanted)

    async def active_admins(self) -> int:
        return sum(row["role"] == Role.ADMIN and row["is_active"] for row in self._rows.values())


class MemoryItems:
    """The `ItemRepository` of these tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = tables["rows"]["items"]

    def _store(self, item: Item) -> Item:
        self._rows[item.id] = dict(vars(item))
        return item

    async def get(self, item_id: int) -> Item | None:
        row = self._rows.get(item_id)
        return None if row is None else Item(**row)

    async def add(self, *, created_at: datetime, **values: Any) -> Item:
        item_id = next_id(self._tables, "items")
        return self._store(Item(id=item_id, created_at=created_at, updated_at=created_at, **values))

    async def update(self, item_id: int, *, expected: Collection[int] | None = None, **changes: Any) -> Item | None:
        item = await self._get_expected(item_id, expected)
        return None if item is None else self._store(replace(item, version=item.version + 1, **changes))

    async def delete(self, item_id: int, expected: Collection[int] | None = None) -> bool:
        await self._get_expected(item_id, expected)
        return self._rows.pop(item_id, None) is not None

    async def _get_expected(self, item_id: int, expected: Collection[int] | None) -> Item | None:
        item = await self.get(item_id)
        if item is not None and expected is not None and item.version not in expected:
            raise StaleVersion
        return item

    async def page(
        self,
        *,
        skip: int,
        limit: int,
        sort: Order,
        q: str | None = None,
        min_price: Decimal | None = None,
        max_price: Decimal | None = None,
    ) -> tuple[list[Item], int]:
        needle = (q or "").casefold()

        def wanted(item: Item) -> bool:
            return (
                needle in item.name.casefold()
                and (min_price is None or min_price <= item.price)
                and (max_price is None or item.price <= max_price)
            )

        items = [item for item in (Item(**row) for row in self._rows.values()) if wanted(item)]
        return arrange(items, sort)[skip : skip + limit], len(items)
