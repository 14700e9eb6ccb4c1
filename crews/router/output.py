"""What the router decides."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Route(BaseModel):
    """`none`: nobody on the crew can answer this from evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specialist: Literal["help_desk", "data_analyst", "none"]
    reason: str
