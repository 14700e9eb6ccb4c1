"""Tokens that stand for personal data within a run, and the question as others may see it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pii_tokens",
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("token", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_pii_tokens_run_id_runs"),
        sa.PrimaryKeyConstraint("run_id", "token", name="pk_pii_tokens"),
        sa.UniqueConstraint("run_id", "kind", "digest", name="uq_pii_tokens_run_id_kind_digest"),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("masked_question", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_column("masked_question")
    op.drop_table("pii_tokens")
