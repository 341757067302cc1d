"""The helper process of one chapter: has the libraries and the collected checks in memory, forks for each answer.

`python -m coursekit.check_helper CHECKS FOLDER [OWNED]` reads requests from its input, one JSON object a line, and
answers each with the result. It ends when its input does, or when its parent is gone, and then deletes FOLDER and
OWNED. `--once CHECKS RUN_FOLDER` runs one request in this very process, for systems that cannot fork.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import secrets
import select
import shutil
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from coursekit import check_child, check_verdict, check_warm, check_watch, loader
from coursekit.check_request import Request, RunFolder
from coursekit.check_tamper import Snapshot, watched_modules
from coursekit.errors import CourseError

PYTEST_OPTIONS = (
    "--noconftest",
    "--import-mode=importlib",
    "--capture=no",
    "--quiet",
    "--strict-markers",
    "-p",
    "anyio",
    "-p",
    "coursekit.check_fixtures",
    *(
        option
        for plugin in ("cacheprovider", "warnings", "faulthandler", "unraisableexception", "threadexception", "doctest")
        for option in ("-p", f"no:{plugin}")
    ),
)


def main(arguments: list[str]) -> NoReturn:
    """Run as the module's docstring says."""
    _leave_out_the_project()
    once = arguments[:1] == ["--once"]
    if once:
        arguments = arguments[1:]
    checks, folder = Path(arguments[0]), Path(arguments[1])
    session: Once | Helper
    if once:
        session = Once(RunFolder(folder))
    else:
        session = Helper(folder, Path(arguments[2]) if len(arguments) > 2 else None)
        check_warm.load_libraries(checks.parent.name)
    sys.dont_write_bytecode = True
    configuration = folder / "pytest.ini"
    configuration.write_text("[pytest]\nanyio_mode = auto\nmarkers = exercise(id): the exercise that the test checks\n")
    options = [*PYTEST_OPTIONS, "-c", str(configuration), f"--rootdir={checks.parent}", str(checks)]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        status = int(pytest.main(options, plugins=[session]))
    finally:
        if isinstance(session, Helper):
            session.clean_up()
    sys.stdout.flush()
    os._exit(status)


def _leave_out_the_project() -> None:
    """Take every folder off the import path that holds a `course_app`, the project's root and the current one."""
    sys.path[:] = [entry for entry in sys.path if entry and not Path(entry, "chapters").is_dir()]
    sys.path[:] = [entry for entry in sys.path if not Path(entry, loader.PACKAGE).is_dir()]


class _Collected:
    """A pytest plugin that has the checks collected, and says what kept any from it."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep the reason why a test module cannot be collected."""
        if report.failed:
            lines = [line for line in report.longreprtext.splitlines() if line.startswith("E ")]
            self.faults.append((lines or report.longreprtext.splitlines())[-1].removeprefix("E ").strip())

    def snapshot(self, items: list[pytest.Item]) -> Snapshot:
        """Take down what the checks rely on."""
        modules = {module for item in items if (module := getattr(item, "module", None)) is not None}
        return Snapshot(watched for module in modules for watched in watched_modules(module))


class Once(_Collected):
    """Runs the one request that lies in the run folder."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        order = self.folder.path / "request.json"
        request = Request(**json.loads(order.read_text("utf-8")))
        order.unlink()
        if self.faults:
            check_child.Report(self.folder.results, request.nonce).send(fault=self.faults[0])
            return True
        items = check_child.items_of(session.items, request.exercise)
        check_child.run(request, self.folder, items, self.snapshot(session.items))
        os._exit(0)


class Helper(_Collected):
    """Answers requests, each in a forked child."""

    def __init__(self, folder: Path, owned: Path | None) -> None:
        super().__init__()
        self.folder = folder
        self.owned = owned
        self._parent = os.getppid()
        self._unread = b""
        # The protocol gets descriptors of its own: a stray print must not reach it.
        self._requests, self._replies = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        os.close(nothing)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        imported = [name for name in loader.purge() if name]
        if imported:
            self.faults.append(
                f"it imports {imported[0]} at its top, where there is no app yet: import it in the tests"
            )
        self._reply({"ready": not self.faults, "fault": self.faults[0] if self.faults else None})
        check_warm.use_libraries()
        snapshot = self.snapshot(session.items)
        _adopt_orphans()
        gc.collect()
        gc.freeze()
        while (request := self._next()) is not None:
            self._reply({"id": request.pop("id"), **self._check(request, session.items, snapshot)})
        return True

    def _check(self, values: dict[str, Any], items: list[pytest.Item], snapshot: Snapshot) -> dict[str, Any]:
        started = time.perf_counter()
        request = Request(nonce=secrets.token_hex(16), **values)
        folder = RunFolder(self.folder / f"run-{secrets.token_hex(4)}")
        try:
            folder.prepare(request)
            pid = os.fork()
            if pid == 0:
                self._run_child(request, folder, items, snapshot)
            ended = check_watch.watch(
                check_watch.Forked(pid),
                folder,
                time_limit=request.time_limit,
                memory_limit=request.memory_limit,
                started=started,
            )
            return {"result": asdict(check_verdict.judge(request, folder, ended))}
        except CourseError as error:
            return {"fault": str(error)}
        except OSError as error:
            return {"fault": f"The check could not be run: {error.strerror} ({error.filename})."}
        finally:
            _reap_orphans()
            shutil.rmtree(folder.path, ignore_errors=True)

    def _run_child(self, request: Request, folder: RunFolder, items: list[pytest.Item], snapshot: Snapshot) -> NoReturn:
        status = 70
        try:
            os.setsid()
            _end_with_the_parent()
            os.close(self._requests)
            os.close(self._replies)
            check_child.run(request, folder, check_child.items_of(items, request.exercise), snapshot)
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
        finally:
            check_child.leave(status)

    def _next(self) -> dict[str, Any] | None:
        """The next request, or None when there will be none."""
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._requests], [], [], 1.0)
            if os.getppid() != self._parent:
                return None
            if ready:
                data = os.read(self._requests, 1 << 20)
                if not data:
                    return None
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        request: dict[str, Any] = json.loads(line)
        if request.get("keep_owned"):
            self.owned = None
            return None
        return request

    def _reply(self, answer: dict[str, Any]) -> None:
        data = json.dumps(answer).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._replies, data) :]
        except BrokenPipeError:
            pass

    def clean_up(self) -> None:
        """Delete what belongs to this helper."""
        for folder in (self.folder, self.owned):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)


_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _adopt_orphans() -> None:
    """On Linux, become the parent of processes whose own parent ends, so that none can slip away."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_with_the_parent() -> None:
    """On Linux, have this process killed when its parent is: nobody else would hold it to its time."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _reap_orphans() -> None:
    import psutil

    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
            child.wait(1)
        except psutil.Error:
            continue


if __name__ == "__main__":
    main(sys.argv[1:])
