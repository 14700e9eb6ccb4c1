"""Decisions tell why they are asked, and upon what exactly, and messages bring them before people. Resolved
tickets are followed up."""

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
    op.add_column("decisions", sa.Column("readers", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("tickets", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_tickets_state_resolved_at", "tickets", ["state", "resolved_at"])
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.add_column(sa.Column("decision_id", sa.String(length=36), nullable=True))
        deliveries.create_foreign_key(
            "fk_deliveries_decision_id_decisions", "decisions", ["decision_id"], ["id"]
        )
        deliveries.create_index("ix_deliveries_decision_id", ["decision_id"])


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_index("ix_deliveries_decision_id")
        deliveries.drop_constraint("fk_deliveries_decision_id_decisions", type_="foreignkey")
        deliveries.drop_column("decision_id")
    op.drop_index("ix_tickets_state_resolved_at", "tickets")
    op.drop_column("tickets", "asked_at")
    for column in ("readers", "digest", "detail", "why"):
        op.drop_column("decisions", column)
