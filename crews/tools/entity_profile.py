"""The tool that tells what is known of one customer, store or product, by definitions made once."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, ToolOutcome, ToolSpec
from crews.tools.query_metrics import outcome_of
from ledger.people import Right


class ProfileArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: Annotated[str, Field(min_length=1, max_length=63, description="such as customer or store")]
    key: Annotated[str | int, Field(description="Which one: its key.")]


def _profile(context: StepContext, arguments: ProfileArguments) -> ToolOutcome:
    result = context.numbers.profile(context.access, arguments.entity, arguments.key, context.db.clock.now())
    return outcome_of(result, f"The {arguments.entity} {arguments.key}")


ENTITY_PROFILE = ToolSpec(
    name="entity_profile",
    description="Tells what is known of one entity: attributes and figures, each defined once.",
    arguments=ProfileArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_profile,
)
