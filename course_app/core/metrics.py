"""Numbers about the application, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """The numbers of one application, in a registry of its own.

    No label may hold what a client chose freely: each new value of a label is a new time series that is kept for ever.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("http_requests_total", "Requests.", labels, registry=self._registry)
        self._seconds = Histogram(
            "http_request_duration_seconds", "How long requests took.", labels[:2], registry=self._registry
        )
        self._audit = Counter("audit_events_total", "Events of the audit log.", ("event",), registry=self._registry)

    def count_request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request that is over. `route` is a template, None if no route was found."""
        where = (method if method in METHODS else "other", route or "none")
        self._requests.labels(*where, str(status)).inc()
        self._seconds.labels(*where).observe(seconds)

    def count_event(self, event: str) -> None:
        """Count an event of the audit log."""
        self._audit.labels(event).inc()

    def text(self) -> bytes:
        """All numbers, in the text format of Prometheus."""
        return generate_latest(self._registry)
