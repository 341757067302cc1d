"""Everything under /api/v1."""

from fastapi import APIRouter

from course_app.api.v1 import auth, emails, export, items, jobs, me, reservations, sessions, users
from course_app.schemas.responses import errors_of

api_router = APIRouter(prefix="/api/v1", responses=errors_of(413, 429, 500))
api_router.include_router(auth.router, prefix="/auth", tags=["auth"])
api_router.include_router(sessions.router, prefix="/auth", tags=["auth"])
api_router.include_router(me.router, prefix="/users", tags=["users"])
api_router.include_router(users.router, prefix="/users", tags=["users"])
api_router.include_router(export.router, prefix="/items", tags=["items"])
api_router.include_router(items.router, prefix="/items", tags=["items"])
api_router.include_router(reservations.router, prefix="/items", tags=["items"])
api_router.include_router(emails.router, prefix="/emails", tags=["emails"])
api_router.include_router(jobs.router, prefix="/jobs", tags=["jobs"])
