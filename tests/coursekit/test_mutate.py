"""Mutants: small changes within the solution; the checks notice them, or somebody says why they cannot."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from coursekit.course import Course
from coursekit.errors import SourceError
from coursekit.mutate import mutants_of, mutate, read_equivalent


@pytest.fixture
def root(tiny_root: Path, tmp_path: Path) -> Path:
    """A copy of the tiny course, whose first solution has a branch that no check reaches."""
    shutil.copytree(tiny_root / "chapters", tmp_path / "chapters")
    source = tmp_path / "chapters" / "01_doubling" / "chapter.md"
    text = source.read_text("utf-8").replace(
        "    return 2 * number\n", "    if number > 100:\n        return number + number\n    return 2 * number\n"
    )
    source.write_text(text, "utf-8")
    return tmp_path


def test_mutants_are_within_the_solution_valid_and_different(tiny: Course) -> None:
    chapter = tiny.chapter(1)
    mutants = mutants_of(chapter, tiny.exercise("1.1"))
    assert {mutant.line for mutant in mutants} == {3}
    shapes = [ast.dump(ast.parse(mutant.source)) for mutant in mutants]
    assert len(set(shapes)) == len(shapes) > 10
    assert ast.dump(ast.parse(tiny.exercise("1.1").solution)) not in shapes
    assert "-    return 2 * number\n+    return 2 + number" in [mutant.diff for mutant in mutants]
    assert mutants_of(chapter, tiny.exercise("1.1")) == mutants


def test_all_are_noticed(tiny: Course) -> None:
    report = mutate(tiny, [1], exercise="1.1")
    assert report.survivors == []
    assert report.clean
    assert report.tried > 10
    assert report.to_json()["clean"] is True


def test_survivors_and_their_explanations(root: Path) -> None:
    report = mutate(Course.load(root), exercise="1.1")
    diffs = [survivor.diff for survivor in report.survivors]
    assert "-        return number + number\n+        return number - number" in diffs
    assert {survivor.line for survivor in report.survivors} == {3, 4}
    assert not report.clean
    entries = [
        f"[[equivalent]]\nexercise = '1.1'\nmutant = '''\n{diff}\n'''\nreason = 'nobody counts that far'\n"
        for diff in diffs
    ]
    (root / "chapters" / "01_doubling" / "equivalent.toml").write_text("\n".join(entries), "utf-8")
    explained = mutate(Course.load(root), exercise="1.1")
    assert (explained.survivors, explained.faults, explained.allowed) == ([], [], len(diffs))
    assert explained.clean


def test_an_explanation_without_its_mutant_is_a_fault(root: Path) -> None:
    (root / "chapters" / "01_doubling" / "equivalent.toml").write_text(
        "[[equivalent]]\nexercise = '1.2'\nmutant = '- a\\n+ b'\nreason = 'gone'\n".replace(
            "'- a\\n+ b'", '"- a\\n+ b"'
        ),
        "utf-8",
    )
    report = mutate(Course.load(root), exercise="1.2")
    assert report.faults == ["chapter 1, equivalent.toml: exercise 1.2 has no unnoticed mutant\n- a\n+ b"]
    assert not report.clean


@pytest.mark.parametrize(
    "text",
    ["[[equivalent]", "[[equivalent]]\nexercise = '1.1'\n", "[[equivalent]]\nexercise='1.1'\nmutant='x'\nreason=' '\n"],
)
def test_explanations_that_cannot_be_read(text: str, root: Path) -> None:
    (root / "chapters" / "01_doubling" / "equivalent.toml").write_text(text, "utf-8")
    with pytest.raises(SourceError, match=r"equivalent\.toml: "):
        read_equivalent(Course.load(root).chapter(1))
