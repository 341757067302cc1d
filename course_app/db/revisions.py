"""What state the data is in, as a text that is never the same again."""

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from course_app.db.rows import Base
from course_app.db.session import Sessions

ITEMS = "items"


class RevisionRow(Base):
    """The revision of some data. Triggers renew it with every change of them, in the transaction of the change."""

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(50))


async def current_revision(name: str, sessions: Sessions) -> str:
    """Return the revision as of the last commit."""
    async with sessions() as session:
        return (await session.scalars(select(RevisionRow.value).where(RevisionRow.name == name))).one()
