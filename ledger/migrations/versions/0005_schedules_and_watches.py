"""Due times of schedules, and people who wait for data to be fit again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "firings",
        sa.Column("schedule", sa.String(length=255), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("schedule", "fire_at", name="pk_firings"),
    )
    op.create_table(
        "watches",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("products", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("again_run_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_watches_run_id_runs"),
        sa.ForeignKeyConstraint(["again_run_id"], ["runs.id"], name="fk_watches_again_run_id_runs"),
        sa.PrimaryKeyConstraint("run_id", name="pk_watches"),
    )
    op.create_index("ix_watches_settled_at", "watches", ["settled_at"])


def downgrade() -> None:
    op.drop_table("watches")
    op.drop_table("firings")
