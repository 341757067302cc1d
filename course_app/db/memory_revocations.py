"""Recalled tokens on `Tables`."""

from datetime import datetime

from course_app.db.tables import Tables


class MemoryRevocations:
    """The `Revocations` of these tables."""

    def __init__(self, tables: Tables) -> None:
        self._rows = tables["rows"].setdefault("revocations", {})

    async def add(self, jti: str, expires_at: datetime) -> None:
        self._rows[jti] = {"expires_at": expires_at}

    async def contains(self, jti: str) -> bool:
        return jti in self._rows

    async def purge(self, now: datetime) -> None:
        for jti in [jti for jti, row in self._rows.items() if row["expires_at"] <= now]:
            del self._rows[jti]
