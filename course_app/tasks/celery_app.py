"""Celery, as this application uses it."""

import re
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from celery import Celery

from course_app.core.startup import ConfigurationError

RUN_JOB = "course_app.run_job"
QUEUE = "course_app.jobs"
ANSWER_SECONDS = 0.35
"""How long a broker may take to answer, when a job is handed to it: two such waits fit into the 0.8 s of `JobQueue`."""


def new_celery(broker_url: str, *, result_backend: str | None = None) -> Celery:
    """Return a Celery application that talks to this broker. Nothing is connected yet.

    Raise `ConfigurationError` for a URL that Celery cannot read.
    """
    celery = Celery("course_app", broker=broker_url, backend=result_backend, set_as_current=False)
    celery.conf.update(
        task_default_queue=QUEUE,
        task_acks_late=True,  # a message is done with when the job is, not when a worker took it
        task_reject_on_worker_lost=True,  # and goes back to the queue when the worker's process dies
        task_ignore_result=result_backend is None,  # how a job ended stands in our own table
        worker_prefetch_multiplier=1,  # no message waits for a busy worker while another is idle
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": 60, "unacked_restore_throttle": 1},
    )
    try:
        if not re.match("[a-z+]+://", broker_url):
            raise ValueError
        celery.connection_for_write().get_transport_cls()  # imports now what a first job would have to wait for
    except (ImportError, KeyError, ValueError):
        raise ConfigurationError("CELERY_BROKER_URL: must be a URL that Celery can use, as redis://host/0") from None
    return celery


def add_task(celery: Celery, run: Callable[..., None]) -> None:
    """Let workers of this application call `run` for each job: again and again, as long as it raises."""

    def run_job(*arguments: str) -> None:
        run(*arguments)

    again = {"autoretry_for": (Exception,), "max_retries": None, "retry_backoff": True, "retry_backoff_max": 30}
    celery.task(name=RUN_JOB, shared=False, **again)(run_job)


class Broker:
    """Hands jobs to a broker, and waits for it no longer than a moment."""

    def __init__(self, broker_url: str) -> None:
        self._celery = new_celery(broker_url)
        self._celery.conf.update(
            task_publish_retry_policy={"max_retries": 1, "interval_start": 0},
            broker_transport_options={
                "socket_connect_timeout": ANSWER_SECONDS,
                "socket_timeout": ANSWER_SECONDS,
                "max_retries": 0,
            },
        )
        self._probing = CapacityLimiter(2)
        for what in ("amqp", "events", "tasks", "AsyncResult"):
            getattr(self._celery, what)

    def send(self, job_id: str) -> None:
        """Hand it over. Raises whatever Celery raises when no broker answers."""
        self._celery.send_task(RUN_JOB, (job_id,))

    def ping(self) -> None:
        """Raise if no broker answers."""
        with self._celery.connection_for_write() as connection:
            connection.default_channel  # noqa: B018

    async def probe(self) -> None:
        """Do so in a thread: in one of two, however many ask, and not in everybody's."""
        await to_thread.run_sync(self.ping, limiter=self._probing, abandon_on_cancel=True)
