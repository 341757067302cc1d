"""The helper process as the kernel sees it: how it is started, asked and ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from coursekit.check_result import CheckerError

START_LIMIT = 60.0


def command(*arguments: str) -> list[str]:
    """The command line of `coursekit.check_helper` in this Python."""
    # -P: neither the current folder nor the project's root may be importable.
    return [sys.executable, "-P", "-m", "coursekit.check_helper", *arguments]


def environment() -> dict[str, str]:
    """The helper's environment: that of this process without what would change Python or pytest in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    # Where the kit is not installed but run from its folder, the helper finds it there; it leaves the path at once.
    kept["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    return kept


class HelperProcess:
    """A helper process, and the thread that reads what it replies."""

    def __init__(self, checks_file: Path, owned_dir: Path | None) -> None:
        self._checks_file = checks_file
        self._folder = Path(tempfile.mkdtemp(prefix="course-checks-")).resolve()
        self._log = self._folder / "log"
        self._count = 0
        self._ready = False
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        owned = [str(owned_dir.resolve())] if owned_dir is not None else []
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command(str(checks_file.resolve()), str(self._folder), *owned),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                cwd=self._folder,
                # Its own session: interrupting the kernel must not end it.
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, name="course-checker", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._replies.put(json.loads(line))
        self._replies.put(None)

    def alive(self) -> bool:
        """Whether it can take a request."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the checks are collected. Raise `CheckerError` when they cannot be."""
        if self._ready:
            return
        try:
            reply = self._replies.get(timeout=START_LIMIT)
        except queue.Empty:
            raise CheckerError(f"The checker did not start within {START_LIMIT:g} seconds.") from None
        if reply is None:
            with contextlib.suppress(OSError):
                lines = self._log.read_text("utf-8", "replace").strip().splitlines()
                raise CheckerError(f"The checker could not be started: {lines[-1] if lines else 'it said nothing'}")
            raise CheckerError("The checker could not be started.")
        if reply["fault"]:
            raise CheckerError(f"The checks in {self._checks_file} cannot be loaded: {reply['fault']}.")
        self._ready = True

    def ask(self, values: dict[str, Any], timeout: float) -> dict[str, Any] | None:
        """Send a request and return its reply, or None when the helper is lost."""
        self._count += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": self._count, **values}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return None
        deadline = time.monotonic() + timeout
        while True:
            try:
                reply = self._replies.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            # An interrupted `check` leaves a reply behind that nobody waits for.
            if reply is None or reply.get("id") == self._count:
                return reply

    def close(self, *, keep_owned_dir: bool) -> None:
        """Let it end by itself."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            if keep_owned_dir:
                self._process.stdin.write(b'{"keep_owned": true}\n')
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(3.0)
        self.kill()

    def kill(self) -> None:
        """End it at once; what it owns stays."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._reader.join(2.0)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)
