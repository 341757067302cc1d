"""A database of dictionaries. Rows hold plain values only, no objects of the application's classes."""

from typing import Any, TypedDict

Rows = dict[int | str, dict[str, Any]]


class Tables(TypedDict):
    """All rows by table and key, and the last id each table gave away."""

    rows: dict[str, Rows]
    last_id: dict[str, int]


def new_tables() -> Tables:
    """Return empty tables."""
    return {"rows": {"users": {}, "items": {}, "revocations": {}}, "last_id": {"users": 0, "items": 0}}


def next_id(tables: Tables, name: str) -> int:
    """Return an id that the table never gave away before."""
    tables["last_id"][name] += 1
    return tables["last_id"][name]
