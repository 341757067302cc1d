"""Checks many answers of one chapter at once, with two helper processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

from coursekit.checker import Checker
from coursekit.course import Course

HELPERS = 2

Job = TypeVar("Job")
Done = TypeVar("Done")


def check_all(
    course: Course,
    chapter_number: int,
    jobs: Sequence[Job],
    work: Callable[[Checker, Job], Done],
    *,
    time_limit: float,
) -> list[Done]:
    """Return what `work` makes of each job, in their order. Each call has a checker to itself while it runs."""
    free: SimpleQueue[Checker] = SimpleQueue()
    checkers = [Checker(course, chapter_number, time_limit=time_limit) for _ in range(min(HELPERS, len(jobs)))]

    def with_a_checker(job: Job) -> Done:
        checker = free.get()
        try:
            return work(checker, job)
        finally:
            free.put(checker)

    try:
        for checker in checkers:
            checker.start()
            free.put(checker)
        with ThreadPoolExecutor(HELPERS) as pool:
            return list(pool.map(with_a_checker, jobs))
    finally:
        for checker in checkers:
            checker.close()
