"""A learner's first minutes: JupyterLab opens, and what it is told stays, whatever happens to the server."""

from __future__ import annotations

from pathlib import Path

from jupyterlab_page import RUN_MILLISECONDS, LabPage, browser_page, running_lab
from playwright.sync_api import expect

from coursekit.course import Course


def test_it_opens_at_the_start_without_questions(chromium: str, tmp_path: Path) -> None:
    with running_lab(tmp_path) as url, browser_page(chromium) as page:
        LabPage(page, url, tmp_path / "workspace").open("00_start_here.ipynb")
        expect(page.locator(".jp-Notebook h1").first).to_contain_text("Start here")
        page.wait_for_timeout(2000)
        assert page.locator(".jp-Dialog").count() == 0
        assert page.locator(".Toastify__toast").count() == 0


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
