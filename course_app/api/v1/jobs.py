"""Jobs: /api/v1/jobs."""

from typing import Annotated

from fastapi import Path, Request, Response

from course_app.api.deps import CurrentUser
from course_app.api.jobs import JobKey, JobsDep
from course_app.api.strict import strict_router
from course_app.schemas.fields import Storable
from course_app.schemas.jobs import JobCreate, JobRead
from course_app.schemas.responses import APIResponse, errors_of, ok

router = strict_router()
JobId = Annotated[str, Path(), Storable]


@router.post("", status_code=202, responses=errors_of(401, 403, 422, 503))
async def create_job(
    body: JobCreate, key: JobKey, caller: CurrentUser, jobs: JobsDep, request: Request, response: Response
) -> APIResponse[JobRead]:
    """Have a report made. The answer's `Location` is where to ask for it."""
    job = await jobs.submit(caller, body, key)
    response.headers["Location"] = str(request.app.url_path_for("get_job", job_id=job.id))
    return ok(JobRead.model_validate(job))


@router.get("/{job_id}", responses=errors_of(401, 404, 422))
async def get_job(job_id: JobId, caller: CurrentUser, jobs: JobsDep) -> APIResponse[JobRead]:
    """How far a job is, and what came of it."""
    return ok(JobRead.model_validate(await jobs.get(job_id, caller)))
