"""Our reader of MyST notebooks and jupytext's find the same cells."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from coursekit.errors import SourceError
from coursekit.myst import Block, read_blocks

CHAPTERS = sorted((Path(__file__).parents[2] / "chapters").glob("*/chapter.md"))
HEADER = "---\nkernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n"
HARD = {
    "nothing": "",
    "text alone": "# Title\n\ntext\n",
    "no blank lines around": "text\n```{code-cell} ipython3\n1\n```\nmore\n",
    "fences inside": "````\n```{code-cell} ipython3\nnot a cell\n```\n````\n\n```{code-cell} ipython3\na cell\n```\n",
    "in a list": "- point\n\n  ```{code-cell} ipython3\n  not a cell\n  ```\n\nend\n",
    "tags": "```{code-cell} ipython3\n:tags: [nbval-ignore-output, wide]\n\nplot()\n```\n",
    "a blank line first": "```{code-cell} ipython3\n\n\nx\n\n```\n",
    "a magic": "```{code-cell} ipython3\n%%save course_app/a.py\n# one\n\n\ndef f():\n    '''\n    ```\n    '''\n```\n",
    "details": "<details><summary>Hint 1</summary>\n\ntext\n\n```python\ncode\n```\n\n</details>\n",
    "block breaks": "one\n\n+++\n\ntwo\n\n+++\n",
    "tildes": "~~~{code-cell} ipython3\nx\n~~~\n",
    "never ended": "text\n\n```{code-cell} ipython3\nx\n",
    "a rule": "one\n\n---\n\ntwo\n",
    "indented text first": "    code\n\ntext\n",
}


def same_cells(text: str) -> None:
    wanted = [
        Block(cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())))
        for cell in jupytext.reads(text, fmt="md:myst").cells
    ]
    assert list(read_blocks(text)) == wanted


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.parent.name)
def test_chapters(path: Path) -> None:
    same_cells(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_hard_cases(text: str) -> None:
    same_cells(HEADER + text)


def test_another_option_is_an_error() -> None:
    with pytest.raises(SourceError, match="line 3"):
        list(read_blocks("text\n\n```{code-cell} ipython3\n:name: x\n1\n```\n"))
