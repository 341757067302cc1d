"""Recalled tokens in the database."""

import hashlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.db.rows import RevocationRow


def _digest(jti: str) -> str:
    return hashlib.sha256(jti.encode()).hexdigest()


class SqlRevocations:
    """The `Revocations` of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, jti: str, expires_at: datetime) -> None:
        try:
            async with self._session.begin_nested():
                self._session.add(RevocationRow(digest=_digest(jti), expires_at=expires_at))
        except IntegrityError:
            return

    async def contains(self, jti: str) -> bool:
        found = select(RevocationRow.digest).where(RevocationRow.digest == _digest(jti))
        return await self._session.scalar(found) is not None

    async def purge(self, now: datetime) -> None:
        over = select(RevocationRow.digest).where(RevocationRow.expires_at <= now).with_for_update(skip_locked=True)
        await self._session.execute(delete(RevocationRow).where(RevocationRow.digest.in_(over)))
