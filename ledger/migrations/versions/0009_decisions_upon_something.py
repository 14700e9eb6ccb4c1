"""Decisions tell why they are asked, and upon what exactly."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("why", sa.Text(), nullable=True))
    op.add_column("decisions", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("decisions", sa.Column("digest", sa.String(length=64), nullable=True))


def downgrade() -> None:
    for column in ("digest", "detail", "why"):
        op.drop_column("decisions", column)
