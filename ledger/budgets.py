"""What a workspace may spend on models, as `workspace.yaml` declares it under `budgets:`.

Amounts are in US dollars, as providers price them; a day is a day in UTC.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Dollars = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]


class Budgets(BaseModel):
    """None: no limit. `groups` limits what all members of a group together spend in a day; somebody in two
    such groups counts in both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Dollars | None = None
    user_per_day: Dollars | None = None
    workspace_per_day: Dollars | None = None
    groups_per_day: dict[str, Dollars] = Field(default_factory=dict)

    @property
    def any_set(self) -> bool:
        return any((self.run, self.user_per_day, self.workspace_per_day, self.groups_per_day))
