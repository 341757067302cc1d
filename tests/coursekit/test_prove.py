"""An exercise is proved in all directions, and each way in which a proof can be hollow is a fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coursekit.course import Course
from coursekit.prove import Proof, prove


def proof_of(root: Path, exercise_id: str = "1.1") -> Proof:
    """The proof of one exercise of the course in `root`."""
    return next(proof for proof in prove(Course.load(root)).proofs if proof.exercise == exercise_id)


@pytest.fixture
def root(tiny_root: Path, tmp_path: Path) -> Path:
    """A copy of the tiny course."""
    shutil.copytree(tiny_root / "chapters", tmp_path / "chapters")
    return tmp_path


def edit(root: Path, file: str, *pairs: tuple[str, str]) -> None:
    """Replace text in a file of the chapter; a pair of the whole text is ("", text)."""
    path = root / "chapters" / "01_doubling" / file
    text = path.read_text("utf-8")
    for old, new in pairs:
        assert not old or text.count(old) == 1
        text = text.replace(old, new) if old else new
    path.write_text(text, "utf-8")


def test_the_tiny_course_is_proved(tiny: Course) -> None:
    proofs = prove(tiny)
    assert [proof.faults for proof in proofs.proofs] == [[], []]
    assert [proof.notes for proof in proofs.proofs] == [[], []]
    assert proofs.proved
    assert [(proof.exercise, proof.checks, proof.wrong, proof.right) for proof in proofs.proofs] == [
        ("1.1", 4, 5, 1),
        ("1.2", 4, 4, 1),
    ]
    values = proofs.to_json()
    assert values["proved"] is True
    assert set(values["exercises"][0]) == {
        *("exercise", "title", "checks", "wrong", "right", "seconds", "faults", "notes", "proved")
    }


def test_other_chapters_are_left_out(tiny: Course) -> None:
    assert prove(tiny, [2]).proofs == []


def test_too_few_answers(root: Path) -> None:
    edit(root, "answers.py", ("", "from coursekit.answers import wrong\n"))
    proof = proof_of(root)
    assert not proof.proved
    assert proof.faults == [
        "it has 0 wrong answers, and needs at least 3",
        "it has no alternative right answer, and needs one",
    ]
    assert proof.notes[0] == "only the stub makes the check test_two fail: is there no wrong answer for it?"


def test_wrong_answer_that_passes_or_is_caught_by_another(root: Path) -> None:
    edit(
        root,
        "answers.py",
        ('replace="2 * number", by="2 + number"', 'replace="2 * number", by="number * 2"'),
        (
            '"squared", region="return number ** 2", caught_by="test_http"',
            '"squared", region="x", caught_by="test_two"',
        ),
        ('"as text", region="return str(2 * number)"', '"as text", cell="import nothing"'),
    )
    faults = proof_of(root).faults
    assert faults[0] == "the wrong answer 'two more' passes"
    assert len(faults) == 2
    assert faults[1].startswith("the wrong answer 'as text' is error, not by an objection of test_two: ")
    assert "there is no module nothing" in faults[1]


def test_caught_by_another_check(root: Path) -> None:
    edit(
        root, "answers.py", ('return number ** 2", caught_by="test_http"', 'return number ** 2", caught_by="test_two"')
    )
    assert proof_of(root).faults == [
        "the wrong answer 'squared' is failed, not by an objection of test_two: "
        "test_others (failed), test_http (failed)"
    ]


def test_names_of_answers_and_checks(root: Path) -> None:
    edit(
        root,
        "answers.py",
        ('"squared"', '"two more"'),
        (
            '"as text", region="return str(2 * number)", caught_by="test_two"',
            '"as text", region="1", caught_by="test_2"',
        ),
        ('"zero refused"', '"as text"'),
        ('region="return number + number"', 'region="return number  +  number"'),
    )
    edit(
        root,
        "answers.py",
        ('right("1.1"', 'right("1.1", "again", region="return number + number")\nright("1.1"'),
    )
    faults = proof_of(root).faults
    assert "two answers are named 'two more'" in faults
    assert "two answers are named 'as text'" in faults
    assert "the wrong answer 'as text' names test_2, which is no check of this exercise" in faults
    assert "the answers 'again' and 'added to itself' are the same code" in faults


def test_right_answer_that_is_refused(root: Path) -> None:
    edit(root, "answers.py", ("return number + number", "return number + 2"))
    assert proof_of(root).faults[0] == (
        "the right answer 'added to itself' is failed: test_others: double(0): expected 0, got 2; "
        'test_http: `response.json()["double"] == 6` does not hold: 5 == 6.'
    )


def test_checks_that_prove_little(root: Path) -> None:
    edit(
        root,
        "test_exercises.py",
        ('        """Twice two is four."""\n', ""),
        ('"""GET /double/3 answers with 6."""', '"""Zero, five and minus one are doubled."""'),
        (
            '@pytest.mark.exercise("1.2")\n',
            '@pytest.mark.exercise("1.1")\ndef test_nothing():\n    """Nothing is checked."""\n\n\n'
            '@pytest.mark.exercise("1.2")\n',
        ),
        ("    def test_shout_after_say(self):", "    def shout_after_say(self):"),
    )
    faults = proof_of(root).faults
    assert "the check test_two has no docstring, whose first line is its name for the learner" in faults
    assert "the check test_http has the same title as another: 'Zero, five and minus one are doubled.'" in faults
    assert "nothing makes the check test_nothing fail" in faults
    assert "it has 3 checks: 4 to 8 are wanted" in proof_of(root, "1.2").faults


def test_solution_that_fails(root: Path) -> None:
    edit(root, "chapter.md", ("return 2 * number", "return 2 * number + 0.0"))
    edit(root, "answers.py", ('replace="2 * number"', 'replace="2 * number + 0.0"'))
    assert proof_of(root).faults[0].startswith("the solution is failed: test_others: double(0): expected 0 (int)")


def test_stub_that_passes(root: Path) -> None:
    edit(
        root,
        "chapter.md",
        (
            "    return 2 * number\n    ### END SOLUTION\n",
            "    return 2 * number\n    ### END SOLUTION\n    ### BEGIN STUB\n"
            "    return number * 2\n    ### END STUB\n",
        ),
    )
    assert "no check fails on the stub when it is run: every check passed" in proof_of(root).faults


def test_answers_that_cannot_be_read_are_the_chapters_fault(root: Path) -> None:
    edit(root, "answers.py", ('replace="2 * number"', 'replace="gone"'))
    proofs = prove(Course.load(root))
    assert not proofs.proved
    assert proofs.proofs == []
    assert proofs.faults[0].startswith("Chapter 1: exercise 1.1, answer 'two more': the text 'gone' occurs 0 times")
