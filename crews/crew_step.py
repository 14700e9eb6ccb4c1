"""Runs a crew for one step and brings back an output that fits, whatever the model said.

A model's last word is checked against the crew's own pydantic output, outside CrewAI: one repair is asked
for, then the candidate is dropped and the next one - in the end the floor - does the work again. Claims that
fail the check against their evidence are sent back once (`crews/redraft.py`).
"""

import contextvars
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crewai.tools.tool_failure import ToolExecutionFailedError
from pydantic import BaseModel, ValidationError

from crews.builder import GovernedTool, build_crew
from crews.errors import OutputInvalid, UnknownCrew
from crews.floor.turn import FloorPlan
from crews.help_desk.output import DraftAnswer
from crews.models.gateway import GatewayLLM
from crews.models.provider import ProviderClients
from crews.redraft import redraft_once
from crews.specs import CrewSpec
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from crews.tools.gate import ToolSpec
from crews.tools.untrusted import without_marks
from crews.tracing.event_listener import EventTally, tallying
from ledger.log import get_logger
from ledger.settings import ModelCandidate

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CrewParts:
    """A crew as it can be run: its spec, the shape of its output, and how the floor speaks for it."""

    spec: CrewSpec
    output: type[BaseModel]
    floor_plan: FloorPlan


class CrewRoom:
    """Everything the crews share in one process."""

    def __init__(
        self,
        crews: Mapping[str, CrewParts],
        tools: Mapping[str, ToolSpec],
        candidates: Sequence[ModelCandidate],
    ) -> None:
        self._crews = crews
        self._tools = tools
        self._candidates = candidates
        self._clients = ProviderClients()
        # Made now, so that a candidate that cannot be used stops the start and not an answer.
        for candidate in candidates:
            self._clients.client_for(candidate)

    def parts(self, name: str) -> CrewParts:
        """Raises UnknownCrew."""
        if name not in self._crews:
            raise UnknownCrew(f"There is no crew called '{name}'.")
        return self._crews[name]

    def run(self, context: StepContext, name: str) -> CrewStepOutput:
        """Raises CrewdeskError if the step cannot be done."""
        parts = self.parts(name)
        gateway = GatewayLLM(context, name, self._candidates, self._clients, parts.floor_plan)
        while True:
            try:
                output = self._attempt(context, parts, gateway)
                break
            except OutputInvalid as error:
                gateway.drop_candidate(str(error))
        # A model that fails now has not failed the draft it leaves.
        use, failed = gateway.use, 0
        if isinstance(output, DraftAnswer) and output.claims and not gateway.on_floor:
            redraft = redraft_once(context, output, partial(_draft_again, gateway))
            if redraft.failed:
                output, use, failed = redraft.draft, gateway.use, redraft.failed
        return CrewStepOutput(
            crew=name,
            title=parts.spec.title,
            output=output.model_dump(mode="json"),
            model=use,
            evidence=tuple(item.label for item in context.evidence),
            tools_unavailable=context.tools_unavailable,
            best_relevance=context.best_relevance,
            withheld=context.withheld,
            redrafted_for=failed,
        )

    def _attempt(self, context: StepContext, parts: CrewParts, gateway: GatewayLLM) -> BaseModel:
        spec = parts.spec
        tools = [GovernedTool(context, self._tools[name]) for name in spec.tools]
        with context.recorder.span("crew", f"crew {spec.name}", {"question": context.claim.question}) as span:
            context.parent_span = span.id
            tally = EventTally(frozenset(spec.tools))
            crew = build_crew(spec, context.claim.question, gateway, list(tools))
            asked, called = gateway.asked, len(context.tools_called)
            said = contextvars.copy_context().run(_kick_off, crew, tally)
            span.attributes["events"] = tally.summary()
            _cross_check(tally, generations=gateway.asked - asked, tools=len(context.tools_called) - called)
            output = _fitting(parts.output, said, gateway)
            span.output = output.model_dump(mode="json")
            span.attributes["model"] = gateway.use.name
            return output


def _draft_again(gateway: GatewayLLM, prompt: str) -> DraftAnswer | None:
    said = str(gateway.call([{"role": "user", "content": prompt}]))
    return None if gateway.on_floor else DraftAnswer.model_validate(parse_output(DraftAnswer, said))


def _kick_off(crew: Any, tally: EventTally) -> str:
    # In a context of its own: CrewAI keeps what it recorded of a run in context variables and would keep it
    # for ever.
    with tallying(tally):
        try:
            return str(crew.kickoff().raw)
        except ToolExecutionFailedError as error:
            raise OutputInvalid("kept making the same tool call") from error


def _cross_check(tally: EventTally, *, generations: int, tools: int) -> None:
    """Logs when CrewAI's bus saw another number of calls than were recorded: something went past the gate."""
    heard = (tally.counts["model_call_started"], tally.counts["tool_call_started"])
    if heard != (generations, tools):
        _log.error("record_incomplete", heard=heard, recorded=(generations, tools))


def _fitting(model: type[BaseModel], said: str, gateway: GatewayLLM) -> BaseModel:
    """Raises OutputInvalid."""
    try:
        return parse_output(model, said)
    except ValidationError as error:
        complaint = _complaint(error)
    repaired = gateway.call([{"role": "user", "content": _repair_prompt(model, said, complaint)}])
    try:
        return parse_output(model, str(repaired))
    except ValidationError:
        raise OutputInvalid(f"gave output that does not fit ({complaint})") from None


def parse_output(model: type[BaseModel], said: str) -> BaseModel:
    """Takes the outermost JSON object of the text, as models like to wrap it in words or fences. Raises
    ValidationError."""
    said = without_marks(said)
    start, end = said.find("{"), said.rfind("}")
    return model.model_validate_json(said[start : end + 1] if 0 <= start < end else said)


def _repair_prompt(model: type[BaseModel], said: str, complaint: str) -> str:
    schema = json.dumps(model.model_json_schema())
    return (
        "Your last answer is not the JSON object that was asked for. Give the same answer again as one JSON "
        "object that fits this schema, and nothing else.\n"
        f"Schema: {schema}\nProblem: {complaint}\nYour answer was:\n{said[:8000]}"
    )


def _complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{where}: {first['msg']}"[:300]
