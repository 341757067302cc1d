"""Rows as CSV (RFC 4180), so that a spreadsheet shows what is there and computes nothing."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, or strips and then looks again."""


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return a line with the names of the columns and a line for each row, all ending in CRLF."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    for cells in (columns, *([row[name] for name in columns] for row in rows)):
        texts = ["" if cell is None else str(cell) for cell in cells]
        writer.writerow([f"'{text}" if text.startswith(FORMULA_STARTS) else text for text in texts])
    return file.getvalue()
