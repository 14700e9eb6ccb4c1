"""Waits, conditions, fan-out, retries, decisions, cancelling, and what a run is pinned to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column("runs", sa.Column("cancel_requested_at", _MOMENT, nullable=True))
    op.add_column("runs", sa.Column("pins", _JSON, nullable=True))
    op.add_column("steps", sa.Column("plan", _JSON, nullable=True))
    op.add_column("steps", sa.Column("due_at", _MOMENT, nullable=True))
    op.add_column("steps", sa.Column("part_of", sa.String(length=80), nullable=True))
    op.add_column("steps", sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("steps", sa.Column("item", _JSON, nullable=True))
    op.add_column("steps", sa.Column("undoes", sa.String(length=80), nullable=True))
    op.add_column("steps", sa.Column("forgiven", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("steps", sa.Column("retried", _JSON, nullable=True))
    op.create_index("ix_steps_state_due_at", "steps", ["state", "due_at"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("step_id", sa.String(length=36), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("options", _JSON, nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=80), nullable=False),
        sa.Column("choice", sa.String(length=80), nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_decisions_run_id_runs"),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_decisions_step_id_steps"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("step_id", name="uq_decisions_step_id"),
    )
    op.create_index("ix_decisions_run_id", "decisions", ["run_id"])
    op.create_index("ix_decisions_state_expires_at", "decisions", ["state", "expires_at"])
    op.create_table(
        "pinned_specs",
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("spec", _JSON, nullable=False),
        sa.Column("kept_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_pinned_specs"),
    )


def downgrade() -> None:
    op.drop_table("pinned_specs")
    op.drop_table("decisions")
    op.drop_index("ix_steps_state_due_at", "steps")
    for column in ("retried", "forgiven", "undoes", "item", "position", "part_of", "due_at", "plan"):
        op.drop_column("steps", column)
    for column in ("pins", "cancel_requested_at"):
        op.drop_column("runs", column)
