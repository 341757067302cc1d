"""Revisions: a text that is another one after every change of the items, whoever makes it.

SQLite drops the triggers of a table that Alembic rebuilds (`batch_alter_table`): create them again there.
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ON_SQLITE = """
CREATE TRIGGER revise_items_{change} AFTER {change} ON items
BEGIN UPDATE revisions SET value = lower(hex(randomblob(16))) WHERE name = 'items'; END
"""
FUNCTION = """
CREATE FUNCTION revise_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE revisions SET value = gen_random_uuid()
    WHERE name = 'items' AND xmin <> pg_current_xact_id()::xid;  -- once in a transaction
    RETURN NULL;
END $$
"""
AT_THE_COMMIT = """
CREATE CONSTRAINT TRIGGER revise_items AFTER INSERT OR UPDATE OR DELETE ON items
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revise_items()
"""
WITH_THE_TRUNCATE = """
CREATE TRIGGER revise_all_items AFTER TRUNCATE ON items FOR EACH STATEMENT EXECUTE FUNCTION revise_items()
"""


def upgrade() -> None:
    """Create the table, the revision of the items, and what renews it."""
    revisions = op.create_table(
        "revisions",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("value", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_revisions"),
    )
    op.bulk_insert(revisions, [{"name": "items", "value": uuid4().hex}])
    if op.get_bind().dialect.name == "postgresql":
        for statement in (FUNCTION, AT_THE_COMMIT, WITH_THE_TRUNCATE):
            op.execute(statement)
    else:
        for change in ("INSERT", "UPDATE", "DELETE"):
            op.execute(ON_SQLITE.format(change=change))


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER revise_items ON items")
        op.execute("DROP TRIGGER revise_all_items ON items")
        op.execute("DROP FUNCTION revise_items")
    else:
        for change in ("INSERT", "UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER revise_items_{change}")
    op.drop_table("revisions")
