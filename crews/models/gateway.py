"""The one model every agent talks to: a chain of candidates that ends in the extractive floor.

It alone retries. Each attempt is a span that holds exactly what was sent and what came back, so the record
has one generation per request a provider received.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from crewai.llms.base_llm import BaseLLM
from pydantic import BaseModel, PrivateAttr

from crews.errors import ModelsExhausted
from crews.floor.turn import FloorPlan, FloorTurn
from crews.models.failures import RULES, classify_failure, retry_after_s
from crews.models.floor import FloorLLM
from crews.models.provider import ProviderClients, give_up_after
from crews.step_context import StepContext
from ledger.errors import CrewdeskError
from ledger.log import get_logger
from ledger.masking import mask_secrets, mask_text
from ledger.result import FLOOR_MODEL, ModelUse
from ledger.settings import ModelCandidate
from ledger.spans import OpenSpan

_log = get_logger(__name__)

# Kept free of the step's time, so that the floor can still search and quote when no provider ever answers.
_FLOOR_S = 10.0
_FLOOR_SHARE = 0.25


class GatewayLLM(BaseLLM):
    """What CrewAI is given as an agent's model, for one attempt of one step.

    A candidate that failed is not asked again in this step; `use` tells which one spoke last and why others
    did not.
    """

    _context: StepContext = PrivateAttr()
    _operation: str = PrivateAttr()
    _names: list[str] = PrivateAttr()
    _clients: list[BaseLLM] = PrivateAttr()
    _position: int = PrivateAttr(default=0)
    _fallbacks: list[str] = PrivateAttr(default_factory=list)
    _asked: int = PrivateAttr(default=0)
    _called_before: int = PrivateAttr(default=0)
    _floor_s: float = PrivateAttr()

    def __init__(
        self,
        context: StepContext,
        operation: str,
        candidates: Sequence[ModelCandidate],
        clients: ProviderClients,
        floor_plan: FloorPlan,
    ) -> None:
        super().__init__(model="crewdesk-gateway", provider="crewdesk")
        self._context = context
        self._operation = operation
        self._names = [candidate.name for candidate in candidates] + [FLOOR_MODEL]
        self._clients = [clients.client_for(candidate) for candidate in candidates]
        self._clients.append(FloorLLM(floor_plan, self._floor_turn))
        self._floor_s = min(_FLOOR_S, _FLOOR_SHARE * context.budget.remaining_s())

    @property
    def use(self) -> ModelUse:
        return ModelUse(name=self._names[self._position], fallbacks=tuple(self._fallbacks))

    @property
    def asked(self) -> int:
        """How many generations were recorded so far."""
        return self._asked

    @property
    def on_floor(self) -> bool:
        return self._position == len(self._names) - 1

    def drop_candidate(self, reason: str) -> None:
        """Moves on to the next candidate for the rest of this step. Raises ModelsExhausted after the
        floor."""
        if self.on_floor:
            raise ModelsExhausted(f"No model could answer: {reason}.")
        self._fallbacks.append(f"{self._names[self._position]}: {reason}")
        _log.warning("candidate_dropped", candidate=self._names[self._position], reason=reason)
        self._position += 1
        self._called_before = len(self._context.tools_called)
        self._context.budget.renew_model_calls()

    def call(
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: Any = None,
    ) -> Any:
        """Raises BudgetExceeded, DeadlineExceeded, ModelsExhausted."""
        sent = self._context.mask.data(mask_secrets(messages))
        self._context.budget.spend_model_call()
        while True:
            reply = self._try_candidate(sent, tools, from_task, from_agent)
            if reply is not None:
                return reply

    def supports_function_calling(self) -> bool:
        return True

    def get_input_tokens_count(
        self, messages: Any, tools: list[dict[str, Any]] | None = None, response_model: Any = None
    ) -> int:
        # An estimate will do: a provider's own count may cost a request the record would not show.
        return len(json.dumps([messages, tools], default=str)) // 4

    def get_context_window_size(self) -> int:
        return int(self._clients[self._position].get_context_window_size())

    def _try_candidate(
        self, messages: Any, tools: list[dict[str, Any]] | None, from_task: Any, from_agent: Any
    ) -> Any:
        """The current candidate's reply, or None after it was dropped."""
        tries = 0
        while True:
            self._context.budget.check_cancelled()
            if self._seconds_left() <= 0 and not self.on_floor:
                self.drop_candidate("out of time")
                return None
            tries += 1
            try:
                return self._ask(messages, tools, from_task, from_agent)
            except CrewdeskError:
                raise
            except Exception as error:  # noqa: BLE001 - each provider's client raises errors of its own
                failure = classify_failure(error)
                rule = RULES[failure]
                wait_s = max(rule.wait_s, retry_after_s(error) or 0.0)
                if tries < rule.tries and wait_s < min(5.0, self._seconds_left()):
                    time.sleep(wait_s)
                    continue
                self.drop_candidate(str(failure))
                return None

    def _seconds_left(self) -> float:
        """For candidates: what the floor needs is not theirs to spend."""
        return self._context.budget.remaining_s() - self._floor_s

    def _ask(self, messages: Any, tools: list[dict[str, Any]] | None, from_task: Any, from_agent: Any) -> Any:
        client = self._clients[self._position]
        sent = {"messages": _as_sent(messages), "tools": tools or []}
        name = f"{self._operation} · {self._names[self._position]}"
        recorder = self._context.recorder
        self._asked += 1
        with recorder.span("generation", name, sent, parent_id=self._context.parent_span) as span:
            span.attributes.update(model=client.model, operation=self._operation)
            if not self.on_floor:
                give_up_after(client, self._seconds_left())
            before = client.get_token_usage_summary()
            reply = client.call(messages, tools=tools, from_task=from_task, from_agent=from_agent)
            _note_usage(span, client, before)
            span.output = _as_data(reply)
            _check_reply(reply, tools)
            return mask_text(reply) if isinstance(reply, str) else reply

    def _floor_turn(self, offered: frozenset[str]) -> FloorTurn:
        context = self._context
        return FloorTurn(
            question=context.claim.question,
            tools=offered,
            # What a dropped candidate searched for, or tried to, need not be what the floor would.
            called=tuple(context.tools_called[self._called_before :]),
            evidence=tuple(context.evidence),
            similarity=context.similarity,
            suggest=context.suggest,
        )


def _check_reply(reply: Any, tools: list[dict[str, Any]] | None) -> None:
    """Raises ValueError on a reply that CrewAI's agent loop would break on."""
    if not reply:
        raise ValueError("the model gave an empty reply")
    if not isinstance(reply, list):
        return
    if not tools:
        raise ValueError("the model called a tool where none was offered")
    for call in reply:
        arguments = getattr(getattr(call, "function", None), "arguments", None)
        if isinstance(arguments, str) and not _fits_call(arguments):
            raise ValueError("the model called a tool with arguments that are no JSON object")


def _fits_call(arguments: str) -> bool:
    try:
        parsed = json.loads(arguments)
    except ValueError:
        # CrewAI tells the model of it and goes on.
        return True
    return parsed is None or isinstance(parsed, dict)


def _note_usage(span: OpenSpan, client: BaseLLM, before: Any) -> None:
    used = client.get_token_usage_summary().delta_since(before)
    if used.total_tokens:
        span.attributes["usage"] = {
            "input": used.prompt_tokens,
            "output": used.completion_tokens,
            "total": used.total_tokens,
        }


def _as_sent(messages: Any) -> Any:
    """Without CrewAI's cache mark, which its clients take off before a message leaves."""
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [
        {key: value for key, value in message.items() if key != "cache_breakpoint"} for message in messages
    ]


def _as_data(reply: Any) -> Any:
    if isinstance(reply, list):
        return [_as_data(item) for item in reply]
    if isinstance(reply, BaseModel):
        return reply.model_dump(mode="json", exclude_none=True)
    return reply
