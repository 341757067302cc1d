"""Every middleware of the application, in the one order that works."""

from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware import Middleware

from course_app.core.clock import Clock
from course_app.core.config import Settings
from course_app.core.redis_gate import RedisGate
from course_app.core.redis_window import RedisWindow
from course_app.middleware.access_log import AccessLogMiddleware
from course_app.middleware.authentication import AuthenticationMiddleware
from course_app.middleware.body_limit import BodyLimitMiddleware
from course_app.middleware.cache_control import CacheControlMiddleware
from course_app.middleware.client_address import ClientAddressMiddleware
from course_app.middleware.compression import CompressionMiddleware
from course_app.middleware.conditional import ConditionalMiddleware
from course_app.middleware.cors import CORSMiddleware
from course_app.middleware.head import HeadMiddleware
from course_app.middleware.rate_limit import RateLimitMiddleware
from course_app.middleware.request_id import RequestIDMiddleware
from course_app.middleware.server_error import ServerErrorMiddleware
from course_app.middleware.strict_path import StrictPathMiddleware


def outermost_first(settings: Settings, clock: Clock, gate: RedisGate) -> list[Middleware]:
    """Return the stack: what comes first sees each request first, and each answer last."""
    window = RedisWindow(gate, clock=clock, window=timedelta(minutes=1), prefix="requests")
    return [
        Middleware(RequestIDMiddleware),
        Middleware(ClientAddressMiddleware, settings.TRUSTED_PROXIES),
        Middleware(AccessLogMiddleware),
        Middleware(HeadMiddleware),
        Middleware(CORSMiddleware, settings.ALLOWED_ORIGINS),
        Middleware(CacheControlMiddleware),
        Middleware(ServerErrorMiddleware),
        Middleware(ConditionalMiddleware),
        Middleware(CompressionMiddleware),
        Middleware(BodyLimitMiddleware),
        Middleware(AuthenticationMiddleware, settings, clock),
        Middleware(RateLimitMiddleware, window, settings.RATE_LIMIT_PER_MINUTE),
        Middleware(StrictPathMiddleware),
    ]


def install_middleware(app: FastAPI) -> None:
    """Put the stack around an application that has its settings, clock and Redis gate in `app.state`."""
    for entry in reversed(outermost_first(app.state.settings, app.state.clock, app.state.redis_gate)):
        app.add_middleware(entry.cls, *entry.args, **entry.kwargs)  # the one added last is outermost
