"""Jobs for an application that was given no broker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Lock
from uuid import uuid4

from celery import Celery

from course_app.tasks.celery_app import RUN_JOB, add_task, new_celery
from course_app.tasks.in_process import start_broker, start_worker

Run = Callable[[str], None]


class EmbeddedWorker:
    """One broker and one worker for all applications of a process. They start at the first job."""

    def __init__(self) -> None:
        self._starting = Lock()
        self._celery: Celery | None = None
        self._runs: dict[str, tuple[Run, Lock]] = {}

    @contextmanager
    def attached(self, run: Run) -> Iterator[Callable[[str], None]]:
        """Yield what sends a job here, to be done by `run`. A job whose turn comes after the end is dropped."""
        address, busy = uuid4().hex, Lock()
        self._runs[address] = run, busy
        try:
            yield partial(self._send, address)
        finally:
            del self._runs[address]
            busy.acquire(timeout=5)  # a job that is being done still needs the database

    def _send(self, address: str, job_id: str) -> None:
        with self._starting:
            if self._celery is None:
                celery = new_celery(start_broker())
                add_task(celery, self._run)
                start_worker(celery)
                self._celery = celery
        self._celery.send_task(RUN_JOB, (job_id, address))

    def _run(self, job_id: str, address: str) -> None:
        run, busy = self._runs.get(address, (None, Lock()))
        with busy:
            if run is not None and address in self._runs:
                run(job_id)


embedded_worker = EmbeddedWorker()
"""The one of this process."""
