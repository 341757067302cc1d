"""Every item of the curriculum has its place in the course."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coursekit.course import Course

HERE = Path(__file__).parent
KINDS = ("snippet", "point")
SECTIONS = 12


def items_of(brief: str) -> Iterator[tuple[int, str, str]]:
    """The section, kind and text of each code sample (its first line), bullet and numbered point."""
    section = 0
    sample: list[str] | None = None
    for line in brief.partition("\n## Project Structure")[2].splitlines():
        section = max(section, 1) + line.startswith("## ")
        if line.strip().startswith("```"):
            if sample is None:
                sample = []
            else:
                yield section, "snippet", sample[0]
                sample = None
        elif sample is not None:
            sample.append(line)
        elif point := re.match(r"\s*(?:-|\d+\.) (.+)", line):
            yield section, "point", point[1].strip()


@pytest.fixture(scope="module")
def listed() -> list[dict[str, Any]]:
    content = tomllib.loads((HERE / "coverage.toml").read_text(encoding="utf-8"))
    return [{"kind": kind, **item} for kind in KINDS for item in content[kind]]


def test_every_item_of_the_brief_is_listed(listed: list[dict[str, Any]]) -> None:
    brief = set(items_of((HERE / "brief.md").read_text(encoding="utf-8")))
    assert {section for section, _, _ in brief} == set(range(1, SECTIONS + 1))
    found = [(item["chapter"], item["kind"], item["brief"]) for item in listed]
    assert set(found) - brief == set()
    assert brief - set(found) == set()
    assert len(found) == len(set(found))


def test_every_item_of_a_chapter_that_exists_points_to_its_cells(course: Course, listed: list[dict[str, Any]]) -> None:
    written = {chapter.number: chapter for chapter in course.chapters}
    faults = []
    for item in listed:
        chapter = written.get(item["chapter"])
        if chapter is None:
            if not item.get("planned"):
                faults.append(f"{item['brief']}: there is no chapter {item['chapter']}, and the item is not planned")
        elif not item.get("cells"):
            faults.append(f"{item['brief']}: no cell of chapter {chapter.number} is named")
        else:
            for text in item["cells"]:
                count = sum(text in cell.source for cell in chapter.cells)
                if count != 1:
                    faults.append(f"{item['brief']}: {text!r} stands in {count} cells of chapter {chapter.number}")
    assert faults == []


def test_planned_items_are_those_of_the_chapters_to_come(course: Course, listed: list[dict[str, Any]]) -> None:
    to_come = set(range(1, SECTIONS + 1)) - {chapter.number for chapter in course.chapters}
    planned = [item for item in listed if item.get("planned")]
    assert {item["chapter"] for item in planned} == to_come
    print(f"{len(listed) - len(planned)} of {len(listed)} items have their cells, {len(planned)} are planned")
