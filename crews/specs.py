"""What a crew's folder declares: `crew.yaml`, strict, so that a misspelt key stops the start and not an
answer."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crews.output_schema import OutputSchema
from ledger.errors import WorkspaceInvalid
from ledger.yaml_file import load_yaml

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class AgentSpec(BaseModel):
    """CrewAI's own fields of an agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Words
    goal: Words
    backstory: Words


class TaskSpec(BaseModel):
    """CrewAI's own fields of a task. In the description `{question}` stands for what was asked, `{inputs}`
    for the outputs of the steps it needs and `{item}` for the one of a list it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Words
    expected_output: Words


class Limits(BaseModel):
    """Per step; model calls per step and candidate, a call that was tried again counting once. Reaching one
    ends the step with a sentence; it never ends in a half answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_calls: int = Field(default=20, ge=1, le=100)
    tool_calls: int = Field(default=12, ge=0, le=100)


class CrewSpec(BaseModel):
    """`output` is for a workspace's own crews; without one the crew drafts an answer in claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    title: Words
    agent: AgentSpec
    task: TaskSpec
    tools: tuple[str, ...] = ()
    limits: Limits = Limits()
    output: OutputSchema | None = None


def load_crew_spec(folder: Path) -> CrewSpec:
    """Raises WorkspaceInvalid naming file, line and key."""
    return load_yaml(folder / "crew.yaml", CrewSpec)


def check_tools(path: Path, spec: CrewSpec, known: Collection[str]) -> None:
    """Raises WorkspaceInvalid."""
    unknown = [name for name in spec.tools if name not in known]
    if unknown:
        there_are = f"; there are: {', '.join(sorted(known))}" if known else ""
        raise WorkspaceInvalid(f"{path}: tools: there is no tool '{unknown[0]}'{there_are}.")
