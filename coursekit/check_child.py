"""The process that has the answer in it: imports it, runs its checks, writes down what they came to.

Nothing in here is to be trusted once the answer is imported. What it writes is a claim, which `check_verdict` compares
with the exit status and with the list of checks that was written before.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from coursekit import loader, testing
from coursekit.check_messages import PASSED, Explainer, Verdict, shown
from coursekit.check_request import SECRET_KEY, Request, RunFolder
from coursekit.check_tamper import Snapshot

# The answer can replace these functions; the report must not depend on it.
_open, _write, _close, _getpid, _exit = os.open, os.write, os.close, os.getpid, os._exit
_dumps = json.dumps


class Report:
    """Appends to the results file. It is opened anew for each line, so that no open file can be closed or inherited."""

    def __init__(self, results: Path, nonce: str) -> None:
        self._path = str(results)
        self._nonce = nonce
        self._pid = _getpid()

    def send(self, **line: Any) -> None:
        """Append one line. A process that the answer forked ends here."""
        if _getpid() != self._pid:
            _exit(0)
        target = _open(self._path, os.O_WRONLY | os.O_APPEND)
        _write(target, (_dumps({"nonce": self._nonce, **line}) + "\n").encode())
        _close(target)


def items_of(items: Iterable[pytest.Item], exercise_id: str) -> list[pytest.Item]:
    """The collected tests that are marked with the exercise."""
    return [item for item in items if any(mark.args[:1] == (exercise_id,) for mark in item.iter_markers("exercise"))]


def name_of(item: pytest.Item) -> str:
    """The name of the test function, without parameters."""
    return str(getattr(item, "originalname", None) or item.name)


def title_of(item: pytest.Item) -> str:
    """The first line of the test's docstring."""
    lines = (getattr(getattr(item, "function", None), "__doc__", None) or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def run(request: Request, folder: RunFolder, items: Sequence[pytest.Item], snapshot: Snapshot) -> None:
    """Import the answer and run its checks; `folder` is prepared, the current process is one of its own."""
    report = Report(folder.results, request.nonce)
    try:
        _run(request, folder, items, snapshot, report)
    except BaseException:
        tampered = _tampered(snapshot, folder, shown(request.file))
        if tampered is None:
            raise
        report.send(error=tampered)


def _run(request: Request, folder: RunFolder, items: Sequence[pytest.Item], snapshot: Snapshot, report: Report) -> None:
    explain = Explainer(request.exercise, folder.tree, request.file)
    _isolate(request, folder)
    report.send(
        collected=[{"id": _function_id(item), "name": name_of(item), "title": title_of(item)} for item in items]
    )
    testing.answer_module.name, testing.answer_module.file = request.module, explain.name
    testing.answer_module.explain = explain.in_short
    try:
        importlib.import_module(request.module)
    except BaseException as error:
        report.send(error=explain.of_import(error))
        return
    tampered = _tampered(snapshot, folder, explain.name)
    if tampered:
        report.send(error=tampered)
        return
    for index, item in enumerate(items):
        report.send(started=index)
        verdict, ended = run_item(item, items[index + 1] if index + 1 < len(items) else None, explain)
        report.send(check=index, outcome=verdict.outcome, message=verdict.message, attempted=verdict.attempted)
        if ended or (verdict.outcome == "failed" and name_of(item) == request.until):
            break
    tampered = _tampered(snapshot, folder, explain.name)
    if tampered:
        report.send(error=tampered)
    report.send(done=True)


def run_item(item: pytest.Item, next_item: pytest.Item | None, explain: Explainer) -> tuple[Verdict, bool]:
    """Run one test through pytest's set-up, call and teardown. Also return whether no other test can run after it."""
    check_file = str(item.path)
    for name in ("skip", "skipif", "xfail"):
        if item.get_closest_marker(name):
            return Verdict("error", f"This check is marked {name}: such a check proves nothing."), False
    verdict = PASSED
    phases: tuple[Callable[[], object], ...] = (
        lambda: item.ihook.pytest_runtest_setup(item=item),
        lambda: item.ihook.pytest_runtest_call(item=item),
        lambda: item.ihook.pytest_runtest_teardown(item=item, nextitem=next_item),
    )
    for number, phase in enumerate(phases):
        if number == 1 and verdict is not PASSED:
            continue
        try:
            phase()
        except BaseException as error:
            if verdict is PASSED:
                verdict = explain.of_check(error, check_file)
            # The event loop that such an exception broke out of is of no use any more, not even for the teardown.
            if not isinstance(error, Exception | pytest.fail.Exception | pytest.skip.Exception):
                return verdict, True
    return verdict, False


def _function_id(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _isolate(request: Request, folder: RunFolder) -> None:
    """Give the process its own environment, folder, output and import path."""
    _limit_core_files()
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    os.environ.clear()
    os.environ.update(inherited)
    os.environ.update(
        HOME=str(folder.home),
        TMPDIR=str(folder.home),
        TEMP=str(folder.home),
        LC_ALL="C.UTF-8",
        # Far from UTC, so that a naive `datetime.now()` shows on every machine.
        TZ="IST-5:30",
        ENVIRONMENT="test",
        SECRET_KEY=SECRET_KEY,
        PYTHONDONTWRITEBYTECODE="1",
    )
    os.environ.update(request.environment)
    if hasattr(time, "tzset"):
        time.tzset()
    tempfile.tempdir = None
    os.chdir(folder.home)
    _redirect(folder)
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    loader.purge()
    loader.purge("exercises")
    loader.install(folder.tree)
    loader.install(folder.tree, "exercises")
    sys.path.insert(0, str(folder.tree))


def _redirect(folder: RunFolder) -> None:
    output = os.open(folder.output, os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.close(nothing)
    for name, number in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(number, "wb", closefd=False)
        setattr(sys, name, io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True))
    crash = io.FileIO(folder.crash, "ab")
    faulthandler.enable(crash, all_threads=True)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, crash, all_threads=True, chain=False)
    _keep.append(crash)


_keep: list[object] = []


def _limit_core_files() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _tampered(snapshot: Snapshot, folder: RunFolder, name: str) -> str | None:
    changed = snapshot.changed()
    if changed is not None:
        return f"{name} replaces {changed}, which the checks use: leave it as it is and write only your own code."
    tree = str(folder.tree)
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in (loader.PACKAGE, "exercises"):
            file = getattr(module, "__file__", None)
            if not isinstance(file, str) or not file.startswith(tree):
                return f"{name} puts another module in the place of {module_name}: leave sys.modules as it is."
    return None


def leave(status: int) -> NoReturn:
    """End the process at once, whatever threads, tasks and handlers the answer left."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    _exit(status)
