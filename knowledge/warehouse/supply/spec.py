"""The shape of `catalog/supply.yaml`: which metrics and dimensions planning goes by, and its two rules."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Demand(_Part):
    """A metric that may be summed over time, by article; `group` is what people call several articles by."""

    metric: Name
    article: Name
    called: Name
    group: Name


class Position(_Part):
    """What is free of each article, on one day, with who makes it and how long that takes in days."""

    metric: Name
    article: Name
    supplier: Name
    make_days: Name
    transit_days: Name


class UnderWay(_Part):
    """What was ordered and has not arrived, by article and day of arrival."""

    metric: Name
    article: Name
    arrives: Name


class SupplySpec(_Part):
    """An order is placed every `review_days`; `service` is the share of such cycles in which stock is to be
    enough."""

    demand: Demand
    position: Position
    under_way: UnderWay
    review_days: int = Field(default=30, ge=1, le=365)
    service: float = Field(default=0.95, gt=0.5, lt=1)

    def names(self) -> list[tuple[tuple[str, str], str]]:
        """Each name with where it stands."""
        return [
            ((part, key), value)
            for part in ("demand", "position", "under_way")
            for key, value in getattr(self, part).model_dump().items()
        ]
