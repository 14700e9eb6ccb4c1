"""The one model every agent talks to: a chain of candidates that ends in the extractive floor.

It alone retries. Each attempt is a span that holds exactly what was sent and what came back, so the record
has one generation per request a provider received.
"""

from collections.abc import Sequence
from typing import Any

from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from crews.errors import DecisionAwaited, ModelsExhausted, OutputInvalid, StepCancelled
from crews.models.attempt import Attempt, GivenUp
from crews.models.chain import Speaker
from crews.models.clearance import PromptClass
from crews.models.progress import IdleTurns, repeats_itself
from crews.models.shrink import estimate_tokens
from crews.models.timed_call import CallAbandoned
from crews.step_context import StepContext
from ledger.log import get_logger
from ledger.masking import mask_secrets
from ledger.result import ModelUse
from ledger.spending import BudgetReached, Purse

_log = get_logger(__name__)

# Kept free of the step's time, so that the floor can still search and quote when no provider ever answers.
_FLOOR_S = 10.0
_FLOOR_SHARE = 0.25


class GatewayLLM(BaseLLM):
    """What CrewAI is given as an agent's model, for one attempt of one step.

    The last speaker is the floor. A candidate that failed is not asked again in this step; `use` tells which
    one spoke last and why others did not.
    """

    _context: StepContext = PrivateAttr()
    _speakers: list[Speaker] = PrivateAttr()
    _attempt: Attempt = PrivateAttr()
    _class: PromptClass = PrivateAttr()
    _idle: IdleTurns = PrivateAttr(default_factory=IdleTurns)
    _position: int = PrivateAttr(default=0)
    _fallbacks: list[str] = PrivateAttr(default_factory=list)
    _called_before: int = PrivateAttr(default=0)
    _floor_s: float = PrivateAttr()

    def __init__(
        self, context: StepContext, operation: str, speakers: Sequence[Speaker], purse: Purse
    ) -> None:
        super().__init__(model="crewdesk-gateway", provider="crewdesk")
        self._context = context
        self._speakers = list(speakers)
        self._floor_s = min(_FLOOR_S, _FLOOR_SHARE * context.budget.remaining_s())
        self._attempt = Attempt(context, operation, purse, self._floor_s)
        self._class = PromptClass(context)

    @property
    def use(self) -> ModelUse:
        return ModelUse(name=self._speaker.name, fallbacks=tuple(self._fallbacks))

    @property
    def asked(self) -> int:
        """How many generations were recorded so far."""
        return self._attempt.made

    @property
    def called_before(self) -> int:
        """How many tool calls those made who were dropped: what they searched for, or tried to, need not be
        what the floor would."""
        return self._called_before

    @property
    def on_floor(self) -> bool:
        return self._position == len(self._speakers) - 1

    def begin(self) -> None:
        """A conversation begins anew."""
        self._idle.begin(len(self._context.evidence))

    def drop_candidate(self, reason: str) -> None:
        """Moves on to the next candidate for the rest of this step. Raises ModelsExhausted after the
        floor."""
        if self.on_floor:
            raise ModelsExhausted(f"No model could answer: {reason}.")
        self._fallbacks.append(f"{self._speaker.name}: {reason.rstrip('.')}")
        _log.warning("candidate_dropped", candidate=self._speaker.name, reason=reason)
        self._position += 1
        self._called_before = len(self._context.tools_called)
        self._context.budget.renew_calls()

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
        """Raises OutputInvalid where the candidate must be dropped and the work begun anew; DecisionAwaited,
        BudgetExceeded, DeadlineExceeded, StepCancelled, ModelsExhausted."""
        if self._context.awaits_decision:
            raise DecisionAwaited
        given = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        sent = self._context.mask.data(mask_secrets(given))
        self._count_turn(sent)
        try:
            while True:
                reply = self._try_speaker(sent, tools, from_task, from_agent)
                if reply is not None:
                    return reply
        except CallAbandoned as error:
            raise StepCancelled("The step was cancelled.") from error

    def supports_function_calling(self) -> bool:
        return True

    def get_input_tokens_count(
        self, messages: Any, tools: list[dict[str, Any]] | None = None, response_model: Any = None
    ) -> int:
        return estimate_tokens(messages, tools)

    def get_context_window_size(self) -> int:
        return int(self._speaker.client.get_context_window_size())

    @property
    def _speaker(self) -> Speaker:
        return self._speakers[self._position]

    def _count_turn(self, sent: list[dict[str, Any]]) -> None:
        """Raises OutputInvalid on a candidate that goes in circles or asks for more turns than it has."""
        evidence = len(self._context.evidence)
        if not self.on_floor:
            if repeats_itself(sent):
                raise OutputInvalid("kept making the same tool call")
            if self._idle.too_many(evidence):
                raise OutputInvalid("made no progress")
        budget = self._context.budget
        if self.on_floor or budget.model_calls < budget.limits.model_calls:
            budget.spend_model_call()
            return
        raise OutputInvalid(f"used up its {budget.limits.model_calls} model calls without finishing")

    def _try_speaker(
        self, sent: list[dict[str, Any]], tools: list[dict[str, Any]] | None, task: Any, agent: Any
    ) -> Any:
        """The current speaker's reply, or None after it was dropped."""
        speaker = self._speaker
        if speaker.candidate is None or speaker.breaker is None:
            return self._attempt.ask(speaker, sent, tools, task, agent)
        held = self._class.now()
        if not speaker.candidate.cleared_for.covers(held):
            self.drop_candidate(f"not cleared for {held} evidence")
            return None
        admission = speaker.breaker.admit()
        if admission is None:
            self.drop_candidate("failed too often just now, so it is left alone for a while")
            return None
        try:
            reply = self._attempt.ask_until_answered(speaker, sent, tools, task, agent)
        except GivenUp as given_up:
            if given_up.outage:
                speaker.breaker.failed(admission)
            self.drop_candidate(given_up.reason)
            return None
        except BudgetReached as error:
            self.drop_candidate(str(error))
            return None
        finally:
            speaker.breaker.left(admission)
        speaker.breaker.succeeded()
        return reply
