"""One list of dependencies, pinned with hashes; and the project's folder is on nobody's path."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyter_client.manager import start_new_kernel
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

INDEX_ADDRESSES = re.compile(
    r"pypi\.(org|python)|pythonhosted|/simple\b|--(extra-)?index-url|--find-links", re.IGNORECASE
)


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def locked(root: Path) -> dict[str, str]:
    """Each requirement of the lock, with its hashes."""
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n", " ", text).splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    return {re.match(r"[a-z0-9.-]+", pin)[0]: pin for pin in pins}  # type: ignore[index]


def test_the_lock_holds_every_dependency_with_hashes(project: dict[str, Any], locked: dict[str, str]) -> None:
    wanted = {
        canonicalize_name(Requirement(text).name)
        for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    }
    assert wanted - locked.keys() == set()
    assert [name for name, pin in locked.items() if "--hash=sha256:" not in pin or "==" not in pin] == []


def test_the_pins_satisfy_pyproject(project: dict[str, Any], locked: dict[str, str]) -> None:
    faults = []
    for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]:
        wanted = Requirement(text)
        pinned = Requirement(locked[canonicalize_name(wanted.name)].partition(" --hash")[0].strip())
        (version,) = (pin.version for pin in pinned.specifier)
        if not wanted.specifier.contains(version, prereleases=True):
            faults.append(f"{wanted} is pinned to {version}")
    assert faults == []


def test_environment_yml_only_makes_python_and_installs_the_lock(root: Path, project: dict[str, Any]) -> None:
    environment = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == project["project"]["name"]
    python, pip, lock = environment["dependencies"]
    assert pip == "pip"
    assert lock == {"pip": ["-r requirements.lock"]}
    oldest = re.match(r">=(3\.\d+)", project["project"]["requires-python"])
    assert oldest is not None
    assert python == f"python={oldest[1]}"


def test_no_file_names_a_package_index(root: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    faults = []
    for name in listing.stdout.splitlines():
        path = root / name
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = INDEX_ADDRESSES.search(text.replace("--no-emit-index-url", ""))
        if found:
            faults.append(f"{name}: {found[0]}")
    assert faults == []


def test_the_wheel_holds_the_kit_alone(project: dict[str, Any]) -> None:
    assert project["tool"]["setuptools"] == {"packages": ["coursekit"]}


def test_the_finished_app_cannot_be_imported_from_elsewhere(root: Path, tmp_path: Path) -> None:
    """Else it could stand in for the learner's."""
    code = "import coursekit.course, importlib.util as u, sys; sys.exit(u.find_spec('course_app') is not None)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_a_kernel_has_the_kit_but_not_the_finished_app(root: Path, tmp_path: Path) -> None:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        client.execute_interactive(
            "import sys, importlib.util, coursekit\n"
            f"assert {str(root)!r} not in sys.path\n"
            "assert importlib.util.find_spec('course_app') is None",
            timeout=60,
            output_hook=lambda message: None,
            allow_stdin=False,
        )
        reply = client.execute_interactive("1", timeout=60, output_hook=lambda message: None, allow_stdin=False)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
