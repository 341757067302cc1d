"""The work that a job does."""

from typing import Any

from course_app.db.repositories import ItemRepository


class JobRefused(Exception):
    """The job cannot be done. The text is a sentence for the job's owner."""


async def stock_report(data_id: int, items: ItemRepository) -> dict[str, Any]:
    """Return what the stock of an item is worth, as JSON can hold it. Raise `JobRefused` if there is no such item."""
    item = await items.get(data_id)
    if item is None:
        raise JobRefused("There is no item with this id.")
    return {
        "item_id": item.id,
        "name": item.name,
        "quantity": item.quantity,
        "price": f"{item.price:.2f}",
        "stock_value": f"{item.price * item.quantity:.2f}",
    }
