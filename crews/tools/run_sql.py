"""The tool for what no metric answers: one guarded SELECT over the data products the asker may read."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, ToolOutcome, ToolSpec
from crews.tools.query_metrics import outcome_of
from ledger.people import Right


class SqlArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sql: Annotated[
        str,
        Field(min_length=1, max_length=8192, description="One SELECT over domain.product tables (DuckDB)."),
    ]
    title: Annotated[
        str, Field(min_length=1, max_length=200, description="What the figures are, in a few words.")
    ]


def _run(context: StepContext, arguments: SqlArguments) -> ToolOutcome:
    result = context.numbers.sql(context.access, arguments.sql, context.db.clock.now())
    return outcome_of(result, arguments.title)


RUN_SQL = ToolSpec(
    name="run_sql",
    description=(
        "Runs one SELECT over the tables and columns that describe_data_product shows, within the asker's "
        "rights. Only where no metric fits."
    ),
    arguments=SqlArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_run,
)
