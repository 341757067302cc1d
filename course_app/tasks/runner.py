"""Jobs for a worker, which knows nothing of event loops."""

import asyncio
from typing import Any

from course_app.db.session import new_sessions, open_engine
from course_app.db.sql_items import SqlItems
from course_app.db.sql_jobs import SqlJobStore
from course_app.services.stock_report import stock_report
from course_app.tasks.jobs import run_job


class JobRunner:
    """Does jobs on one database, each in an event loop and with connections of its own."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def __call__(self, job_id: str) -> None:
        """Do the job, or raise what kept its end from being stored."""
        asyncio.run(self._run(job_id))

    async def _run(self, job_id: str) -> None:
        async with open_engine(self._database_url) as engine:
            sessions = new_sessions(engine)

            async def work(data_id: int) -> dict[str, Any]:
                async with sessions() as session:
                    return await stock_report(data_id, SqlItems(session))

            await run_job(job_id, store=SqlJobStore(sessions), work=work)
