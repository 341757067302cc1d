"""What routes need to have jobs done."""

from typing import Annotated

from fastapi import Depends, Header, Request
from pydantic import AfterValidator, WithJsonSchema

from course_app.api.deps import ClockDep
from course_app.api.session import SessionDep
from course_app.db.sql_jobs import SqlJobs
from course_app.schemas.jobs import one_key
from course_app.services.jobs import JobService

KEY_IN_OPENAPI = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
SentKeys = Annotated[
    list[str] | None, Header(alias="Idempotency-Key"), AfterValidator(one_key), WithJsonSchema(KEY_IN_OPENAPI)
]


async def read_key(sent: SentKeys = None) -> str | None:
    """What the client calls this request, or None where it does not say."""
    return None if sent is None else sent[0]


async def get_jobs(request: Request, session: SessionDep, clock: ClockDep) -> JobService:
    """What can be done with jobs."""
    return JobService(SqlJobs(session), request.app.state.queue, clock, session.commit)


JobKey = Annotated[str | None, Depends(read_key)]
JobsDep = Annotated[JobService, Depends(get_jobs)]
