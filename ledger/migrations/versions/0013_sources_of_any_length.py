"""What evidence comes from may be an address, or the names of many data products: longer than a label."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column("source", existing_type=sa.String(length=255), type_=sa.Text(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column(
            "source",
            existing_type=sa.Text(),
            type_=sa.String(length=255),
            nullable=False,
            postgresql_using="left(source, 255)",
        )
