"""JupyterLab in Chromium, handled as a person does: look, click, type."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect, sync_playwright

from coursekit.lab import FIRST_PORT, PORTS_TRIED, free_port

START_SECONDS = 60
RUN_MILLISECONDS = 30_000
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_lab(folder: Path, *, kill: bool = False) -> Iterator[str]:
    """`course lab` with its workspace and its home in `folder`; yields the address it prints.

    With `kill` the server ends as the system ends it when memory runs out.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = os.environ | {"HOME": str(home), "COURSE_WORKSPACE": str(folder / "workspace")}
    course = Path(sys.executable).with_name("course")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    port = free_port(first=FIRST_PORT + worker * PORTS_TRIED)  # two labs that start at once do not meet
    with subprocess.Popen(
        [str(course), "lab", "--no-browser", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address is not None
            yield address[0]
        finally:
            server.kill() if kill else server.terminate()


@contextmanager
def browser_page(executable: str, *options: str) -> Iterator[Page]:
    """A page in headless Chromium, which believes every certificate."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*CHROMIUM_OPTIONS, *options])
        try:
            size = {"width": 1280, "height": 960}
            yield browser.new_page(viewport=size, device_scale_factor=1, ignore_https_errors=True)
        finally:
            browser.close()


class LabPage:
    """The page of a running JupyterLab."""

    def __init__(self, page: Page, url: str, workspace: Path) -> None:
        self.page = page
        self.url = url
        self.workspace = workspace

    def open(self, notebook: str) -> None:
        """Open a notebook, and no other, and wait until its kernel is there."""
        address = urlsplit(self.url)
        token = parse_qs(address.query)["token"][0]
        for _ in range(START_SECONDS):
            try:
                self.page.goto(f"http://{address.netloc}/lab/tree/{notebook}?token={token}&reset")
                break
            except Exception:  # not listening yet
                self.page.wait_for_timeout(1000)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=START_SECONDS * 1000)
        self.wait_for_kernel()
        self.page.locator(".jp-Notebook .jp-Cell").first.click()

    def wait_for_kernel(self) -> None:
        """Wait until there is a kernel, and it has nothing to do."""
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=START_SECONDS * 1000)

    @property
    def active(self) -> Locator:
        """The selected cell."""
        return self.page.locator(".jp-Notebook .jp-Cell.jp-mod-active")

    def run_until(self, first_line: str) -> None:
        """Run cell by cell (Shift-Enter), from the selected one on, until the one that begins so is selected."""
        self.page.keyboard.press("Escape")
        self._press_until(first_line, "Shift+Enter", at_most=300)

    def _press_until(self, first_line: str, key: str, *, at_most: int) -> None:
        for _ in range(at_most):
            if first_line in self.active.inner_text():
                return
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(50)  # the selection moves on
        raise AssertionError(f"no cell begins with {first_line}")

    def show_contents(self) -> None:
        """Open the table of contents."""
        contents = self.page.locator(".jp-TableOfContents")
        if not contents.is_visible():
            self.page.keyboard.press("Control+Shift+K")
        contents.wait_for()

    def go_to(self, heading: str, first_line: str) -> None:
        """Select the cell that begins so, by way of its heading in the table of contents."""
        self.page.locator(".jp-tocItem-heading", has_text=heading).click()
        self._press_until(first_line, "ArrowDown", at_most=20)

    def run_all(self) -> None:
        """Run every cell from the top, and wait until the kernel has nothing to do."""
        self.page.keyboard.press("Escape")
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        idle = 0
        while idle < 10:  # for a second: between two cells the kernel is idle, too
            self.page.wait_for_timeout(100)
            idle = idle + 1 if "| Idle" in self.page.locator("#jp-main-statusbar").inner_text() else 0

    def submit(self, source: str) -> Locator:
        """Type over the selected cell, run it, and return its output area."""
        self.active.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")
        return self.active.locator(".jp-Cell-outputArea")
