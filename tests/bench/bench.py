"""`make bench`: the times of the course beside their budgets (on 2 cores). Nothing fails on a time."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from coursekit import build
from coursekit.checker import Checker
from coursekit.clock import FrozenClock
from coursekit.course import Course
from coursekit.live_app import LiveApp
from coursekit.prove import prove
from coursekit.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
CHECKS_EACH = 5
SAVES = 20
LAB_SECONDS = 180

Row = tuple[str, float, float]
"""What was measured, its budget and the time, in seconds."""


def checks(course: Course) -> Iterator[Row]:
    """Check every solution several times with a warm helper."""
    seconds: list[float] = []
    for chapter in course.chapters:
        with Checker(course, chapter.number) as checker:
            for exercise in chapter.exercises:
                checker.check(exercise, exercise.solution)
                for _ in range(CHECKS_EACH):
                    started = time.perf_counter()
                    assert checker.check(exercise, exercise.solution).outcome == "passed", exercise.id
                    seconds.append(time.perf_counter() - started)
    yield "a check, warm, isolated: median", 0.15, statistics.median(seconds)
    yield "a check, warm, isolated: p95", 0.3, statistics.quantiles(seconds, n=20)[-1]


def saves(course: Course, folder: Path) -> Iterator[Row]:
    """Save `main.py` of the finished app and reload it, as `%%save` does."""
    workspace = Workspace(folder, course)
    last = course.chapters[-1].number
    workspace.catch_up(last + 1)
    cell, source = next(
        (cell, source) for cell, path, source in reversed(list(course.saves)) if path == "course_app/main.py"
    )
    os.environ.update(ENVIRONMENT="test", SECRET_KEY="s" * 48, DATABASE_URL=f"sqlite+aiosqlite:///{folder / 'app.db'}")

    async def measure() -> list[float]:
        live = LiveApp(folder, FrozenClock())
        fault = await live.reload()
        assert fault is None, str(fault)
        seconds = []
        for number in range(SAVES):
            started = time.perf_counter()
            workspace.save(cell, f"{source}# {number}\n")
            assert await live.reload() is None
            seconds.append(time.perf_counter() - started)
        await live.close()
        return seconds

    yield "%%save and the app reloaded: median", 0.15, statistics.median(asyncio.run(measure()))


def notebooks(course: Course) -> Iterator[Row]:
    """Run every notebook from a fresh kernel to its end."""
    seconds = []
    for chapter in course.chapters:
        for kind in build.KINDS:
            notebook = build.notebook_of(chapter, kind)
            started = time.perf_counter()
            build.execute(notebook, ROOT / kind)
            seconds.append(time.perf_counter() - started)
    yield "a notebook, fresh kernel to end: median", 5, statistics.median(seconds)
    yield "a notebook, fresh kernel to end: slowest", 12, max(seconds)


def nbval() -> Iterator[Row]:
    """Compare every stored output."""
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--nbval", "notebooks", "solutions"]
    started = time.perf_counter()
    subprocess.run([*command, "-n", "2", "--dist", "loadfile"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    yield "pytest --nbval notebooks solutions, -n 2", 120, time.perf_counter() - started


def proofs(course: Course) -> Iterator[Row]:
    """Prove every exercise with every answer."""
    yield "course prove, all of it", 90, prove(course).seconds


@contextmanager
def fresh_clone() -> Iterator[Path]:
    """The files of the project, as git has or would have them, in a folder of their own."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    with tempfile.TemporaryDirectory(prefix="course-clone-") as folder:
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        yield Path(folder)


def lab() -> Iterator[Row]:
    """Type `make lab` in a fresh clone; the packages are in uv's cache."""
    with fresh_clone() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
        started = time.perf_counter()
        with subprocess.Popen(
            ["make", "lab", "LAB=--no-browser", f"PYTHON={Path(sys.base_prefix) / 'bin' / 'python3'}"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        ) as server:
            try:
                yield "make lab, fresh clone to JupyterLab answering", 20, _answering(server) - started
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait()


def _answering(server: subprocess.Popen[str]) -> float:
    assert server.stdout is not None
    address = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
    deadline = time.perf_counter() + LAB_SECONDS
    while time.perf_counter() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return time.perf_counter()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError("JupyterLab does not answer")


def main() -> None:
    course = Course.load()
    table = Table("what", "budget", "measured", "", box=None, padding=(0, 2))
    for column in table.columns[1:3]:
        column.justify = "right"
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        measured = [
            *checks(course),
            *saves(course, Path(folder)),
            *notebooks(course),
            *nbval(),
            *proofs(course),
            *lab(),
        ]
    for what, budget, seconds in measured:
        table.add_row(what, f"{budget:g} s", f"{seconds:.2f} s", "" if seconds <= budget else "over")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
