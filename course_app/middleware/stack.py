"""Every middleware of the application, in the one order that works."""

from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware import Middleware

from course_app.core.clock import Clock
from course_app.core.config import Settings
from course_app.core.metrics import Metrics
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
from course_app.middleware.https_redirect import HTTPSRedirectMiddleware
from course_app.middleware.log_context import LogContextMiddleware
from course_app.middleware.metrics import MetricsMiddleware
from course_app.middleware.rate_limit import RateLimitMiddleware
from course_app.middleware.request_id import RequestIDMiddleware
from course_app.middleware.security_headers import SecurityHeadersMiddleware
from course_app.middleware.server_error import ServerErrorMiddleware
from course_app.middleware.strict_path import StrictPathMiddleware
from course_app.middleware.trusted_host import TrustedHostMiddleware


def outermost_first(settings: Settings, clock: Clock, gate: RedisGate, metrics: Metrics) -> list[Middleware]:
    """Return the stack: what comes first sees each request first, and each answer last."""
    window = RedisWindow(gate, clock=clock, window=timedelta(minutes=1), prefix="requests")
    redirect = [Middleware(HTTPSRedirectMiddleware)] if settings.ENVIRONMENT == "production" else []
    return [
        Middleware(RequestIDMiddleware),
        Middleware(LogContextMiddleware),
        Middleware(ClientAddressMiddleware, settings.TRUSTED_PROXIES),
        Middleware(AccessLogMiddleware),
        Middleware(MetricsMiddleware, metrics),
        Middleware(SecurityHeadersMiddleware),
        Middleware(HeadMiddleware),
        Middleware(TrustedHostMiddleware, settings.ALLOWED_HOSTS, settings.ALLOWED_ORIGINS),
        Middleware(CORSMiddleware, settings.ALLOWED_ORIGINS),
        Middleware(CacheControlMiddleware),
        *redirect,
        Middleware(ServerErrorMiddleware),
        Middleware(ConditionalMiddleware),
        Middleware(CompressionMiddleware),
        Middleware(BodyLimitMiddleware),
        Middleware(AuthenticationMiddleware, settings, clock),
        Middleware(RateLimitMiddleware, window, settings.RATE_LIMIT_PER_MINUTE),
        Middleware(StrictPathMiddleware),
    ]


def install_middleware(app: FastAPI) -> None:
    """Put the stack around an application that has its settings, clock, gate and metrics in `app.state`."""
    state = app.state
    for entry in reversed(outermost_first(state.settings, state.clock, state.redis_gate, state.metrics)):
        app.add_middleware(entry.cls, *entry.args, **entry.kwargs)  # the one added last is outermost
