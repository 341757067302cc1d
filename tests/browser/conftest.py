from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from jupyterlab_page import LabPage, browser_page, running_lab

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing on this machine: install it, CI does not skip the browser test.")
        pytest.skip("Chromium is not installed")
    return CHROMIUM


@pytest.fixture(scope="module")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabPage]:
    """JupyterLab as `course lab` starts it on a fresh workspace, in a browser: one for the tests of a module."""
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder) as url, browser_page(chromium) as page:
        yield LabPage(page, url, folder / "workspace")
