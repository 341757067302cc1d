"""Jobs, as the services see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class JobStatus(StrEnum):
    """How far a job is. One that succeeded or failed is over, and never changes again."""

    PENDING = "pending"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass
class Job:
    """Something to be done when nobody waits for it.

    `key` is what its owner called the request, and `fingerprint` what the request said (see `services/idempotency.py`).
    """

    id: str
    owner_id: int | None
    data_id: int
    fingerprint: str
    created_at: datetime
    key: str | None = None
    status: JobStatus = JobStatus.PENDING
    result: dict[str, Any] | None = None
    error: str | None = None


class JobRepository(Protocol):
    """The jobs, for those who ask for them."""

    async def get(self, job_id: str) -> Job | None: ...

    async def add(self, job: Job) -> bool:
        """Store it. False, and nothing is stored, if its owner has a job with this key already."""
        ...

    async def by_key(self, owner_id: int, key: str) -> Job | None: ...

    async def release(self, owner_id: int, key: str, until: datetime) -> None:
        """Take this key from the owner's job if that was created at `until` or before. The job stays."""
        ...

    async def withdraw(self, job_id: str) -> None:
        """Delete the job, unless somebody has started it."""
        ...


class JobStore(Protocol):
    """The jobs, for those who do them. Each call is a unit of work of its own."""

    async def start(self, job_id: str) -> int | None:
        """Mark the job as started and return its `data_id`. None for a job that is over, or that nobody knows."""
        ...

    async def succeed(self, job_id: str, result: dict[str, Any]) -> None:
        """End the job with a result, unless it is over."""
        ...

    async def fail(self, job_id: str, error: str) -> None:
        """End the job with a sentence for its owner, unless it is over."""
        ...
