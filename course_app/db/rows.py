"""The tables, and the rules that the database itself keeps."""

from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from sqlalchemy import CheckConstraint, Enum, ForeignKey, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from course_app.core.roles import Role
from course_app.db.types import BigId, Cents, UtcDateTime, text_of

Plain = TypeVar("Plain")


class Base(DeclarativeBase):
    """What all tables share: constraints have names, a moment and an amount each have one type."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, Decimal: Cents}


class UserRow(Base):
    """An account."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(text_of(64), unique=True)
    email: Mapped[str] = mapped_column(text_of(254), unique=True)
    full_name: Mapped[str] = mapped_column(text_of(100))
    role: Mapped[Role] = mapped_column(
        Enum(Role, native_enum=False, create_constraint=True, length=20, values_callable=list, name="role")
    )
    is_active: Mapped[bool] = mapped_column(default=True)
    hashed_password: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    token_generation: Mapped[int] = mapped_column(default=0)
    kept_token: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None]


class ItemRow(Base):
    """Something in stock. `name_folded` is the name under case folding, for searches."""

    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("quantity >= 0", name="quantity"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(text_of(100), index=True)
    name_folded: Mapped[str] = mapped_column(text_of(300), server_default="")
    description: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(index=True)
    quantity: Mapped[int]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class RevocationRow(Base):
    """A token that was recalled: the SHA-256 of its `jti`, which may be of any length."""

    __tablename__ = "revocations"

    digest: Mapped[str] = mapped_column(text_of(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


def as_plain(row: Base, kind: type[Plain]) -> Plain:
    """Return the plain object that has each of its fields from the column of that name."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})  # type: ignore[arg-type]
