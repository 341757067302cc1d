"""What is stored. Plain objects: changing one changes nothing that is stored, a repository's `update` does."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from course_app.core.roles import Role


@dataclass
class User:
    """An account. `key` is random, never reused, and never shown to other users.

    `token_generation` counts the changes of the password, `password_changed_at` is when the last one was, and
    `kept_token` the `jti` of the token that made it.
    """

    id: int
    key: str
    email: str
    full_name: str
    role: Role
    is_active: bool
    hashed_password: str
    created_at: datetime
    token_generation: int = 0
    kept_token: str | None = None
    password_changed_at: datetime | None = None


@dataclass
class Item:
    """Something in stock. `version` is raised by every change, whoever makes it."""

    id: int
    name: str
    description: str | None
    price: Decimal
    quantity: int
    owner_id: int | None
    created_at: datetime
    updated_at: datetime
    version: int = 1
