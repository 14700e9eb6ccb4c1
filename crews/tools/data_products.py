"""The tools that tell what data there is and what is in it, as far as the asker may know."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crews.step_context import StepContext
from crews.tools.gate import Effect, Status, ToolOutcome, ToolSpec
from knowledge.warehouse.description import describe_product, list_products
from ledger.evidence import Finding
from ledger.people import Right

_KIND = "data_product"


class ListArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Annotated[
        str | None, Field(max_length=200, description="Only those that speak of this; null: all.")
    ] = None


class DescribeArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=3, max_length=120, description="domain.product")]


def _list(context: StepContext, arguments: ListArguments) -> ToolOutcome:
    found = list_products(context.numbers.warehouse, context.access, arguments.words)
    findings = [
        Finding(
            kind=_KIND,
            source=item.name,
            locator="catalog",
            text=item.text,
            as_of=None,
            details={"title": item.name, "owner": item.owner},
        )
        for item in found
    ]
    return ToolOutcome(Status.FOUND if findings else Status.NOTHING_FOUND, findings=findings)


def _describe(context: StepContext, arguments: DescribeArguments) -> ToolOutcome:
    item = describe_product(context.numbers.warehouse, context.access, arguments.name, context.db.clock.now())
    finding = Finding(
        kind=_KIND,
        source=item.name,
        locator="schema",
        text=item.text,
        as_of=None,
        details={"title": item.name, "owner": item.owner},
    )
    return ToolOutcome(Status.FOUND, findings=[finding])


LIST_DATA_PRODUCTS = ToolSpec(
    name="list_data_products",
    description="Lists the data products the asker may read: what each is about, and the metrics over it.",
    arguments=ListArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_list,
)

DESCRIBE_DATA_PRODUCT = ToolSpec(
    name="describe_data_product",
    description=(
        "Describes one data product: columns with types and units, metrics and dimensions over it, how old "
        "and how good it is, its owner and known issues."
    ),
    arguments=DescribeArguments,
    effect=Effect.READ,
    right=Right.ASK,
    run=_describe,
)
