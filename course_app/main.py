"""The application: `create_app` puts the parts together, `app` is what uvicorn serves."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

from fakeredis import FakeServer
from fastapi import FastAPI

from course_app.api import docs, health
from course_app.api.errors import install_error_handlers
from course_app.api.metrics import MetricsRoute
from course_app.api.oauth import answer_oauth_error
from course_app.api.v1.router import api_router
from course_app.core.application import new_application
from course_app.core.cache import Cache
from course_app.core.clock import Clock, utc_now
from course_app.core.config import Settings
from course_app.core.errors import OAuthError
from course_app.core.hashing import Hashing
from course_app.core.logging import log_as_json_if_served
from course_app.core.metrics import Metrics
from course_app.core.passwords import CHEAP, STRONG
from course_app.core.redis import open_redis
from course_app.core.redis_gate import RedisGate
from course_app.core.redis_window import RedisWindow
from course_app.core.sliding_window import SlidingWindow
from course_app.core.startup import load_settings
from course_app.db.locks import alone
from course_app.db.migrations import migrate
from course_app.db.session import new_sessions, open_engine, ping
from course_app.db.sql_users import SqlUsers
from course_app.middleware.stack import install_middleware
from course_app.schemas.responses import errors_of
from course_app.services.email import Mail, OutboxMailer
from course_app.services.first_admin import make_first_admin
from course_app.services.item_pages import ItemPages
from course_app.services.item_source import SqlItemSource
from course_app.services.mail_quota import MailQuota
from course_app.services.smtp import SmtpMailer
from course_app.services.throttle import LoginThrottle
from course_app.services.users import UserService
from course_app.tasks.celery_app import Broker
from course_app.tasks.embedded import embedded_worker
from course_app.tasks.queue import JobQueue
from course_app.tasks.runner import JobRunner


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what the application needs when it starts, close it when it stops."""
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(open_engine(settings.DATABASE_URL))
        redis = await stack.enter_async_context(open_redis(settings.REDIS_URL, app.state.fake_redis))
        app.state.redis = app.state.redis_gate.redis = redis
        app.state.probes = {"database": partial(ping, engine), "redis": redis.ping}
        app.state.sessions = new_sessions(engine)
        source = SqlItemSource(app.state.sessions, app.state.clock)
        app.state.item_pages = ItemPages(source, Cache(app.state.redis_gate))
        if settings.CELERY_BROKER_URL is None:
            runner = JobRunner(engine.url.render_as_string(hide_password=False))
            send = stack.enter_context(app.state.embedded_worker.attached(runner))
            app.state.queue = JobQueue(send, seconds=30)  # it does not fail, but the first job has to start it
        else:
            broker = Broker(settings.CELERY_BROKER_URL)
            app.state.queue = JobQueue(broker.send)
            app.state.probes["broker"] = broker.probe
        await migrate(engine)
        async with app.state.sessions.begin() as session:
            await alone(await session.connection())
            users = SqlUsers(session)
            await make_first_admin(settings, users, UserService(users, app.state.clock, app.state.hashing))
        yield


def create_app(settings: Settings | None = None, *, clock: Clock = utc_now) -> FastAPI:
    """Return a new application. Without settings, read them from the environment (`ConfigurationError`)."""
    settings = settings or load_settings()
    app = new_application(settings, clock=clock, lifespan=lifespan)
    app.router.redirect_slashes = False
    app.state.fake_redis = FakeServer() if settings.REDIS_URL is None else None
    app.state.redis_gate = RedisGate()
    app.state.embedded_worker = embedded_worker
    app.state.outbox = list[Mail]()
    app.state.mailer = OutboxMailer(app.state.outbox) if settings.SMTP_URL is None else SmtpMailer(settings.SMTP_URL)
    day = RedisWindow(app.state.redis_gate, clock=clock, window=timedelta(days=1), prefix="emails")
    app.state.mail_quota = MailQuota(day)
    quarter = timedelta(minutes=15)
    shared = RedisWindow(app.state.redis_gate, clock=clock, window=quarter, prefix="failures")
    app.state.login_throttle = LoginThrottle(shared, SlidingWindow(clock=clock, window=quarter))
    app.state.metrics = Metrics()
    app.state.hashing = Hashing(CHEAP if settings.ENVIRONMENT == "test" else STRONG)
    install_error_handlers(app)
    app.add_exception_handler(OAuthError, answer_oauth_error)
    install_middleware(app)
    app.router.routes.append(MetricsRoute(app.state.metrics, settings.METRICS_ALLOWED))
    app.include_router(docs.router)
    app.include_router(health.router, responses=errors_of(413, 500))
    app.include_router(api_router)
    return app


log_as_json_if_served()
app = create_app()
