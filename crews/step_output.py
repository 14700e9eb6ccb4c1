"""What a crew step leaves for the steps after it. Apart from what makes it, so that reading it loads no
CrewAI."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from ledger.result import ModelUse


class CrewStepOutput(BaseModel):
    """`evidence` holds the labels this attempt gathered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crew: str
    title: str | None
    output: dict[str, Any]
    model: ModelUse | None
    evidence: tuple[str, ...]
    tools_unavailable: bool = False
