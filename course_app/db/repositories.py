"""What the services need of a store, whatever the store is."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from course_app.core.roles import Role
from course_app.core.sorting import Order
from course_app.db.models import Item, User


class EmailTaken(Exception):
    """Another account has this e-mail address."""


class StaleVersion(Exception):
    """The item has another version than those that were expected."""


class UserRepository(Protocol):
    """The accounts."""

    async def get(self, user_id: int) -> User | None: ...

    async def get_by_email(self, email: str) -> User | None: ...

    async def get_by_key(self, key: str) -> User | None: ...

    async def lock(self, user_id: int) -> User | None:
        """Like `get`, and nobody else changes the account until this unit of work has ended."""
        ...

    async def release(self) -> None:
        """Give the connection back until the next call: before something slow, and only if nothing was written yet."""
        ...

    async def add(
        self, *, key: str, email: str, full_name: str, role: Role, hashed_password: str, created_at: datetime
    ) -> User:
        """Store an active account under a new id. Raise `EmailTaken`."""
        ...

    async def update(self, user_id: int, **changes: Any) -> User | None: ...

    async def delete(self, user_id: int) -> bool:
        """Whether it was there. The items of the account stay, with `owner_id` None: a new version of each."""
        ...

    async def page(self, *, skip: int, limit: int, sort: Order, role: Role | None = None) -> tuple[list[User], int]:
        """One page, and how many accounts there are on all pages."""
        ...

    async def active_admins(self) -> int:
        """How many active accounts are administrators. Nobody else can count until this unit of work has ended."""
        ...


class ItemRepository(Protocol):
    """The items."""

    async def get(self, item_id: int) -> Item | None: ...

    async def add(
        self,
        *,
        name: str,
        description: str | None,
        price: Decimal,
        quantity: int,
        owner_id: int | None,
        created_at: datetime,
    ) -> Item:
        """Store an item under a new id, which no other item ever had."""
        ...

    async def update(self, item_id: int, *, expected: Collection[int] | None = None, **changes: Any) -> Item | None:
        """Store a new version. Raise `StaleVersion` if the present one is not among those `expected`.

        Comparing and storing are one step: no other change comes in between.
        """
        ...

    async def delete(self, item_id: int, expected: Collection[int] | None = None) -> bool:
        """Whether it was there. Raise `StaleVersion` as `update` does."""
        ...

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
        """One page of the wanted items, and how many there are on all pages.

        Wanted are items with `q` in their name under case folding, and a price in this range, both ends included.
        """
        ...


class Stock(Protocol):
    """The pieces of the items."""

    async def take(self, item_id: int, quantity: int, now: datetime) -> Item | None:
        """Take that many pieces of an item: a new version of it, or None if it has fewer or is not there."""
        ...


class Revocations(Protocol):
    """The tokens that were recalled before their end, by `jti`."""

    async def add(self, jti: str, expires_at: datetime) -> None:
        """Recall this token; once more changes nothing. After `expires_at` it would be refused anyway."""
        ...

    async def contains(self, jti: str) -> bool:
        """Whether this token was recalled."""
        ...

    async def purge(self, now: datetime) -> None:
        """Forget the tokens that are over at `now`."""
        ...
