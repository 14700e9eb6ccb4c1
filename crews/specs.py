"""What a crew's folder declares: `crew.yaml`, strict, so that a misspelt key stops the start and not an
answer."""

import re
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crews.output_schema import OutputSchema
from ledger.errors import WorkspaceInvalid
from ledger.yaml_file import load_yaml

_CHOICES = re.compile(r"\{choices of (\w+)\}")

# Of documents: the company's own, and what others publish about its market.
DocumentCollection = Literal["company", "market"]

# Tools that tell somebody outside what is looked for, and those that a crew may have beside them.
WEB_TOOLS = frozenset({"web_search", "read_page"})
_BESIDE_WEB_TOOLS = frozenset({"search_knowledge", "read_document"})
# An entry of a list in a description, with the lines that go on with it.
_LISTED = re.compile(r"^- (\w+):.*\n(?:[ ]+\S.*\n)*", re.MULTILINE)

Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class AgentSpec(BaseModel):
    """CrewAI's own fields of an agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Words
    goal: Words
    backstory: Words


class TaskSpec(BaseModel):
    """CrewAI's own fields of a task. In the description `{question}` stands for what was asked,
    `{conversation}` for what was said before in its thread, `{inputs}` for the outputs of the steps it needs
    and `{item}` for the one of a list it is for; in the expected output `{choices of FIELD}` for the words
    that field of the crew's output is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Words
    expected_output: Words


class Limits(BaseModel):
    """Per step; model calls per step and candidate, a call that was tried again counting once. `max_tokens`
    counts in and out, `max_cost` is in US dollars. A candidate that reaches one is dropped, and the floor
    finishes the step where it can; it never ends in a half answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_calls: int = Field(default=20, ge=1, le=100)
    tool_calls: int = Field(default=12, ge=0, le=100)
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost: Decimal | None = Field(default=None, gt=0)


class CrewSpec(BaseModel):
    """`collection` is all its tools may find documents in, whatever a model asks for; without one, all of
    them. `output` is for a workspace's own crews; without one the crew drafts an answer in claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    title: Words
    agent: AgentSpec
    task: TaskSpec
    tools: tuple[str, ...] = ()
    collection: DocumentCollection | None = None
    limits: Limits = Limits()
    output: OutputSchema | None = None


def load_crew_spec(folder: Path) -> CrewSpec:
    """Raises WorkspaceInvalid naming file, line and key."""
    return load_yaml(folder / "crew.yaml", CrewSpec)


def with_choices(
    spec: CrewSpec, output: type[BaseModel], left_out: Collection[str] = frozenset()
) -> CrewSpec:
    """The spec with the values its output may have filled in, so that what a model is told cannot fall behind
    what is taken from it. Those `left_out` are not told of, nor is what the description lists them with.
    Raises WorkspaceInvalid."""
    task = spec.task
    told = _CHOICES.sub(lambda match: _choices(spec, output, match[1], left_out), task.expected_output)
    described = _LISTED.sub(lambda match: "" if match[1] in left_out else match[0], task.description)
    changed = task.model_copy(update={"expected_output": told, "description": described})
    return spec.model_copy(update={"task": changed})


def _choices(spec: CrewSpec, output: type[BaseModel], name: str, left_out: Collection[str]) -> str:
    field = output.model_fields.get(name)
    values = () if field is None else get_args(field.annotation)
    if values and get_origin(values[0]) is Literal:
        # A list of such words.
        values = get_args(values[0])
    if not values or not all(isinstance(value, str) for value in values):
        raise WorkspaceInvalid(
            f"crews/{spec.name}/crew.yaml: task.expected_output: '{{choices of {name}}}' names no field of "
            f"{output.__name__} that is one of several words."
        )
    *others, last = (f'"{value}"' for value in values if value not in left_out)
    return f"{', '.join(others)} or {last}" if others else last


def check_tools(path: Path, spec: CrewSpec, known: Collection[str]) -> None:
    """Raises WorkspaceInvalid."""
    unknown = [name for name in spec.tools if name not in known]
    if unknown:
        there_are = f"; there are: {', '.join(sorted(known))}" if known else ""
        raise WorkspaceInvalid(f"{path}: tools: there is no tool '{unknown[0]}'{there_are}.")
    _check_web_tools(path, spec)


def _check_web_tools(path: Path, spec: CrewSpec) -> None:
    """What a page says may end up in what is looked for next, and so may all else that the crew has before
    it."""
    if not WEB_TOOLS.intersection(spec.tools):
        return
    if spec.collection != "market":
        raise WorkspaceInvalid(
            f"{path}: collection: a crew that looks in the web finds documents in market alone."
        )
    others = [name for name in spec.tools if name not in WEB_TOOLS | _BESIDE_WEB_TOOLS]
    if others:
        raise WorkspaceInvalid(f"{path}: tools: a crew that looks in the web cannot have '{others[0]}'.")
    places = [place for place in ("{conversation}", "{inputs}", "{item}") if place in spec.task.description]
    if places:
        raise WorkspaceInvalid(
            f"{path}: task.description: a crew that looks in the web is not told what others "
            f"found ({places[0]})."
        )
