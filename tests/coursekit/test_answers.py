"""Answers are edits of the solution; one that does not fit any more is told with its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coursekit.answers import AnswerError, answers_of, load_answers
from coursekit.course import Chapter, Course


@pytest.fixture
def chapter(tiny_root: Path, tmp_path: Path) -> Chapter:
    """A copy of the tiny chapter, without answers."""
    shutil.copytree(tiny_root / "chapters", tmp_path / "chapters")
    chapter = Course.load(tmp_path).chapter(1)
    chapter.answers_file.unlink()
    return chapter


def write(chapter: Chapter, text: str) -> None:
    """Write the chapter's answers."""
    chapter.answers_file.write_text("from coursekit.answers import right, wrong\n" + text, "utf-8")


def sources(chapter: Chapter) -> list[str]:
    """The answers' sources."""
    return [answer.source for answer in load_answers(chapter)]


def test_no_answers_file(chapter: Chapter) -> None:
    assert load_answers(chapter) == []


def test_replace(chapter: Chapter) -> None:
    write(chapter, 'wrong("1.1", "adds", replace="2 * number", by="2 + number", caught_by="test_two")')
    (answer,) = load_answers(chapter)
    assert (answer.exercise, answer.name, answer.kind, answer.caught_by) == ("1.1", "adds", "wrong", "test_two")
    assert answer.source == chapter.exercises[0].solution.replace("2 * number", "2 + number")


def test_edits_come_one_after_the_other(chapter: Chapter) -> None:
    write(chapter, 'right("1.1", "x", edits=[("2 * number", "number * two"), ("two", "2")])')
    assert "return number * 2\n" in sources(chapter)[0]


def test_region_is_indented_as_the_solution(chapter: Chapter) -> None:
    write(
        chapter, 'right("1.1", "x", region="""\n            total = number\n\n            return total + number\n""")'
    )
    assert sources(chapter) == [
        "def double(number: int) -> int:\n"
        '    """Return twice the number."""\n'
        "    total = number\n\n    return total + number\n"
    ]


def test_first_region_and_all_regions(chapter: Chapter) -> None:
    write(
        chapter,
        "right('1.2', 'first', region='return \"hel\" + \"lo\"')\n"
        "right('1.2', 'all', regions=['return \"hello\"  #', 'return \"HELLO\"'])\n",
    )
    first, everything = sources(chapter)
    assert 'return "hel" + "lo"\n\n\ndef shout() -> str:\n    return say().upper()\n' in first
    assert everything.endswith('def shout() -> str:\n    return "HELLO"\n')
    assert "TODO" not in first + everything
    assert "###" not in first + everything


def test_cell(chapter: Chapter) -> None:
    write(chapter, 'right("1.1", "x", cell="""\n    def double(n):\n        return n + n\n    """)')
    assert sources(chapter) == ["def double(n):\n    return n + n\n"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            'wrong("1.1", "gone", replace="3 * number", by="", caught_by="x")',
            "Chapter 1: exercise 1.1, answer 'gone': the text '3 * number' occurs 0 times in the solution and has to "
            "occur exactly once.",
        ),
        (
            'wrong("1.1", "often", replace="number", by="", caught_by="x")',
            "Chapter 1: exercise 1.1, answer 'often': the text 'number' occurs 3 times in the solution and has to "
            "occur exactly once.",
        ),
        (
            'right("1.1", "second edit", edits=[("2 *", "3 *"), ("2 *", "4 *")])',
            "Chapter 1: exercise 1.1, answer 'second edit': the text '2 *' occurs 0 times in the solution and has to "
            "occur exactly once.",
        ),
        (
            'right("1.1", "same", region="return 2 * number")',
            "Chapter 1: exercise 1.1, answer 'same': it is the solution itself.",
        ),
        (
            'right("1.2", "one of two", regions=["return 1"])',
            "Chapter 1: exercise 1.2, answer 'one of two': it gives 1 regions, and the exercise has 2.",
        ),
        ('right("1.9", "x", cell="")', "Chapter 1: there is no exercise 1.9 for the answer 'x'."),
        (
            'right("1.1", "x")',
            "Chapter 1: exercise 1.1, answer 'x': an answer is stated by one of: replace and by, edits, region, "
            "regions, cell.",
        ),
        (
            'right("1.1", "x", replace="2")',
            "Chapter 1: exercise 1.1, answer 'x': an answer is stated by one of: replace and by, edits, region, "
            "regions, cell.",
        ),
    ],
)
def test_faults_name_the_answer(statement: str, message: str, chapter: Chapter) -> None:
    write(chapter, statement)
    with pytest.raises(AnswerError) as raised:
        load_answers(chapter)
    assert str(raised.value) == message


def test_a_file_that_does_not_run(chapter: Chapter) -> None:
    write(chapter, "{}['x']")
    with pytest.raises(AnswerError, match=r"answers\.py cannot be run: KeyError: 'x'"):
        load_answers(chapter)


def test_answers_of_one_exercise(tiny: Course) -> None:
    names = [answer.name for answer in answers_of(tiny, tiny.exercise("1.2"))]
    assert names == ["silent", "not loud", "says it once", "shouts less", "spelt out"]
