"""Reading a MyST notebook as jupytext does.

jupytext itself takes over a second to import, and every kernel, checker and command of the course reads the chapters.
A test holds the two to the same cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin

from coursekit.errors import SourceError

_CODE = "{code-cell}"
_TAGS = re.compile(r":tags:\s*\[(?P<tags>[^\]]*)\]\s*")


@dataclass(frozen=True)
class Block:
    """A cell as it is written: `kind` is `markdown` or `code`."""

    kind: str
    source: str
    tags: tuple[str, ...] = ()


def read_blocks(text: str) -> Iterator[Block]:
    """Split the text of a MyST notebook into its cells. Raise `SourceError` on a cell option other than `:tags:`."""
    parser = MarkdownIt("commonmark").use(front_matter_plugin).use(myst_block_plugin).disable("inline", True)
    tokens = parser.parse(text + "\n")
    lines = text.splitlines()
    start = 0
    depth = 0
    for token in tokens:
        depth += token.nesting
        if depth or token.map is None:
            continue
        first, end = token.map
        is_code = token.type == "fence" and token.info.startswith(_CODE)
        if token.type == "front_matter":
            start = end
        elif is_code or token.type == "myst_block_break":
            yield from _markdown(lines[start:first])
            start = end
        if is_code:
            yield _code(token.content, first + 1)
    yield from _markdown(lines[start:])


def _markdown(lines: list[str]) -> Iterator[Block]:
    source = "\n".join(lines).rstrip().lstrip("\n")
    if source:
        yield Block("markdown", source)


def _code(content: str, line: int) -> Block:
    lines = content.splitlines()
    tags: tuple[str, ...] = ()
    while lines and lines[0].startswith((":", "---")):
        option = _TAGS.fullmatch(lines.pop(0))
        if option is None:
            raise SourceError(f"the code cell in line {line} has an option other than `:tags: [a, b]`.")
        tags = tuple(tag.strip() for tag in option["tags"].split(",") if tag.strip())
    if lines and not lines[0].strip():
        del lines[0]
    return Block("code", "\n".join(lines), tags)
