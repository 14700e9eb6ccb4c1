"""Runs a crew for one step and brings back an output that fits, whatever the model said.

A model's last word is checked against the crew's own pydantic output, outside CrewAI: one repair is asked
for, then the candidate is dropped and the next one - in the end the floor - does the work again. Claims that
fail the check against their evidence are sent back once (`crews/redraft.py`).
"""

import contextvars
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from crewai.tools.tool_failure import ToolExecutionFailedError
from pydantic import BaseModel

from crews.builder import GovernedTool, build_crew
from crews.cast import Cast, CrewParts
from crews.errors import OutputInvalid
from crews.floor.turn import FloorTurn
from crews.help_desk.output import DraftAnswer
from crews.last_word import fitting_output, parse_output
from crews.models.chain import Speaker, speakers
from crews.models.floor import floor_llm
from crews.models.gateway import GatewayLLM
from crews.models.provider import ProviderClients
from crews.models.replay import RecordedReplies, RecordedTools
from crews.redraft import redraft_once
from crews.report_writer.output import ReportDraft
from crews.specs import CrewSpec
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from crews.task_text import CONVERSATION, task_text
from crews.thread_memory import told_before
from crews.tools.call_decision import ask_what_is_left, stop_if_asked, told_decisions
from crews.tools.gate import ToolSpec
from crews.tools.search_knowledge import look_around
from crews.tools.trust import Trust
from crews.tracing.event_listener import EventTally, tallying
from crews.triage.step_outputs import was_looked_up
from ledger.budgets import Budgets
from ledger.errors import NotFound, SettingsInvalid
from ledger.log import get_logger
from ledger.people import Principal, find_principal
from ledger.pins import Replay
from ledger.replays import RecordedStep, recorded_step
from ledger.result import FLOOR_MODEL
from ledger.settings import ModelCandidate
from ledger.spending import Purse
from ledger.step_plan import StepUnfit

_log = get_logger(__name__)

_NO_BUDGETS = Budgets()

D = TypeVar("D", bound=BaseModel)


class CrewRoom:
    """Everything the crews share in one process."""

    def __init__(
        self,
        crews: Mapping[str, CrewParts],
        tools: Mapping[str, ToolSpec],
        candidates: Sequence[ModelCandidate],
        budgets: Budgets = _NO_BUDGETS,
        absent: frozenset[str] = frozenset(),
    ) -> None:
        """No model hears of the tools that are `absent` here. Raises SettingsInvalid."""
        self.cast = Cast(crews, tools, candidates)
        self._tools = tools
        self._absent = absent
        self._candidates = candidates
        self._budgets = budgets
        self._clients = ProviderClients()
        # Made now, so that a candidate that cannot be used stops the start and not an answer.
        for candidate in candidates:
            self._clients.client_for(candidate)
            _check_price(candidate, budgets)

    def run(
        self, context: StepContext, parts: CrewParts, candidates: Sequence[ModelCandidate]
    ) -> CrewStepOutput:
        """Raises CrewdeskError if the step cannot be done."""
        ask_what_is_left(context)
        context.collection = parts.spec.collection
        ruled = parts.by_rule(context) if parts.by_rule else None
        if ruled is not None:
            return _ruled(parts.spec, ruled)
        replay = context.claim.replay
        if replay is not None:
            return self._repeat(context, parts, replay)
        purse = self._purse(context, context.claim.principal)
        return self._with_models(context, parts, candidates, self._tools_of(context, parts), purse)

    def _tools_of(self, context: StepContext, parts: CrewParts) -> list[ToolSpec]:
        """A workflow may leave a crew fewer of its tools, and never gives it others. Raises StepUnfit."""
        left = context.claim.tools
        strange = sorted(set(left or ()) - set(parts.spec.tools))
        if strange:
            raise StepUnfit(
                f"The step '{context.claim.key}' leaves the crew '{parts.spec.name}' the tool "
                f"'{strange[0]}', which it does not have; it has: {', '.join(parts.spec.tools)}."
            )
        return [
            self._tools[name]
            for name in parts.spec.tools
            if name not in self._absent and (left is None or name in left)
        ]

    def _with_models(
        self,
        context: StepContext,
        parts: CrewParts,
        candidates: Sequence[ModelCandidate],
        tools: Sequence[ToolSpec],
        purse: Purse,
    ) -> CrewStepOutput:
        name, run_id = parts.spec.name, context.claim.run_id
        chain = speakers(candidates, self._clients, run_id, tag=f"{run_id}:{name}")
        # It is asked what it knows once it speaks: by then the gateway is there.
        gateway: GatewayLLM
        floor = floor_llm(parts.floor_plan, lambda offered: _floor_turn(context, gateway, offered))
        gateway = GatewayLLM(context, name, [*chain, Speaker(FLOOR_MODEL, floor)], purse)
        output = _work(context, parts, tools, gateway)
        return _step_output(context, parts, gateway, output, lambda: gateway.on_floor)

    def _repeat(self, context: StepContext, parts: CrewParts, replay: Replay) -> CrewStepOutput:
        """From the record alone; or, with another model, from the record of the tools as far as it goes."""
        record = recorded_step(context.db, replay.of, context.claim.key)
        if record is None and replay.model is not None:
            # Another model may choose other specialists, or a step the original run skipped.
            record = RecordedStep(output={}, generations=(), tool_calls=(), evidence={})
        if record is None:
            raise NotFound(f"The replayed run has no record of the step '{context.claim.key}'.")
        purse = self._purse(context, find_principal(context.db, replay.by))
        recorded = RecordedTools(record, looks_further=replay.model is not None)
        tools = [recorded.in_place_of(tool) for tool in self._tools_of(context, parts)]
        if replay.model is not None:
            return self._with_models(context, parts, self._named(replay.model), tools, purse)
        return self._from_record(context, parts, record, tools, purse)

    def _from_record(
        self,
        context: StepContext,
        parts: CrewParts,
        record: RecordedStep,
        tools: Sequence[ToolSpec],
        purse: Purse,
    ) -> CrewStepOutput:
        replies = RecordedReplies(record)
        # As many as have spoken then: each that was dropped in the middle gives way to what follows it.
        chain = [replies.speaker for _ in record.generations] or [replies.speaker]
        gateway = GatewayLLM(context, parts.spec.name, chain, purse)
        output = _work(context, parts, tools, gateway)
        result = _step_output(context, parts, gateway, output, lambda: replies.on_floor)
        for difference in replies.diverged:
            _log.warning("replay_diverged", step=context.claim.key, difference=difference)
        with context.recorder.span("check", "replay", {"step": context.claim.key}) as span:
            span.output = {"diverged": replies.diverged}
        return result.model_copy(update={"model": replies.use})

    def _named(self, model: str) -> list[ModelCandidate]:
        """Raises SettingsInvalid."""
        if model == FLOOR_MODEL:
            return []
        named = [candidate for candidate in self._candidates if candidate.name == model]
        if not named:
            known = ", ".join([*(candidate.name for candidate in self._candidates), FLOOR_MODEL])
            raise SettingsInvalid(f"CREWDESK_MODELS has no candidate '{model}'; there are: {known}.")
        # Asked for by name, so no lot is drawn.
        return [candidate.model_copy(update={"canary_percent": 100}) for candidate in named]

    def _purse(self, context: StepContext, payer: Principal) -> Purse:
        return Purse(context.db, self._budgets, context.claim.run_id, payer)


def _work(
    context: StepContext, parts: CrewParts, tools: Sequence[ToolSpec], gateway: GatewayLLM
) -> BaseModel:
    while True:
        try:
            return _attempt(context, parts, tools, gateway)
        except OutputInvalid as error:
            gateway.drop_candidate(str(error))


def _attempt(
    context: StepContext, parts: CrewParts, tools: Sequence[ToolSpec], gateway: GatewayLLM
) -> BaseModel:
    spec, claim = parts.spec, context.claim
    with context.recorder.span("crew", f"crew {spec.name}", {"question": claim.question}) as span:
        context.parent_span = span.id
        tally = EventTally(frozenset(spec.tools))
        governed = [GovernedTool(context, tool) for tool in tools]
        said = told_before(context) if CONVERSATION in spec.task.description else ""
        if context.heard_others:
            span.attributes["conversation"] = Trust.UNTRUSTED
        task = task_text(spec.task.description, claim, said) + told_decisions(context)
        crew = build_crew(spec, task, gateway, list(governed))
        asked, called = gateway.asked, len(context.tools_called)
        gateway.begin()
        context.begin_effects()
        answer = contextvars.copy_context().run(_kick_off, crew, tally)
        stop_if_asked(context)
        span.attributes["events"] = tally.summary()
        _cross_check(tally, generations=gateway.asked - asked, tools=len(context.tools_called) - called)
        output = fitting_output(parts.output, answer, lambda prompt: str(gateway.call(prompt)))
        span.output = output.model_dump(mode="json")
        span.attributes["model"] = gateway.use.name
        return output


def _draft_again(gateway: GatewayLLM, on_floor: Callable[[], bool], shape: type[D], prompt: str) -> D | None:
    said = str(gateway.call([{"role": "user", "content": prompt}]))
    return None if on_floor() else shape.model_validate(parse_output(shape, said))


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


def _floor_turn(context: StepContext, gateway: GatewayLLM, offered: frozenset[str]) -> FloorTurn:
    return FloorTurn(
        question=context.claim.question,
        tools=offered,
        called=tuple(context.tools_called[gateway.called_before :]),
        evidence=tuple(context.evidence),
        similarity=context.similarity,
        suggest=context.suggest,
        look=partial(look_around, context),
        triage=context.triaged,
        was_looked_up=was_looked_up(context.claim.inputs.values()),
        about=None if context.claim.understood is None else context.claim.understood.about,
    )


def _step_output(
    context: StepContext,
    parts: CrewParts,
    gateway: GatewayLLM,
    output: BaseModel,
    on_floor: Callable[[], bool],
) -> CrewStepOutput:
    # A model that fails now has not failed the draft it leaves.
    use, failed = gateway.use, 0
    if isinstance(output, DraftAnswer | ReportDraft) and output.claims and not on_floor():
        redraft = redraft_once(context, output, partial(_draft_again, gateway, on_floor, type(output)))
        if redraft.failed:
            output, use, failed = redraft.draft, gateway.use, redraft.failed
    return CrewStepOutput(
        crew=parts.spec.name,
        title=parts.spec.title,
        output=output.model_dump(mode="json"),
        model=use,
        evidence=tuple(item.label for item in context.evidence),
        tools_unavailable=context.tools_unavailable,
        best_relevance=context.best_relevance,
        withheld=context.withheld,
        redrafted_for=failed,
    )


def _ruled(spec: CrewSpec, output: BaseModel) -> CrewStepOutput:
    """What no model was asked for."""
    data = output.model_dump(mode="json")
    return CrewStepOutput(crew=spec.name, title=spec.title, output=data, model=None, evidence=())


def _check_price(candidate: ModelCandidate, budgets: Budgets) -> None:
    """Raises SettingsInvalid."""
    if budgets.any_set and candidate.input_price is None:
        raise SettingsInvalid(
            f"CREWDESK_MODELS: the candidate '{candidate.name}' has no prices, and workspace.yaml sets "
            "budgets: give it input_price and output_price (0 for a model of your own)."
        )
