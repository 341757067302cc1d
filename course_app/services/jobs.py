"""Asking for jobs, and asking about them."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import uuid4

from course_app.core.clock import Clock
from course_app.core.errors import NotFound, ServiceUnavailable
from course_app.core.roles import Role
from course_app.db.jobs import Job, JobRepository, JobStatus
from course_app.db.models import User
from course_app.schemas.jobs import JobCreate
from course_app.services.idempotency import fingerprint, job_of_key


class Queue(Protocol):
    """What brings jobs to workers."""

    async def publish(self, job_id: str) -> None:
        """Hand a job to the broker. Raise `ServiceUnavailable`."""
        ...


class JobService:
    """The jobs of one unit of work, which `commit` ends."""

    def __init__(self, jobs: JobRepository, queue: Queue, clock: Clock, commit: Callable[[], Awaitable[None]]) -> None:
        self._jobs = jobs
        self._queue = queue
        self._clock = clock
        self._commit = commit

    async def submit(self, owner: User, body: JobCreate, key: str | None) -> Job:
        """Have a job done, or return the one that this key stands for. Raise `ServiceUnavailable`, `Unprocessable`."""
        now = self._clock()
        job = Job(str(uuid4()), owner.id, body.data_id, fingerprint(body), now, key)
        if key is None:
            await self._jobs.add(job)
        else:
            job = await job_of_key(job, owner.id, key, jobs=self._jobs, now=now)
        await self._commit()  # first: a worker that gets the message has to find the job
        if job.status == JobStatus.PENDING:
            await self._publish(job)
        return job

    async def _publish(self, job: Job) -> None:
        """Hand the job to the broker. One that stays behind is queued by the next request with its key."""
        try:
            await self._queue.publish(job.id)
        except ServiceUnavailable:
            if job.key is None:
                await self._jobs.withdraw(job.id)
                await self._commit()
            raise

    async def get(self, job_id: str, caller: User) -> Job:
        """The job, for its owner and for admins. Raise `NotFound` for everybody else."""
        job = await self._jobs.get(job_id)
        if job is None or (caller.role != Role.ADMIN and job.owner_id != caller.id):
            raise NotFound("There is no such job.")
        return job
