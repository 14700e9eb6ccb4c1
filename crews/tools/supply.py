"""The tools that plan stock out of governed figures: what will be asked for, what to order, what arrives
when.

They reckon and order nothing. What they go by stands in the workspace's `catalog/supply.yaml`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from crews.tools.query_metrics import NO_ROWS, outcome_of
from crews.tools.suggest_queries import UNSURE
from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.evidence import number_finding
from knowledge.warehouse.supply.read import Asked, GroupUnclear, Supply, read_supply
from knowledge.warehouse.supply.tell import Told, tell_forecast, tell_plan, tell_schedule
from ledger.errors import NotFound
from ledger.evidence import Finding
from ledger.people import Right
from ledger.result import AbstainReason


class SupplyArguments(BaseModel):
    """What is to be planned, and for when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4_000,
            description="The group of articles and the month, in words: Camping, December 2026.",
        ),
    ]


def _tool(name: str, description: str, tell: Callable[[Supply], Told], *, with_stock: bool) -> ToolSpec:
    def run(context: StepContext, arguments: SupplyArguments) -> ToolOutcome:
        desk, now = context.numbers, context.db.clock.now()
        catalog = desk.warehouse.catalog
        if catalog.supply is None:
            raise NotFound("Stock cannot be planned here: the workspace has no catalog/supply.yaml.")
        asked = Asked(lambda query: desk.query(context.access, query, now))
        try:
            supply = read_supply(
                asked, catalog.supply, catalog.models, arguments.about, now.date(), with_stock=with_stock
            )
        except QueryRefused as error:
            return _unsure(error)
        if supply is None:
            assert asked.blocked is not None
            return outcome_of(asked.blocked, f"What {name} needs")
        told = tell(supply)
        if not told.result.rows:
            return ToolOutcome(Status.NOTHING_FOUND, note=NO_ROWS)
        finding = number_finding(told.result, told.title)
        text = "\n".join([*told.sentences, *told.result.notes, finding.text])
        details = {**finding.details, "sentences": list(told.sentences)}
        return ToolOutcome(Status.FOUND, findings=[replace(finding, text=text, details=details)])

    return ToolSpec(
        name=name,
        description=description,
        arguments=SupplyArguments,
        effect=Effect.READ,
        right=Right.ASK,
        run=run,
    )


def _unsure(error: QueryRefused) -> ToolOutcome:
    reason = AbstainReason.AMBIGUOUS if isinstance(error, GroupUnclear) else AbstainReason.NOTHING_FOUND
    text = str(error)
    finding = Finding(UNSURE, "catalog", "supply", text, None, {"title": "Not planned", "reason": reason})
    return ToolOutcome(Status.NOTHING_FOUND, findings=[finding], note=text)


FORECAST_DEMAND = _tool(
    "forecast_demand",
    "Foretells how many pieces of each article of a group will be asked for in a month, with an 80 % "
    "interval.",
    tell_forecast,
    with_stock=False,
)
PLAN_STOCK = _tool(
    "plan_stock",
    "Reckons how many pieces of each article of a group to order today, from demand, what is free, what is "
    "under way, days from order to arrival and safety stock. It orders nothing.",
    tell_plan,
    with_stock=True,
)
SCHEDULE_DELIVERIES = _tool(
    "schedule_deliveries",
    "Tells which supplier's deliveries of a group arrive when: those under way, and those that plan_stock "
    "would order today.",
    tell_schedule,
    with_stock=True,
)
