"""Runs of one thread: whose turn it is, whose rights each had, and what a follow-up was taken for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # One by one: SQLite would make a table that is referred to anew, which its references do not allow.
    op.add_column("runs", sa.Column("awaits_turn", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("asked_with", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("runs", sa.Column("understood", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("understood")
        runs.drop_column("asked_with")
        runs.drop_column("awaits_turn")
