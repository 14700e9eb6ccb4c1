"""What a workflow is: a small, checked graph of steps.

The graph lives here because a front door must know a run's first steps without loading a crew; what each
step does is the crews' business.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_STEPS = 50

StepKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class StepKind(StrEnum):
    CREW = "crew"
    FUNCTION = "function"


class StepSpec(BaseModel):
    """One step: `uses` names a crew or a function, `needs` the steps whose outputs it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: StepKey
    kind: StepKind
    uses: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    needs: tuple[StepKey, ...] = ()
    deadline_s: float = Field(default=60.0, gt=0, le=900)


class WorkflowSpec(BaseModel):
    """A named graph of steps. The result of its one last step is the result of the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    description: str
    steps: Annotated[tuple[StepSpec, ...], Field(min_length=1, max_length=MAX_STEPS)]

    @model_validator(mode="after")
    def _check_graph(self) -> Self:
        seen: set[str] = set()
        for step in self.steps:
            if step.key in seen:
                raise ValueError(f"the step '{step.key}' is declared twice")
            unknown = [need for need in step.needs if need not in seen]
            if unknown:
                raise ValueError(
                    f"the step '{step.key}' needs '{unknown[0]}', which no earlier step is called"
                )
            seen.add(step.key)
        needed = {need for step in self.steps for need in step.needs}
        last = [step.key for step in self.steps if step.key not in needed]
        if len(last) != 1:
            raise ValueError(f"exactly one step must come last, but nothing needs any of: {', '.join(last)}")
        return self

    @property
    def last_step(self) -> StepSpec:
        return self.steps[-1]

    @property
    def version(self) -> str:
        """A hash of the content, so that a run finishes on the very graph it began with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
