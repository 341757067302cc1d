"""Changes each solution in small mechanical ways and reports the changes that no check notices.

The changes are those of cosmic-ray's operators, within the solution's regions. One that makes no difference can be
named in the chapter's `equivalent.toml`, with the reason:

    [[equivalent]]
    exercise = "3.2"
    mutant = '''
    -    return max(0, size - length)
    +    return max(-1, size - length)
    '''
    reason = "size is never smaller than length here"
"""

from __future__ import annotations

import difflib
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from coursekit.check_pool import check_all
from coursekit.checker import Checker
from coursekit.course import Chapter, Course, Exercise, Region, split_regions
from coursekit.errors import SourceError
from coursekit.syntax import shape_of

# A mutant that loops for ever is noticed; there is no need to wait for it as long as for a learner.
TIME_LIMIT = 4.0


@dataclass(frozen=True)
class Mutant:
    """A solution with one small change. `diff` is the lines that differ, as in a unified diff."""

    exercise: str
    operator: str
    line: int
    diff: str
    source: str = field(repr=False)


@dataclass(frozen=True)
class Survivor:
    """A change that no check noticed."""

    exercise: str
    operator: str
    line: int
    diff: str


@dataclass(frozen=True)
class MutationReport:
    """What came of all mutants. `allowed` counts the survivors that `equivalent.toml` explains."""

    tried: int
    allowed: int
    survivors: list[Survivor]
    faults: list[str]
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether every change was noticed or explained."""
        return not self.survivors and not self.faults

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**asdict(self), "seconds": round(self.seconds, 3), "clean": self.clean}


def mutate(course: Course, numbers: Sequence[int] | None = None, *, exercise: str | None = None) -> MutationReport:
    """Mutate the solutions of the chapters `numbers` (default: all), or of one exercise, and check each mutant."""
    started = time.perf_counter()
    tried, allowed = 0, 0
    survivors: list[Survivor] = []
    faults: list[str] = []
    for chapter in course.chapters:
        if numbers is not None and chapter.number not in numbers:
            continue
        exercises = [one for one in chapter.exercises if exercise in (None, one.id)]
        mutants = [mutant for one in exercises for mutant in mutants_of(chapter, one)]
        unnoticed = {(mutant.exercise, mutant.diff): mutant for mutant in _unnoticed(course, chapter, mutants)}
        equivalent = [entry for entry in read_equivalent(chapter) if entry.exercise in {one.id for one in exercises}]
        explained = {(entry.exercise, entry.mutant) for entry in equivalent}
        tried += len(mutants)
        allowed += len(explained & unnoticed.keys())
        survivors += [
            Survivor(mutant.exercise, mutant.operator, mutant.line, mutant.diff)
            for key, mutant in unnoticed.items()
            if key not in explained
        ]
        faults += [
            f"chapter {chapter.number}, equivalent.toml: exercise {exercise_id} has no unnoticed mutant\n{diff}"
            for exercise_id, diff in sorted(explained - unnoticed.keys())
        ]
    return MutationReport(tried, allowed, survivors, faults, time.perf_counter() - started)


def _unnoticed(course: Course, chapter: Chapter, mutants: Sequence[Mutant]) -> list[Mutant]:
    """The mutants that pass their checks."""
    if not mutants:
        return []

    def passes(checker: Checker, mutant: Mutant) -> bool:
        return checker.check(course.exercise(mutant.exercise), mutant.source).outcome == "passed"

    passed = check_all(course, chapter.number, mutants, passes, time_limit=TIME_LIMIT)
    return [mutant for mutant, survived in zip(mutants, passed, strict=True) if survived]


def mutants_of(chapter: Chapter, exercise: Exercise) -> list[Mutant]:
    """Every mutant of the solution that is valid Python and differs from the solution, each once."""
    solution = exercise.solution
    lines = _solution_lines(chapter, exercise)
    seen = {shape_of(solution)}
    mutants: list[Mutant] = []
    provider = OperatorProvider()
    for name in provider:
        kind = provider[name]
        if kind.arguments():
            continue
        operator = kind()
        positions = [place for node in ast_nodes(get_ast(solution)) for place in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(positions):
            if line not in lines:
                continue
            source = mutate_code(solution, operator, occurrence)
            shape = None if source is None else shape_of(source)
            if shape is None or shape in seen:
                continue
            seen.add(shape)
            mutants.append(Mutant(exercise.id, name, line, _diff(solution, source), source))
    return sorted(mutants, key=lambda mutant: mutant.line)


def _solution_lines(chapter: Chapter, exercise: Exercise) -> frozenset[int]:
    """The numbers of the lines of the solution's file that lie in a marked region."""
    lines: set[int] = set()
    # The magic line is no line of the file, so the count begins at 0 with it.
    number = 0
    for part in split_regions(chapter.cells[exercise.cell].source):
        if isinstance(part, Region):
            lines.update(range(number, number + len(part.solution)))
            number += len(part.solution)
        else:
            number += 1
    return frozenset(lines)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = [line.rstrip() for line in lines if not line.startswith(("---", "+++", "@@"))]
    return "\n".join(changed)


@dataclass(frozen=True)
class Equivalent:
    """A mutant that does the same as the solution, and why."""

    exercise: str
    mutant: str
    reason: str


def read_equivalent(chapter: Chapter) -> list[Equivalent]:
    """Read the chapter's `equivalent.toml`, if there is one. Raise `SourceError` when it is not as it should be."""
    path: Path = chapter.folder / "equivalent.toml"
    if not path.is_file():
        return []
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("equivalent", [])
        read = [Equivalent(**entry) for entry in entries]
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise SourceError(f"{path}: {error}") from error
    if not all(entry.reason.strip() for entry in read):
        raise SourceError(f"{path}: every entry needs a reason.")
    return [Equivalent(entry.exercise, _stripped(entry.mutant), entry.reason) for entry in read]


def _stripped(diff: str) -> str:
    return "\n".join(line.rstrip() for line in diff.strip("\n").splitlines())
