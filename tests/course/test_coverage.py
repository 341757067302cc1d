"""Every item of the curriculum has its place in the course."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coursekit.course import Course

HERE = Path(__file__).parent
KINDS = ("snippet", "point")
SECTIONS = 12
# Code samples and bullets of the curriculum, by section.
ITEMS = {
    1: (1, 4),
    2: (2, 4),
    3: (2, 0),
    4: (3, 6),
    5: (1, 5),
    6: (2, 0),
    7: (2, 4),
    8: (2, 4),
    9: (3, 0),
    10: (3, 0),
    11: (2, 0),
    12: (2, 20),
}


@pytest.fixture(scope="module")
def listed() -> list[dict[str, Any]]:
    content = tomllib.loads((HERE / "coverage.toml").read_text(encoding="utf-8"))
    return [{"kind": kind, **item} for kind in KINDS for item in content[kind]]


def test_every_item_of_the_brief_is_listed(listed: list[dict[str, Any]]) -> None:
    counted = Counter((item["chapter"], item["kind"]) for item in listed)
    assert {n: tuple(counted[n, kind] for kind in KINDS) for n in range(1, SECTIONS + 1)} == ITEMS
    names = [(item["chapter"], item["kind"], item["brief"]) for item in listed]
    assert len(names) == len(set(names))


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
