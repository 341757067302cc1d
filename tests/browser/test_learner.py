"""A learner's first minutes: JupyterLab opens, an exercise is answered wrong, then right."""

from __future__ import annotations

from pathlib import Path

from jupyterlab_page import RUN_MILLISECONDS, LabPage, browser_page, running_lab
from playwright.sync_api import expect

from coursekit.course import Course

CLOCK = "    app.state.clock = clock\n"


def test_it_opens_at_the_start_without_questions(lab: LabPage) -> None:
    lab.open("00_start_here.ipynb")
    expect(lab.page.locator(".jp-Notebook h1").first).to_contain_text("Start here")
    lab.page.wait_for_timeout(2000)
    assert lab.page.locator(".jp-Dialog").count() == 0
    assert lab.page.locator(".Toastify__toast").count() == 0


def test_an_exercise_wrong_then_right(lab: LabPage) -> None:
    course = Course.load()
    exercise = course.exercise("1.1")
    right = f"%%exercise 1.1 {exercise.path}\n{exercise.solution}"
    assert right.count(CLOCK) == 1

    lab.open("01_project_structure.ipynb")
    lab.run_until("%%exercise 1.1")

    verdict = lab.submit(right.replace(CLOCK, ""))
    expect(verdict).to_contain_text("Exercise 1.1", timeout=RUN_MILLISECONDS)
    expect(verdict).to_contain_text("not yet")
    expect(verdict).to_contain_text("FAILED")

    verdict = lab.submit(right)
    expect(verdict).to_contain_text("passed,", timeout=RUN_MILLISECONDS)
    expect(verdict).not_to_contain_text("FAILED")

    attempts = sorted(path.name for path in (lab.workspace / "attempts" / "1.1").iterdir())
    assert attempts == ["0001-failed.py", "0002-passed.py"]
    assert (lab.workspace / exercise.file).read_text() == exercise.solution


def test_a_killed_server_loses_nothing(chromium: str, tmp_path: Path) -> None:
    exercise = Course.load().exercise("1.1")
    right = f"%%exercise 1.1 {exercise.path}\n{exercise.solution}"
    for start in range(2):
        with running_lab(tmp_path, kill=True) as url, browser_page(chromium) as page:
            lab = LabPage(page, url, tmp_path / "workspace")
            lab.open("01_project_structure.ipynb")
            lab.run_until("%%save course_app/core/config.py" if start else "%%exercise 1.1")
            if start:
                expect(page.locator(".jp-OutputArea").first).to_contain_text("1 of 6 exercises passed")
            else:
                expect(lab.submit(right)).to_contain_text(": passed, ", timeout=RUN_MILLISECONDS)
    assert (tmp_path / "workspace" / exercise.file).read_text() == exercise.solution
