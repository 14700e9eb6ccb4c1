"""A person may be asked about the calls a model wants to make in a step, and so more than once in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with _messages_apart(), op.batch_alter_table("decisions") as decisions:
        decisions.add_column(sa.Column("call", sa.JSON(none_as_null=True), nullable=True))
        decisions.drop_constraint("uq_decisions_step_id", type_="unique")
        decisions.create_index("ix_decisions_step_id", ["step_id"])


def downgrade() -> None:
    op.execute(
        "UPDATE deliveries SET decision_id = NULL WHERE decision_id IN "
        "(SELECT id FROM decisions WHERE call IS NOT NULL)"
    )
    op.execute("DELETE FROM decisions WHERE call IS NOT NULL")
    with _messages_apart(), op.batch_alter_table("decisions") as decisions:
        decisions.drop_index("ix_decisions_step_id")
        decisions.create_unique_constraint("uq_decisions_step_id", ["step_id"])
        decisions.drop_column("call")


@contextmanager
def _messages_apart() -> Iterator[None]:
    """SQLite changes a table by making it anew, and does not let go of one that rows point at."""
    if op.get_bind().dialect.name != "sqlite":
        yield
        return
    op.execute(
        "CREATE TEMPORARY TABLE asked AS SELECT id, decision_id FROM deliveries WHERE decision_id IS NOT NULL"
    )
    op.execute("UPDATE deliveries SET decision_id = NULL WHERE decision_id IS NOT NULL")
    yield
    op.execute(
        "UPDATE deliveries SET decision_id = (SELECT decision_id FROM asked WHERE asked.id = deliveries.id) "
        "WHERE id IN (SELECT id FROM asked)"
    )
    op.execute("DROP TABLE asked")
