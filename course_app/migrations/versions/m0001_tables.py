"""The tables: accounts, items, recalled tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def text(length: int) -> sa.types.TypeEngine[str]:
    """Text that sorts by code point."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", text(64), nullable=False),
        sa.Column("email", text(254), nullable=False),
        sa.Column("full_name", text(100), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("hashed_password", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("token_generation", sa.Integer, nullable=False),
        sa.Column("kept_token", sa.Text),
        sa.Column("password_changed_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("key", name="uq_users_key"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.CheckConstraint("role IN ('admin', 'manager', 'user')", name="ck_users_role"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_created_at", "users", ["created_at"])
    op.create_table(
        "items",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("price", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("owner_id", ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_items_owner_id", ondelete="SET NULL"),
        sa.CheckConstraint("price >= 0", name="ck_items_price"),
        sa.CheckConstraint("quantity >= 0", name="ck_items_quantity"),
        sqlite_autoincrement=True,
    )
    for column in ("name", "price", "owner_id", "created_at"):
        op.create_index(f"ix_items_{column}", "items", [column])
    op.create_table(
        "revocations",
        sa.Column("digest", text(64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_revocations"),
    )
    op.create_index("ix_revocations_expires_at", "revocations", ["expires_at"])


def downgrade() -> None:
    """Drop them, with everything in them."""
    for table in ("revocations", "items", "users"):
        op.drop_table(table)
