"""Judges what a check's process reported: nothing counts as passed that was not run to its end and said so."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

from coursekit.check_messages import Explainer, sentence, shown
from coursekit.check_request import IMPORT_ONLY, Request, RunFolder
from coursekit.check_result import CheckerError, CheckOutcome, CheckResult, CheckState, Outcome
from coursekit.check_watch import MOST_PROCESSES, Ended

_SEVERITY: tuple[CheckState, ...] = ("passed", "not_run", "error", "failed")


def judge(request: Request, folder: RunFolder, ended: Ended) -> CheckResult:
    """Make the result of one check. Raise `CheckerError` when the checks themselves are at fault."""
    claims = _Claims(ended.results, request.nonce)
    if claims.fault is not None:
        raise CheckerError(f"The checks of exercise {request.exercise} cannot be loaded: {claims.fault}.")
    if claims.collected is None:
        raise CheckerError(
            f"The checks of exercise {request.exercise} could not be started: {ended.printed.strip()[-500:]}"
        )
    if not claims.collected and request.exercise != IMPORT_ONLY:
        raise CheckerError(f"Exercise {request.exercise} has no checks: no test is marked with it.")
    explain = Explainer(request.exercise, folder.tree, request.file)
    message = _why_it_ended(request, ended, claims, explain)
    checks = claims.checks()
    outcome: Outcome
    if ended.stopped == "time":
        outcome = "timed_out"
    elif message is not None:
        outcome = "error"
    elif all(check.outcome == "passed" for check in checks):
        outcome = "passed"
    elif claims.only_stubs():
        outcome = "not_attempted"
    else:
        outcome = "failed"
    if message is not None and claims.error is not None:
        checks = [CheckOutcome(check.name, check.title, "not_run") for check in checks]
    return CheckResult(request.exercise, outcome, ended.seconds, checks, message, ended.printed)


class _Claims:
    """The lines of the report that carry the nonce; the first of each kind counts."""

    def __init__(self, results: str, nonce: str) -> None:
        self.collected: list[Mapping[str, str]] | None = None
        self.fault: str | None = None
        self.error: str | None = None
        self.done = False
        self.started: int | None = None
        self._verdicts: dict[int, Mapping[str, Any]] = {}
        for text in results.splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict) and line.get("nonce") == nonce:
                self._take(line)

    def _take(self, line: dict[str, Any]) -> None:
        if "fault" in line:
            self.fault = line["fault"]
        elif self.collected is None:
            self.collected = line.get("collected")
        elif "started" in line:
            self.started = line["started"]
        elif "check" in line:
            self._verdicts.setdefault(line["check"], line)
        elif "error" in line:
            self.error = line["error"]
        elif "done" in line:
            self.done = True

    @property
    def running(self) -> int | None:
        """The test that was begun and not ended."""
        return self.started if self.started is not None and self.started not in self._verdicts else None

    def only_stubs(self) -> bool:
        """Whether every failure came from the stub's NotImplementedError."""
        failures = [line for line in self._verdicts.values() if line["outcome"] != "passed"]
        return bool(failures) and not any(line["attempted"] for line in failures)

    def checks(self) -> list[CheckOutcome]:
        """One outcome for each test function: the worst that its parameters had."""
        merged: dict[str, CheckOutcome] = {}
        for index, test in enumerate(self.collected or []):
            line = self._verdicts.get(index)
            outcome: CheckState = line["outcome"] if line else "not_run"
            message = line["message"] if line else None
            if line is None and index == self.running:
                outcome, message = "error", "This check did not come to its end."
            check = CheckOutcome(test["name"], test["title"], outcome, message)
            known = merged.get(test["id"])
            if known is None or _SEVERITY.index(outcome) > _SEVERITY.index(known.outcome):
                merged[test["id"]] = check
        return list(merged.values())


def _why_it_ended(request: Request, ended: Ended, claims: _Claims, explain: Explainer) -> str | None:
    """Why the whole run went wrong, or None when it came to its end."""
    place = explain.place_in_dump(ended.crash)
    where = f" in {place}" if place else f" in {shown(request.file)}"
    running = claims.running
    during = f', during the check "{(claims.collected or [])[running]["title"]}"' if running is not None else ""
    if ended.stopped == "time":
        return sentence(
            f"Still running after {request.time_limit:g} seconds and stopped{where}{during}: "
            "look for a loop that never ends, or a wait for something that never comes."
        )
    if ended.stopped == "memory":
        return sentence(
            f"Stopped{where}{during} because it used more than {request.memory_limit / 2**30:.2g} GiB of memory: "
            "look for something that grows without bound."
        )
    if ended.stopped == "processes":
        return sentence(
            f"Stopped{where}{during} because it started more than {MOST_PROCESSES} processes: "
            "look for a fork that repeats itself."
        )
    if ended.returncode is not None and ended.returncode < 0:
        return sentence(f"Python itself was ended by {_signal_name(-ended.returncode)}{where}{during}: {_ADVICE}.")
    if claims.error is not None:
        return claims.error
    if not claims.done:
        return sentence(
            f"{shown(request.file)} ended the whole program (exit status {ended.returncode}){during} before the "
            "checks were done: take out os._exit and the like."
        )
    if ended.returncode != 0:
        return sentence(f"The program ended with exit status {ended.returncode} after the checks: {_ADVICE}.")
    return None


_ADVICE = "look for a call that ends or crashes the process"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
