"""Item names under case folding, for searches."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

FOLDED = sa.String(300).with_variant(sa.String(300, collation="C"), "postgresql")
items = sa.table("items", sa.column("id"), sa.column("name"), sa.column("name_folded"))


def upgrade() -> None:
    """Add the column, and fill it for the items that are there."""
    op.add_column("items", sa.Column("name_folded", FOLDED, nullable=False, server_default=""))
    connection = op.get_bind()
    for item_id, name in connection.execute(sa.select(items.c.id, items.c.name)).all():
        connection.execute(items.update().where(items.c.id == item_id).values(name_folded=name.casefold()))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("items", "name_folded")
