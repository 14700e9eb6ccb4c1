"""One candidate asked until it answers or is given up: its tries, its waits, its deadline, its price and its
spans."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crews.models.chain import Speaker
from crews.models.failures import RULES, FailureClass, classify_failure, retry_after_s
from crews.models.provider import give_up_after
from crews.models.replies import as_data, as_sent, check_reply, request_digest
from crews.models.shrink import Messages, estimate_tokens, fit
from crews.models.timed_call import CallAbandoned, call_within
from crews.step_context import StepContext
from ledger.errors import CrewdeskError
from ledger.masking import mask_text
from ledger.spans import OpenSpan
from ledger.spending import MICROS, Purse, Usage, cost_of

# Whoever wants us to come back later than this is left for the next candidate.
_LONGEST_WAIT_S = 30.0
# The provider had read the prompt, whatever became of the answer.
_PAID_ALL_THE_SAME = (FailureClass.TIMEOUT, FailureClass.CONNECTION_CUT)

Tools = list[dict[str, Any]] | None


class GivenUp(Exception):
    """A candidate is not asked any more in this step. `outage`: it is in trouble, whatever it is asked."""

    def __init__(self, reason: str, *, outage: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outage = outage


class Attempt:
    """Asks for one step; `made` counts the requests. What the floor needs of the step's time, `floor_s`, is
    not the candidates' to spend."""

    def __init__(self, context: StepContext, operation: str, purse: Purse, floor_s: float) -> None:
        self._context = context
        self._operation = operation
        self._purse = purse
        self._floor_s = floor_s
        self.made = 0

    def ask_until_answered(
        self, speaker: Speaker, messages: Messages, tools: Tools, task: Any, agent: Any
    ) -> Any:
        """Raises GivenUp, BudgetReached, StepCancelled."""
        tries = 0
        while True:
            if self._seconds_left() <= 0:
                raise GivenUp("out of time", outage=False)
            fitting = messages if speaker.room is None else fit(messages, tools, speaker.room)
            if fitting is None:
                raise GivenUp(str(FailureClass.CONTEXT_OVERFLOW), outage=False)
            tries += 1
            try:
                return self._ask_priced(speaker, fitting, tools, task, agent)
            except (CrewdeskError, CallAbandoned, GivenUp):
                raise
            except Exception as error:  # noqa: BLE001 - each provider's client raises errors of its own
                if classify_failure(error) is FailureClass.CONTEXT_OVERFLOW:
                    # Also for its next turns: whatever is as long as this does not fit.
                    speaker.room = estimate_tokens(fitting, tools)
                self._wait_or_give_up(error, tries)

    def ask(self, speaker: Speaker, messages: Messages, tools: Tools, task: Any, agent: Any) -> Any:
        """One request to a model of our own."""
        with self._span(speaker, messages, tools) as span:
            client: Any = speaker.client
            reply = client.call(messages, tools=tools, from_task=task, from_agent=agent)
            span.output = as_data(reply)
            check_reply(reply, tools)
            return mask_text(reply) if isinstance(reply, str) else reply

    def _seconds_left(self) -> float:
        return self._context.budget.remaining_s() - self._floor_s

    def _wait_or_give_up(self, error: Exception, tries: int) -> None:
        failure = classify_failure(error)
        rule = RULES[failure]
        asked_for = retry_after_s(error, self._context.db.clock.now())
        wait_s = rule.wait_s(tries) if asked_for is None else asked_for
        if tries >= rule.tries:
            raise GivenUp(str(failure), outage=rule.outage)
        if wait_s > min(_LONGEST_WAIT_S, self._seconds_left()):
            later = "" if asked_for is None else f", and wants to be asked again in {asked_for:.0f} s"
            raise GivenUp(f"{failure}{later}", outage=rule.outage)
        self._context.budget.wait(wait_s)

    def _ask_priced(self, speaker: Speaker, messages: Messages, tools: Tools, task: Any, agent: Any) -> Any:
        """Raises GivenUp or BudgetReached before anything is sent that might go past a limit."""
        budget = self._context.budget
        worst = self._worst_case(speaker, messages, tools)
        reached = budget.reached_by(worst)
        if reached is not None:
            raise GivenUp(reached, outage=False)
        held = self._purse.reserve(worst.micro_usd)
        used = Usage()
        try:
            with self._span(speaker, messages, tools) as span:
                try:
                    return self._ask_in_time(speaker, messages, tools, task, agent, span)
                except Exception as error:
                    if isinstance(error, CallAbandoned) or classify_failure(error) in _PAID_ALL_THE_SAME:
                        used = Usage(0, 0, cost_of(worst.input_tokens, 0, speaker.prices))
                    raise
                finally:
                    used += _usage_of(speaker, span)
        finally:
            budget.add_usage(used)
            with self._context.recorder.handing_over() as last_words:
                self._purse.settle(held, used, last_words)

    def _ask_in_time(
        self, speaker: Speaker, messages: Messages, tools: Tools, task: Any, agent: Any, span: OpenSpan
    ) -> Any:
        client: Any = speaker.client
        seconds = self._seconds_left()
        give_up_after(client, seconds)
        if speaker.candidate is not None:
            seconds = min(seconds, speaker.candidate.timeout_s)
        before = client.get_token_usage_summary()
        try:
            reply = call_within(
                seconds,
                lambda: client.call(messages, tools=tools, from_task=task, from_agent=agent),
                self._context.budget.cancelled,
            )
        finally:
            took = client.get_token_usage_summary().delta_since(before)
            if took.total_tokens:
                span.attributes["usage"] = _tokens(took.prompt_tokens, took.completion_tokens)
        span.output = as_data(reply)
        if "usage" not in span.attributes:
            # Not every compatible server counts.
            counted = estimate_tokens(messages, tools), estimate_tokens(span.output, None)
            span.attributes.update(usage=_tokens(*counted), usage_estimated=True)
        check_reply(reply, tools)
        return mask_text(reply) if isinstance(reply, str) else reply

    def _worst_case(self, speaker: Speaker, messages: Messages, tools: Tools) -> Usage:
        # A third more than the estimate: some languages take more tokens for a letter.
        input_tokens = estimate_tokens(messages, tools) * 4 // 3
        cost = cost_of(input_tokens, speaker.most_output, speaker.prices)
        return Usage(input_tokens, speaker.most_output, cost)

    @contextmanager
    def _span(self, speaker: Speaker, messages: Messages, tools: Tools) -> Iterator[OpenSpan]:
        self.made += 1
        sent = {"messages": as_sent(messages), "tools": tools or []}
        name = f"{self._operation} · {speaker.name}"
        context = self._context
        with context.recorder.span("generation", name, sent, parent_id=context.parent_span) as span:
            span.attributes.update(
                model=speaker.client.model, operation=self._operation, request_digest=request_digest(sent)
            )
            yield span


def _tokens(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {"input": input_tokens, "output": output_tokens, "total": input_tokens + output_tokens}


def _usage_of(speaker: Speaker, span: OpenSpan) -> Usage:
    counted = span.attributes.get("usage")
    if counted is None:
        return Usage()
    cost = cost_of(counted["input"], counted["output"], speaker.prices)
    if speaker.prices is not None:
        span.attributes["cost_usd"] = cost / MICROS
    return Usage(counted["input"], counted["output"], cost)
