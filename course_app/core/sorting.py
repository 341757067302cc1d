"""In which order a client wants a list."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar


class HasId(Protocol):
    """A row; `id` settles ties."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=HasId)


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


def arrange(rows: Iterable[Row], order: Order) -> list[Row]:
    """Return the rows in that order; rows that tie come by ascending id, whichever way the sort runs."""
    by_id = sorted(rows, key=lambda row: row.id)
    return sorted(by_id, key=lambda row: getattr(row, order.field), reverse=order.descending)
