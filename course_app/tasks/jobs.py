"""What a worker does with a job."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from course_app.db.jobs import JobStore
from course_app.services.stock_report import JobRefused

Work = Callable[[int], Awaitable[dict[str, Any]]]

OUR_FAULT = "The job failed because of an error on our side."

logger = logging.getLogger("course_app.jobs")


async def run_job(job_id: str, *, store: JobStore, work: Work) -> None:
    """Do the job and store how it ended, however often it is delivered. What `store` raises is raised."""
    data_id = await store.start(job_id)
    if data_id is None:
        return
    try:
        result = await work(data_id)
    except JobRefused as refused:
        await store.fail(job_id, str(refused))
    except Exception:
        logger.exception("job failed", extra={"job": job_id})
        await store.fail(job_id, OUR_FAULT)
    else:
        await store.succeed(job_id, result)
