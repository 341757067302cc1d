from __future__ import annotations

from pathlib import Path

import pytest

from coursekit.course import Course


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def course(root: Path) -> Course:
    return Course.load(root)
