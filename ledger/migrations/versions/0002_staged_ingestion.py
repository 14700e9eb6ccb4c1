"""What ingestion needs to judge documents and batches, to remember its runs, and to embed again without
parsing."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from ledger.schema import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _document_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("declared_groups", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("judged_by", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=80), nullable=True),
        sa.Column("findings", sa.JSON(none_as_null=True), server_default="[]", nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=True),
        sa.Column("minhash", sa.LargeBinary(), nullable=True),
        sa.Column("passage_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("embedded_with", sa.String(length=255), nullable=True),
        sa.Column("vector_sum", sa.LargeBinary(), nullable=True),
        sa.Column("norm_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("norm_sum", sa.Double(), server_default="0", nullable=False),
        sa.Column("norm_sq_sum", sa.Double(), server_default="0", nullable=False),
    )


def upgrade() -> None:
    for column in _document_columns():
        op.add_column("documents", column)
    op.add_column("passages", sa.Column("prefix", sa.Text(), server_default="", nullable=False))
    op.execute(
        "UPDATE documents SET passage_count = "
        "(SELECT count(*) FROM passages WHERE passages.document_id = documents.id)"
    )
    op.create_table(
        "ingestions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("passages_before", sa.Integer(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("released_by", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_ingestions"),
    )
    op.create_index("ix_ingestions_digest", "ingestions", ["digest"])
    op.create_index("ix_ingestions_started_at", "ingestions", ["started_at"])
    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.String(length=36), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=80), nullable=False),
        sa.Column("released_by", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint(
            "document_id", "content_hash", "status", name="uq_releases_document_id_content_hash_status"
        ),
    )


def downgrade() -> None:
    op.drop_table("releases")
    op.drop_table("ingestions")
    with op.batch_alter_table("passages", schema=None) as batch_op:
        batch_op.drop_column("prefix")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        for column in _document_columns():
            batch_op.drop_column(column.name)
