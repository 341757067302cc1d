"""Holds a check's process to its limits: time, resident memory, output. Ends whatever it leaves behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import psutil

from coursekit.check_request import RunFolder

POLL_SECONDS = 0.02
MOST_PROCESSES = 50
LARGEST_OUTPUT = 16 * 2**20
KEPT_CHARACTERS = 10_000


Stopped = Literal["time", "memory", "processes"]


class Watched(Protocol):
    """A process of its own session, as `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status, negative for a signal. Raise `subprocess.TimeoutExpired`."""


class Forked:
    """A forked child, waited for as a `Popen` is."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd = _open_pidfd(pid)

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status, negative for a signal. Raise `subprocess.TimeoutExpired`."""
        deadline = time.monotonic() + (timeout if timeout is not None else 3600.0)
        while self.returncode is None:
            if self._pidfd is not None:
                select.select([self._pidfd], [], [], max(0.0, deadline - time.monotonic()))
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                if self._pidfd is not None:
                    os.close(self._pidfd)
                    self._pidfd = None
                break
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired("check", timeout or 0.0)
            if self._pidfd is None:
                time.sleep(0.004)
        return self.returncode


def _open_pidfd(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


@dataclass(frozen=True)
class Ended:
    """How a process came to its end. `returncode` is None where it was stopped, and `stopped` says for what."""

    returncode: int | None
    stopped: Stopped | None
    seconds: float
    printed: str
    results: str
    crash: str


def watch(process: Watched, folder: RunFolder, *, time_limit: float, memory_limit: int, started: float) -> Ended:
    """Wait for the process and read what it left. `started` is a `time.perf_counter()`."""
    output = _Output(folder.output)
    stopped: Stopped | None = None
    returncode: int | None = None
    try:
        while True:
            try:
                returncode = process.wait(POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                pass
            output.keep_small()
            members = _members(process.pid)
            if time.perf_counter() - started > time_limit:
                stopped = "time"
            elif len(members) > MOST_PROCESSES:
                stopped = "processes"
            elif _resident_bytes(members) > memory_limit:
                stopped = "memory"
            if stopped:
                _dump_stack(process.pid, folder.crash)
                break
    finally:
        kill_session(process)
    seconds = time.perf_counter() - started
    return Ended(returncode, stopped, seconds, output.last(), _text(folder.results), _text(folder.crash))


def kill_session(process: Watched) -> None:
    """Kill the process and all that it started in its session."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for pid in _members(process.pid):
        with contextlib.suppress(psutil.Error, OSError):
            psutil.Process(pid).kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _members(leader: int) -> list[int]:
    """The processes of the session that `leader` began, itself first; where there are no sessions, its descendants."""
    if not hasattr(os, "getsid"):
        return _descendants(leader)
    members = [leader]
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if pid != leader and os.getsid(pid) == leader:
                members.append(pid)
    return members


def _descendants(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return [pid]


def _resident_bytes(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(pid).memory_info().rss
    return total


def _dump_stack(pid: int, crash: Path) -> None:
    """Let faulthandler write where the process is. It does so from its signal handler, whatever the code does."""
    if not hasattr(signal, "SIGUSR1"):
        return
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGUSR1)
        for _ in range(20):
            time.sleep(0.01)
            if crash.stat().st_size:
                time.sleep(0.02)
                return


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _free(path: Path, length: int) -> bool:
    """On Linux, turn the beginning of a file into a hole, without a moment in which its end could be lost."""
    if sys.platform != "linux":
        return False
    keep_size_and_punch_hole = 0x01 | 0x02
    descriptor = os.open(path, os.O_RDWR)
    try:
        fallocate = ctypes.CDLL(None).fallocate
        return bool(fallocate(descriptor, keep_size_and_punch_hole, ctypes.c_int64(0), ctypes.c_int64(length)) == 0)
    finally:
        os.close(descriptor)


class _Output:
    """What a process printed. Only the end of it is kept, on disk too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = b""
        self._freed = 0

    def keep_small(self) -> None:
        """Give the disk back what was printed long ago."""
        with contextlib.suppress(OSError):
            size = self.path.stat().st_size
            if size - self._freed <= LARGEST_OUTPUT:
                return
            if _free(self.path, size - 4 * KEPT_CHARACTERS):
                self._freed = size - 4 * KEPT_CHARACTERS
            else:
                # The process appends, so it goes on at the new end; what it prints right now may be lost.
                self._before = self._tail()
                os.truncate(self.path, 0)

    def last(self) -> str:
        """The last characters that were printed."""
        text = (self._before + self._tail()).decode("utf-8", "replace")
        return text[-KEPT_CHARACTERS:]

    def _tail(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - 4 * KEPT_CHARACTERS))
                return file.read(4 * KEPT_CHARACTERS)
        except OSError:
            return b""
