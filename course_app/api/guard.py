"""What routes need to hold off guesses and to write the audit log."""

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from course_app.api.session import SessionDep
from course_app.core import audit
from course_app.core.identity import identity_of
from course_app.core.metrics import Metrics
from course_app.services.guard import Guard


class Audit(audit.Audit):
    """The audit log of one request, which also counts what it writes."""

    def __init__(self, address: str | None, by: str | None, metrics: Metrics, session: AsyncSession) -> None:
        super().__init__(address, by)
        self._metrics = metrics
        self._session = session

    def record(self, event: audit.Event, account: str | None, **facts: str) -> None:
        """Write one event at once."""
        self._metrics.count_event(event)
        super().record(event, account, **facts)

    def when_committed(self, name: audit.Event, account: str, **facts: str) -> None:
        """Write one event when it is true: when the transaction of this request has been committed."""

        def write(_: object) -> None:
            self.record(name, account, **facts)

        event.listen(self._session.sync_session, "after_commit", write, once=True)


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


async def get_audit(request: Request, session: SessionDep) -> Audit:
    """The audit log, as this request writes it."""
    claims = identity_of(request.scope).claims
    by = claims.subject if claims else None
    return Audit(_address(request), by, request.app.state.metrics, session)


AuditDep = Annotated[Audit, Depends(get_audit)]


async def get_guard(request: Request, audit_log: AuditDep) -> Guard:
    """What holds off guesses from the address of this request."""
    return Guard(request.app.state.login_throttle, audit_log, _address(request))


GuardDep = Annotated[Guard, Depends(get_guard)]
