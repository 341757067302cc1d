"""Proves the exercises: the stub fails, the solution passes, every wrong answer is caught, every right one accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from coursekit.answers import Answer, load_answers
from coursekit.check_pool import check_all
from coursekit.checker import Checker, CheckResult
from coursekit.course import Chapter, Course, Exercise
from coursekit.errors import CourseError
from coursekit.syntax import shape_of

FEWEST_WRONG, FEWEST_RIGHT = 3, 1
FEWEST_CHECKS, MOST_CHECKS = 4, 8


@dataclass(frozen=True)
class Proof:
    """What was tried on one exercise. It is proved when `faults` is empty; `notes` are worth a look."""

    exercise: str
    title: str
    checks: int
    wrong: int
    right: int
    seconds: float
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Whether there is nothing to object to."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """The proof as plain values."""
        return {**asdict(self), "seconds": round(self.seconds, 3), "proved": self.proved}


@dataclass(frozen=True)
class Proofs:
    """The proofs of several exercises. `faults` are those of whole chapters."""

    proofs: list[Proof]
    seconds: float
    faults: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Whether there is nothing to object to."""
        return not self.faults and all(proof.proved for proof in self.proofs)

    def to_json(self) -> dict[str, Any]:
        """The proofs as plain values."""
        return {
            "proved": self.proved,
            "seconds": round(self.seconds, 3),
            "faults": self.faults,
            "exercises": [proof.to_json() for proof in self.proofs],
        }


def prove(course: Course, numbers: Sequence[int] | None = None, *, time_limit: float = 10.0) -> Proofs:
    """Prove the exercises of the chapters `numbers` (default: all), two at a time, each with its own helper process."""
    started = time.perf_counter()
    proofs: list[Proof] = []
    faults: list[str] = []
    for chapter in course.chapters:
        if (numbers is not None and chapter.number not in numbers) or not chapter.exercises:
            continue
        try:
            proofs += _prove_chapter(course, chapter, time_limit)
        except CourseError as error:
            faults.append(str(error))
    return Proofs(proofs, time.perf_counter() - started, faults)


def _prove_chapter(course: Course, chapter: Chapter, time_limit: float) -> list[Proof]:
    answers = load_answers(chapter)

    def prove_one(checker: Checker, exercise: Exercise) -> Proof:
        return prove_exercise(checker, exercise, [answer for answer in answers if answer.exercise == exercise.id])

    return check_all(course, chapter.number, chapter.exercises, prove_one, time_limit=time_limit)


def prove_exercise(checker: Checker, exercise: Exercise, answers: Sequence[Answer]) -> Proof:
    """Prove one exercise."""
    started = time.perf_counter()
    wrong = [answer for answer in answers if answer.kind == "wrong"]
    right = [answer for answer in answers if answer.kind == "right"]
    solved = checker.check(exercise, exercise.solution)
    stubbed = checker.check(exercise, disguised_stub(exercise))
    names = [check.name for check in solved.checks]
    faults = [
        *_faults_of_statement(wrong, right, names),
        *_faults_of_checks(solved),
        *_faults_of_solution(solved),
        *_faults_of_stub(exercise, checker.check(exercise, exercise.stub), stubbed),
    ]
    objecting: set[str] = set()
    for answer in wrong:
        result = checker.check(exercise, answer.source, until=answer.caught_by)
        objecting |= _objecting(result)
        faults += _faults_of_wrong(answer, result)
    for answer in wrong:
        if objecting.issuperset(names):
            break
        objecting |= _objecting(checker.check(exercise, answer.source))
    for answer in right:
        result = checker.check(exercise, answer.source)
        if result.outcome != "passed":
            faults.append(f"the right answer {answer.name!r} is {result.outcome}: {_why(result)}")
    by_stub = _objecting(stubbed)
    faults += [f"nothing makes the check {name} fail" for name in names if name not in objecting | by_stub]
    notes = [
        f"only the stub makes the check {name} fail: is there no wrong answer for it?"
        for name in names
        if name in by_stub - objecting
    ]
    return Proof(
        exercise.id,
        exercise.title,
        len(names),
        len(wrong),
        len(right),
        time.perf_counter() - started,
        faults,
        notes,
    )


def _objecting(result: CheckResult) -> set[str]:
    return {check.name for check in result.checks if check.outcome in ("failed", "error")}


def disguised_stub(exercise: Exercise) -> str:
    """The stub, changed just so much that it is no longer known as the stub and its checks really run."""
    return exercise.stub + '\n"This is not the untouched stub."\n'


def _faults_of_statement(wrong: Sequence[Answer], right: Sequence[Answer], names: Sequence[str]) -> Iterator[str]:
    if len(wrong) < FEWEST_WRONG:
        yield f"it has {len(wrong)} wrong answers, and needs at least {FEWEST_WRONG}"
    if len(right) < FEWEST_RIGHT:
        yield "it has no alternative right answer, and needs one"
    seen: dict[str, Answer] = {}
    for answer in (*wrong, *right):
        if answer.name in [other.name for other in seen.values()]:
            yield f"two answers are named {answer.name!r}"
        same = seen.setdefault(shape_of(answer.source) or answer.source, answer)
        if same is not answer:
            yield f"the answers {same.name!r} and {answer.name!r} are the same code"
        if answer.caught_by is not None and names and answer.caught_by not in names:
            yield f"the wrong answer {answer.name!r} names {answer.caught_by}, which is no check of this exercise"


def _faults_of_checks(solved: CheckResult) -> Iterator[str]:
    if not FEWEST_CHECKS <= len(solved.checks) <= MOST_CHECKS:
        yield f"it has {len(solved.checks)} checks: {FEWEST_CHECKS} to {MOST_CHECKS} are wanted"
    titles = [check.title for check in solved.checks]
    for check in solved.checks:
        if not check.title:
            yield f"the check {check.name} has no docstring, whose first line is its name for the learner"
        elif titles.count(check.title) > 1:
            yield f"the check {check.name} has the same title as another: {check.title!r}"


def _faults_of_solution(solved: CheckResult) -> Iterator[str]:
    if solved.outcome != "passed":
        yield f"the solution is {solved.outcome}: {_why(solved)}"


def _faults_of_stub(exercise: Exercise, untouched: CheckResult, disguised: CheckResult) -> Iterator[str]:
    if untouched.outcome != "not_attempted":
        yield f"the untouched stub is {untouched.outcome} instead of not_attempted"
    if disguised.outcome == "passed" or not any(check.outcome in ("failed", "error") for check in disguised.checks):
        yield f"no check fails on the stub when it is run: {_why(disguised)}"
    if exercise.is_stub(exercise.solution):
        yield "the stub and the solution are the same code"


def _faults_of_wrong(answer: Answer, result: CheckResult) -> Iterator[str]:
    if result.outcome == "passed":
        yield f"the wrong answer {answer.name!r} passes"
    elif answer.caught_by not in result.failed_checks:
        failing = ", ".join(f"{check.name} ({check.outcome})" for check in result.checks if check.outcome != "passed")
        yield (
            f"the wrong answer {answer.name!r} is {result.outcome}, not by an objection of {answer.caught_by}: "
            f"{failing or 'no check failed'}{'; ' + result.message if result.message else ''}"
        )


def _why(result: CheckResult) -> str:
    told = [f"{check.name}: {check.message or check.outcome}" for check in result.checks if check.outcome != "passed"]
    return result.message or "; ".join(told) or "every check passed"
