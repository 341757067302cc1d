"""The table of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", ID),
        sa.Column("data_id", ID, nullable=False),
        sa.Column("key", sa.String(255)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_jobs_owner_id", ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('pending', 'started', 'succeeded', 'failed')", name="ck_jobs_status"),
        sa.CheckConstraint("(status = 'succeeded') = (result IS NOT NULL)", name="ck_jobs_result"),
        sa.CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="ck_jobs_error"),
    )
    op.create_index("uq_jobs_key", "jobs", ["owner_id", "key"], unique=True)


def downgrade() -> None:
    """Drop it, with all jobs."""
    op.drop_table("jobs")
