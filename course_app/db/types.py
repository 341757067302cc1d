"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator, TypeEngine

BigId = BigInteger().with_variant(Integer, "sqlite")
"""An id of 64 bits. SQLite's are that anyway, and count up by themselves only where the type is called INTEGER."""


def text_of(length: int) -> TypeEngine[str]:
    """Text of at most `length` characters that sorts by code point, whatever the server's language is."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: goes in with any offset, comes out in UTC. Without an offset it is refused with `ValueError`."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Go to UTC, since SQLite forgets the offset."""
        if value is not None and value.utcoffset() is None:
            raise ValueError("a moment needs an offset")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Cents(TypeDecorator[Decimal]):
    """An amount with two decimals, stored as a whole number of cents: SQLite has no decimals, and floats round."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Refuse an amount with more decimals with `ValueError`."""
        if value is not None and value != round(value, 2):
            raise ValueError("an amount has two decimals")
        return None if value is None else int(value.scaleb(2))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Put the point back."""
        return None if value is None else Decimal(value).scaleb(-2)
