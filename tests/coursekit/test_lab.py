"""Finding a port, and the command line of JupyterLab."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursekit import lab


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_in_a_sentence(taken: int) -> None:
    with pytest.raises(lab.PortError, match=f"Port {taken} is taken"):
        lab.free_port(taken)


def test_without_a_wish_the_next_free_port_is_found(taken: int) -> None:
    assert lab.free_port(first=taken) > taken


def test_no_port_free(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "PORTS_TRIED", 1)
    with pytest.raises(lab.PortError, match="are all taken"):
        lab.free_port(first=taken)


def test_the_command_line(tmp_path: Path) -> None:
    command = lab.command(tmp_path, port=8888, browser=False)
    assert "--ServerApp.open_browser=False" in command
    assert f"--ServerApp.root_dir={tmp_path}" in command


@pytest.mark.parametrize(("uid", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_only_where_it_is_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, allowed: bool
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    assert ("--allow-root" in lab.command(tmp_path, port=8888, browser=True)) is allowed
