"""What happened to accounts: records for those who look into an incident later."""

import logging
from typing import Literal, get_args

Event = Literal[
    "registered",
    "login",
    "login_failed",
    "logout",
    "password_changed",
    "role_changed",
    "deactivated",
    "deleted",
    "throttled",
]
WARNINGS = ("login_failed", "throttled")
FACTS = ("role",)
"""What a record may tell beside who, whom and where. What is not here cannot get into the log."""

logger = logging.getLogger("course_app.audit")


class Audit:
    """The audit log, as requests from one address write it. `by` is the key of the account that is signed in."""

    def __init__(self, address: str | None, by: str | None = None) -> None:
        self._address = address
        self._by = by

    def record(self, event: Event, account: str | None, **facts: str) -> None:
        """Write one event. `account` is the key of an account, None if there is none.

        Raise `ValueError`, and write nothing, for an event or a fact that is not among ours.
        """
        if event not in get_args(Event) or not facts.keys() <= set(FACTS):
            raise ValueError("no event or no fact of the audit log")
        level = logging.WARNING if event in WARNINGS else logging.INFO
        about = {"audit": True, "account": account, "address": self._address, "by": self._by}
        logger.log(level, event, extra={**facts, **about})
