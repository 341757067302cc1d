"""The jobs in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Enum, ForeignKey, Index, String, Text, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from course_app.db.jobs import Job, JobStatus
from course_app.db.locks import kept
from course_app.db.rows import Base, UserRow, as_plain
from course_app.db.session import Sessions
from course_app.db.types import BigId

OPEN = (JobStatus.PENDING, JobStatus.STARTED)


class JobRow(Base):
    """A job. No owner has two with one key; in an index, every NULL is another one."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_key", "owner_id", "key", unique=True),
        CheckConstraint("(status = 'succeeded') = (result IS NOT NULL)", name="result"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="error"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    data_id: Mapped[int] = mapped_column(BigId)
    key: Mapped[str | None] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    status: Mapped[JobStatus] = mapped_column(
        Enum(JobStatus, native_enum=False, create_constraint=True, length=20, values_callable=list, name="status")
    )
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)


class SqlJobs:
    """The `JobRepository` of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _one(self, *where: Any) -> Job | None:
        row = await self._session.scalar(select(JobRow).where(*where))
        return None if row is None else as_plain(row, Job)

    async def get(self, job_id: str) -> Job | None:
        return await self._one(JobRow.id == job_id)

    async def by_key(self, owner_id: int, key: str) -> Job | None:
        return await self._one(JobRow.owner_id == owner_id, JobRow.key == key)

    async def add(self, job: Job) -> bool:
        owner_id = await self._still_there(job.owner_id)
        insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        added = insert(JobRow).values({**vars(job), "owner_id": owner_id}).on_conflict_do_nothing()
        return await self._session.scalar(added.returning(JobRow.id)) is not None

    async def _still_there(self, owner_id: int | None) -> int | None:
        """The id, if the account has not been deleted since the request began; it cannot be from here on.

        A deletion locks the account and then its jobs. Whoever changes a job of an account locks in the same order.
        """
        return await self._session.scalar(kept(select(UserRow.id).where(UserRow.id == owner_id)))

    async def release(self, owner_id: int, key: str, until: datetime) -> None:
        await self._still_there(owner_id)
        old = update(JobRow).where(JobRow.owner_id == owner_id, JobRow.key == key, JobRow.created_at <= until)
        await self._session.execute(old.values(key=None))

    async def withdraw(self, job_id: str) -> None:
        pending = JobRow.status == JobStatus.PENDING
        await self._session.execute(delete(JobRow).where(JobRow.id == job_id, pending))


class SqlJobStore:
    """The `JobStore` of a database."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def _change(self, job_id: str, **values: Any) -> int | None:
        """Change a job that is not over: of several at once, each sees what the one before it left."""
        changed = update(JobRow).where(JobRow.id == job_id, JobRow.status.in_(OPEN)).values(**values)
        async with self._sessions.begin() as session:
            data_id: int | None = await session.scalar(changed.returning(JobRow.data_id))
            return data_id

    async def start(self, job_id: str) -> int | None:
        return await self._change(job_id, status=JobStatus.STARTED)

    async def succeed(self, job_id: str, result: dict[str, Any]) -> None:
        await self._change(job_id, status=JobStatus.SUCCEEDED, result=result)

    async def fail(self, job_id: str, error: str) -> None:
        await self._change(job_id, status=JobStatus.FAILED, error=error)
