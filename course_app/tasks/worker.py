"""The worker process: `celery -A course_app.tasks.worker worker`, with the settings of the application."""

from celery.signals import setup_logging

from course_app.core.logging import log_as_json
from course_app.core.startup import ConfigurationError, load_settings
from course_app.tasks.celery_app import add_task, new_celery
from course_app.tasks.runner import JobRunner

settings = load_settings()
setup_logging.connect(lambda **_: log_as_json(), weak=False)
if settings.CELERY_BROKER_URL is None or settings.DATABASE_URL is None:
    raise ConfigurationError("A worker process needs CELERY_BROKER_URL and DATABASE_URL.")
app = new_celery(settings.CELERY_BROKER_URL, result_backend=settings.CELERY_RESULT_BACKEND)
add_task(app, JobRunner(settings.DATABASE_URL))
