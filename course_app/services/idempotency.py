"""The same request twice is one job."""

import hashlib
import json
from datetime import datetime, timedelta

from pydantic import BaseModel

from course_app.core.errors import Unprocessable
from course_app.db.jobs import Job, JobRepository

KEY_LIFE = timedelta(hours=24)


def fingerprint(body: BaseModel) -> str:
    """Return a text that is the same for the same body, whatever the order of its fields was."""
    canonical = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


async def job_of_key(job: Job, owner_id: int, key: str, *, jobs: JobRepository, now: datetime) -> Job:
    """Store `job` under the key, or return the job that the owner's key has stood for since less than `KEY_LIFE`.

    Raise `Unprocessable` if that one came of another body.
    """
    await jobs.release(owner_id, key, until=now - KEY_LIFE)
    if await jobs.add(job):
        return job
    known = await jobs.by_key(owner_id, key)
    if known is None or known.fingerprint != job.fingerprint:
        raise Unprocessable("header.Idempotency-Key: stands for a request with another body")
    return known
