"""In which order a client wants a list."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Order:
    """Sort by `field`, from large to small if `descending`."""

    field: str = "id"
    descending: bool = False


def parse_sort(value: str, allowed: Collection[str]) -> Order:
    """Read a `sort` parameter: one of `allowed`, after a `-` for descending. Raise `ValueError` for anything else."""
    field = value.removeprefix("-")
    if field not in allowed:
        raise ValueError("not a field to sort by")
    return Order(field, descending=value.startswith("-"))
