"""What is stored. Plain objects: changing one changes nothing that is stored, a repository's `update` does."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from course_app.core.roles import Role


@dataclass
class User:
    """An account. `key` is random, never reused, and never shown to other users."""

    id: int
    key: str
    email: str
    full_name: str
    role: Role
    is_active: bool
    hashed_password: str
    created_at: datetime


@dataclass
class Item:
    """Something in stock."""

    id: int
    name: str
    description: str | None
    price: Decimal
    quantity: int
    owner_id: int | None
    created_at: datetime
    updated_at: datetime
