"""Who plays which part in a question, as it is filled in."""

from dataclasses import dataclass, field
from decimal import Decimal

from knowledge.warehouse.query import Comparison
from knowledge.warehouse.resolve.limits import NumberLimit
from knowledge.warehouse.resolve.mentions import Mention


@dataclass(slots=True)
class Roles:
    """`measures` are metrics in order of their naming; `groups` dimensions; `subjects`, by model, the place
    in `groups` of what its rows are called by. `limits` are held against dimensions that are numbers,
    `having` against metrics; `missing` are dimensions that have to have no value, or one; `moment` is the
    dimension of time that the period is about."""

    measures: list[str] = field(default_factory=list)
    most: str | None = None
    groups: list[str] = field(default_factory=list)
    subjects: dict[str, int] = field(default_factory=dict)
    is_plural: bool = False
    context: list[Mention] = field(default_factory=list)
    flags: list[Mention] = field(default_factory=list)
    values: list[Mention] = field(default_factory=list)
    bound: dict[int, str] = field(default_factory=dict)
    limits: list[tuple[str, NumberLimit]] = field(default_factory=list)
    having: list[tuple[str, Comparison, Decimal]] = field(default_factory=list)
    missing: list[tuple[str, bool]] = field(default_factory=list)
    moment: str | None = None
    factors: list[float] = field(default_factory=list)
    rank: list[float] = field(default_factory=list)
    is_listing: bool = False
