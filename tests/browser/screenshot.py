"""`make screenshot`: an exercise answered almost right, as README.md shows it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from jupyterlab_page import RUN_MILLISECONDS, LabPage, browser_page, running_lab
from playwright.sync_api import expect

from coursekit.answers import answers_of
from coursekit.course import Course

NOTEBOOK = "01_project_structure.ipynb"
EXERCISE = "1.1"
TARGET = Path(__file__).resolve().parents[2] / "docs" / "screenshot.png"


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: install it, then run this again.")
    course = Course.load()
    exercise = course.exercise(EXERCISE)
    wrong = next(answer for answer in answers_of(course, exercise) if answer.kind == "wrong")
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as url, browser_page(chromium) as page:
        lab = LabPage(page, url, Path(folder) / "workspace")
        lab.open(NOTEBOOK)
        page.keyboard.press("Control+B")  # the file browser goes
        lab.run_until(f"%%exercise {EXERCISE}")
        verdict = lab.submit(f"%%exercise {EXERCISE} {exercise.path}\n{wrong.source}")
        expect(verdict).to_contain_text("checks passed", timeout=RUN_MILLISECONDS)
        page.keyboard.press("Escape")
        verdict.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        TARGET.parent.mkdir(exist_ok=True)
        page.screenshot(path=TARGET)
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
