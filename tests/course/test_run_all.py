"""*Run All* in JupyterLab sends every cell at once, and the kernel queues them; nbval waits for each answer.

Here with a few chapters and without a browser; tests/browser does it with each.
"""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

from coursekit.build import notebook_of
from coursekit.course import Chapter, Course

CHAPTERS = [Course.load().chapter(number) for number in (0, 4, 10)]
SECONDS = 120


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.name for chapter in CHAPTERS])
def test_run_all(chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path / "workspace"))
    cells = [cell.source for cell in notebook_of(chapter, "notebooks").cells if cell.cell_type == "code"]
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        sent = {client.execute(source, stop_on_error=False): source for source in cells}
        faults: list[str] = []
        waiting = set(sent)
        deadline = time.monotonic() + SECONDS
        while waiting and time.monotonic() < deadline:
            try:
                message = client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            content, request = message["content"], message["parent_header"].get("msg_id")
            if message["msg_type"] == "error" or content.get("name") == "stderr":
                told = content.get("text") or f"{content.get('ename')}: {content.get('evalue')}"
                faults.append(f"{sent.get(request, '?').partition(chr(10))[0]}\n{told}")
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                waiting.discard(request)
        assert faults == []
        assert [sent[request] for request in waiting] == []
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
