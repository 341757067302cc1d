"""Checks answers: `Checker(course, 3).check(exercise, source)` runs an exercise's checks away from this process."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from coursekit.check_process import HelperProcess, command, environment
from coursekit.check_request import IMPORT_ONLY, Request, RunFolder
from coursekit.check_result import CheckerError, CheckOutcome, CheckResult, CheckState, Outcome
from coursekit.course import Course, Exercise

__all__ = ["CheckOutcome", "CheckResult", "CheckState", "Checker", "CheckerError", "Outcome"]

TIME_LIMIT = 10.0
LARGEST_SOURCE = 1_000_000
"""Characters of an answer or a file."""
MEMORY_LIMIT = 2 * 2**30
# What the helper may take beyond a check's own limit before it counts as lost.
GRACE = 20.0


class Checker:
    """Checks answers to one chapter's exercises. Threads may share it; it checks one answer at a time.

    `owned_dir` is a folder that the helper process deletes when this process ends, however it ends, or when `close` is
    called. `environment` is what the checked code finds in its environment beside ENVIRONMENT and SECRET_KEY.
    Where processes cannot fork (`fork=False`), each check starts a process of its own and takes two seconds longer.
    """

    def __init__(
        self,
        course: Course,
        chapter_number: int,
        *,
        owned_dir: Path | None = None,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        environment: Mapping[str, str] | None = None,
        fork: bool = hasattr(os, "fork"),
    ) -> None:
        self.course = course
        self.chapter = course.chapter(chapter_number)
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self.environment = dict(environment or {})
        self._owned_dir = owned_dir
        self._fork = fork
        self._helper: HelperProcess | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Checker:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the helper process and return at once; `check` waits for it where needed."""
        if self._fork:
            with self._lock:
                self._running()

    def check(self, exercise: Exercise, source: str, *, until: str | None = None) -> CheckResult:
        """Check `source`, the whole file, as an answer. Raise `CheckerError` when the checks are at fault.

        `until` names a check: once it objects, the rest is not run.
        """
        source = source.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
        if len(source) > LARGEST_SOURCE:
            said = f"The answer has {len(source):,} characters: at most {LARGEST_SOURCE:,} are checked, so shorten it."
            return CheckResult(exercise.id, "error", message=said)
        if exercise.is_stub(source):
            return CheckResult(
                exercise.id, "not_attempted", message="The stub is untouched: put your code in its place."
            )
        fault = _cannot_be_saved(source)
        if fault:
            return CheckResult(exercise.id, "error", message=f"{exercise.file.removeprefix('course_app/')}{fault}")
        files = self.course.app_at(exercise.chapter, exercise.cell) | {exercise.file: source}
        values = self._request(exercise.id, exercise.module, exercise.file, files) | {"until": until}
        if not self.chapter.checks_file.is_file():
            raise CheckerError(
                f"Chapter {self.chapter.number} has no checks yet: {self.chapter.checks_file} is missing."
            )
        with self._lock:
            return self._check_in_helper(exercise.id, values) if self._fork else self._check_in_process(values)

    def try_import(self, files: Mapping[str, str]) -> str | None:
        """Import `course_app.main` of these files (path to source) away from this process. Return why it fails."""
        if not self._fork:
            return None
        values = self._request(IMPORT_ONLY, "course_app.main", "course_app/main.py", files)
        with self._lock:
            return self._check_in_helper(IMPORT_ONLY, values).message

    def close(self, *, keep_owned_dir: bool = False) -> None:
        """End the helper, which deletes `owned_dir` unless that is to be kept."""
        with self._lock:
            if self._helper is not None:
                self._helper.close(keep_owned_dir=keep_owned_dir)
                self._helper = None
        if self._owned_dir is not None and not keep_owned_dir:
            shutil.rmtree(self._owned_dir, ignore_errors=True)

    def _request(self, exercise_id: str, module: str, file: str, files: Mapping[str, str]) -> dict[str, Any]:
        """The values of a `Request`, but for its nonce: that is made where the check runs."""
        return {
            "exercise": exercise_id,
            "module": module,
            "file": file,
            "files": dict(files),
            "time_limit": self.time_limit,
            "memory_limit": self.memory_limit,
            "environment": self.environment,
        }

    def _running(self) -> HelperProcess:
        if self._helper is not None and not self._helper.alive():
            self._helper.kill()
            self._helper = None
        if self._helper is None:
            self._helper = HelperProcess(self.chapter.checks_file, self._owned_dir)
        return self._helper

    def _check_in_helper(self, exercise_id: str, values: dict[str, Any]) -> CheckResult:
        started = time.perf_counter()
        helper = self._running()
        try:
            helper.wait_until_ready()
        except CheckerError:
            helper.kill()
            self._helper = None
            raise
        try:
            reply = helper.ask(values, self.time_limit + GRACE)
        except KeyboardInterrupt:
            # The interrupted check would go on, and the next one would wait for it.
            helper.kill()
            self._helper = None
            raise
        if reply is None:
            helper.kill()
            self._helper = None
            return CheckResult(
                exercise_id,
                "error",
                time.perf_counter() - started,
                message="The checker was ended while it ran your code, and has been started again: "
                "take out what ends or stops other processes.",
            )
        if "fault" in reply:
            raise CheckerError(str(reply["fault"]))
        return _result(reply["result"])

    def _check_in_process(self, values: dict[str, Any]) -> CheckResult:
        from coursekit import check_verdict, check_watch

        request = Request(nonce=secrets.token_hex(16), **values)
        with tempfile.TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True) as name:
            folder = RunFolder(Path(name).resolve() / "run")
            folder.prepare(request)
            (folder.path / "request.json").write_text(json.dumps(asdict(request)), "utf-8")
            started = time.perf_counter()
            with folder.output.open("ab") as output:
                process = subprocess.Popen(
                    command("--once", str(self.chapter.checks_file), str(folder.path)),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment(),
                    cwd=folder.path,
                    start_new_session=True,
                )
            ended = check_watch.watch(
                process,
                folder,
                time_limit=self.time_limit + _START_OF_A_PROCESS,
                memory_limit=self.memory_limit,
                started=started,
            )
            return check_verdict.judge(request, folder, ended)


# Importing the libraries is not the learner's time.
_START_OF_A_PROCESS = 10.0


def _result(values: dict[str, Any]) -> CheckResult:
    return CheckResult(**{**values, "checks": [CheckOutcome(**check) for check in values["checks"]]})


def _cannot_be_saved(source: str) -> str | None:
    """Why the source cannot become a Python file at all, as the end of a sentence."""
    for what, found in (
        ("a null character", source.find("\0")),
        (
            "a character that UTF-8 cannot hold",
            next((i for i, c in enumerate(source) if "\ud800" <= c <= "\udfff"), -1),
        ),
    ):
        if found >= 0:
            return f", line {source.count(chr(10), 0, found) + 1} has {what} in it: delete it."
    return None
