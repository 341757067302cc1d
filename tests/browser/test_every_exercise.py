"""Each exercise in the browser: first wrong as people get it wrong, then right in another way than the solution's.

They are answered out of the blue: nothing has been run but the first cell. Then all cells are run from the top, as
by somebody who comes back to a chapter that is done.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_page import RUN_MILLISECONDS, LabPage, browser_page, running_lab
from playwright.sync_api import expect

from coursekit.answers import answers_of
from coursekit.course import Course, Exercise

STDERR = ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
"""What went wrong in a cell; the traceback of an exception is shown as such, too."""

COURSE = Course.load()
CHAPTERS = [chapter.number for chapter in COURSE.chapters]


@pytest.fixture(scope="module")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    """JupyterLab as `course lab` starts it on a fresh workspace, in a browser: one for all chapters."""
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder) as url, browser_page(chromium) as page:
        yield LabPage(page, url, folder / "workspace")


def cell_of(exercise: Exercise, source: str) -> str:
    path = f" {exercise.path}" if exercise.path else ""
    return f"%%exercise {exercise.id}{path}\n{source.rstrip()}"


@pytest.mark.parametrize("number", CHAPTERS)
def test_wrong_then_right_in_another_way(lab: LabPage, number: int) -> None:
    chapter = COURSE.chapter(number)
    lab.open(f"{chapter.name}.ipynb")
    lab.show_contents()
    lab.run_until("%load_ext")
    lab.page.keyboard.press("Shift+Enter")
    for exercise in chapter.exercises:
        answers = answers_of(COURSE, exercise)
        lab.go_to(f"Exercise {exercise.id} ", f"%%exercise {exercise.id}")
        wrong = next(answer for answer in answers if answer.kind == "wrong")
        verdict = lab.submit(cell_of(exercise, wrong.source))
        expect(verdict).to_contain_text(f"Exercise {exercise.id}", timeout=RUN_MILLISECONDS)
        expect(verdict).to_contain_text("FAILED", timeout=RUN_MILLISECONDS)
        expect(verdict).to_contain_text("not yet")
        right = next(answer for answer in answers if answer.kind == "right")
        verdict = lab.submit(cell_of(exercise, right.source))
        expect(verdict).to_contain_text(": passed, ", timeout=RUN_MILLISECONDS)
        expect(verdict).not_to_contain_text("FAILED")
        kept = sorted(path.name for path in (lab.workspace / "attempts" / exercise.id).iterdir())
        assert kept == ["0001-failed.py", "0002-passed.py"]
        if exercise.path:
            assert (lab.workspace / exercise.file).read_text().rstrip() == right.source.rstrip()
        lab.page.keyboard.press("Escape")
    lab.run_all()
    assert lab.page.locator(STDERR).all_inner_texts() == []
