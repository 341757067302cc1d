"""Servers on the learner's workspace: JupyterLab for `course lab`, uvicorn for `course serve`."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.files import write_whole

FIRST_PORT = 8888
PORTS_TRIED = 50
LOAD_SECONDS = 60
# Defaults only: what a learner chose in JupyterLab's settings counts.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


class PortError(CourseError):
    """No port to listen on."""


def free_port(port: int | None = None, *, first: int = FIRST_PORT) -> int:
    """`port`, or the first free one from `first` on. Raise `PortError` if it, or all that were tried, are taken."""
    candidates = range(first, first + PORTS_TRIED) if port is None else [port]
    for candidate in candidates:
        if _is_free(candidate):
            return candidate
    if port is None:
        raise PortError(
            f"The ports {first} to {first + PORTS_TRIED - 1} are all taken: stop a server that runs there, "
            "or name another port with --port."
        )
    raise PortError(f"Port {port} is taken or not allowed: name another with --port, or leave it out.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def command(workspace: Path, *, port: int, browser: bool) -> list[str]:
    """The command line of JupyterLab. The layout of its windows is the workspace's own."""
    options = [
        f"--ServerApp.root_dir={workspace}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.open_browser={browser}",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
        "--LabApp.extension_manager=readonly",
        f"--LabApp.workspaces_dir={workspace / '.course' / 'lab'}",
        "--Application.log_level=WARN",
        "--LabApp.log_level=WARN",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return [sys.executable, "-P", "-m", "jupyterlab", *options]


def start(workspace: Path, *, port: int | None = None, browser: bool = True) -> int:
    """Run JupyterLab until it is stopped; return its exit status (on POSIX: never, this process becomes the server)."""
    port = free_port(port)
    config = workspace / ".course" / "jupyter"
    write_whole(config / "labconfig" / "default_setting_overrides.json", json.dumps(SETTINGS))
    token = secrets.token_hex(24)
    print(f"The course is at http://localhost:{port}/lab?token={token}", flush=True)
    print("Ctrl-C stops it. Your work is in", workspace, flush=True)
    environment = os.environ | {
        "COURSE_WORKSPACE": str(workspace),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [str(config), os.environ.get("JUPYTER_CONFIG_PATH")])),
        "JUPYTER_TOKEN": token,
    }
    return _run(command(workspace, port=port, browser=browser), workspace, environment)


def serve(workspace: Path, *, port: int | None = None, reload: bool = False) -> int:
    """Run the learner's app under uvicorn until it is stopped; returns as `start` does.

    Raise `CourseError` while there is no app.
    """
    if not (workspace / "course_app" / "main.py").is_file():
        raise CourseError(
            f"There is no app in {workspace} yet: open the course with `course lab` and run chapter 01, it saves one."
        )
    if not reload:
        _try_to_load(workspace)
    port = free_port(port, first=8000)
    print(f"Your app is at http://localhost:{port}/docs. Ctrl-C stops it.", flush=True)
    # -B: bytecode of an earlier save must not be loaded for the file saved in the same second.
    arguments = [sys.executable, "-B", "-P", "-m", "uvicorn", "course_app.main:app", "--port", str(port)]
    arguments += ["--app-dir", str(workspace), "--no-proxy-headers"]  # from chapter 04 on, the app reads them itself
    if reload:
        arguments += ["--reload", "--reload-dir", str(workspace / "course_app")]
    return _run(arguments, workspace)


_PROBE = """
import sys
from pathlib import Path

from coursekit import loader
from coursekit.live_app import fault_of

folder = Path(sys.argv[1])
loader.install(folder)
try:
    import course_app.main
except Exception as error:
    sys.exit(str(fault_of(error, folder)))
"""


def _try_to_load(workspace: Path) -> None:
    """Import the app in a process of its own. Raise `CourseError` when that fails."""
    arguments = [sys.executable, "-B", "-P", "-c", _PROBE, str(workspace)]
    try:
        tried = subprocess.run(
            arguments, cwd=workspace, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=LOAD_SECONDS
        )
        said = "" if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["it ends the process"])[-1]
    except subprocess.TimeoutExpired:
        said = f"it takes more than {LOAD_SECONDS} seconds"
    if said:
        raise CourseError(f"Your app cannot be loaded: {said}. Run the cell of that file again, then `course serve`.")


def _run(arguments: list[str], folder: Path, environment: dict[str, str] | None = None) -> int:
    """Become the server where that is possible, so that a signal to this process reaches it; else wait for it."""
    environment = dict(os.environ) if environment is None else environment
    if os.name == "posix":
        os.chdir(folder)
        os.execve(arguments[0], arguments, environment)
    return subprocess.call(arguments, cwd=folder, env=environment)
