"""Three routes of the course's app on the same tables, with nothing around them: what `make load` compares with."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from jose import jwt
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.db.rows import ItemRow, UserRow
from course_app.db.session import new_engine, new_sessions

sessions = new_sessions(new_engine(os.environ["DATABASE_URL"]))
app = FastAPI()


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session, committed before the answer."""
    async with sessions() as session, session.begin():
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]


async def get_user(session: SessionDep, token: Annotated[str, Depends(OAuth2PasswordBearer("token"))]) -> UserRow:
    """The account of a token that the course's app has issued."""
    claims = jwt.decode(token, os.environ["SECRET_KEY"], algorithms=["HS256"])
    user = await session.scalar(select(UserRow).where(UserRow.key == claims["sub"]))
    if user is None:
        raise HTTPException(401)
    return user


UserDep = Annotated[UserRow, Depends(get_user)]


class UserOut(BaseModel):
    """An account."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    full_name: str
    role: str
    is_active: bool
    created_at: datetime


class ItemOut(BaseModel):
    """An item."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: str | None
    price: Decimal
    quantity: int
    owner_id: int | None
    created_at: datetime
    updated_at: datetime


class ItemsOut(BaseModel):
    """A page of items."""

    items: list[ItemOut]
    total: int


class Wanted(BaseModel):
    """How many pieces."""

    quantity: int


@app.get("/api/v1/items")
async def read_items(session: SessionDep, skip: int = 0, limit: int = 20) -> ItemsOut:
    """One page."""
    rows = await session.scalars(select(ItemRow).order_by(ItemRow.id).offset(skip).limit(limit))
    total = await session.scalar(select(func.count()).select_from(ItemRow))
    return ItemsOut(items=[ItemOut.model_validate(row) for row in rows], total=total or 0)


@app.get("/api/v1/users/me")
async def read_me(user: UserDep) -> UserOut:
    """The caller's account."""
    return UserOut.model_validate(user)


@app.post("/api/v1/items/{item_id}/reserve")
async def reserve(item_id: int, wanted: Wanted, session: SessionDep, _: UserDep) -> ItemOut:
    """Take pieces out of stock."""
    enough = update(ItemRow).where(ItemRow.id == item_id, ItemRow.quantity >= wanted.quantity)
    changes = {
        "quantity": ItemRow.quantity - wanted.quantity,
        "version": ItemRow.version + 1,
        "updated_at": datetime.now(UTC),
    }
    row = await session.scalar(enough.values(changes).returning(ItemRow))
    if row is None:
        raise HTTPException(409)
    return ItemOut.model_validate(row)
