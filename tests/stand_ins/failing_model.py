"""Each way a provider or its model can fail, played upon a model that works well otherwise.

The names are those of `docs/failure_modes.py`. What goes wrong goes wrong in each step anew.
"""

import json
from collections import Counter
from collections.abc import Callable

from tests.stand_ins.good_model import answers_of, call_of, is_for_router, question_of, tools_of
from tests.stand_ins.provider import (
    ChatRequest,
    CutConnection,
    Empty,
    Garbage,
    HttpError,
    Reply,
    Script,
    Text,
    Timeout,
    ToolCall,
    Trickle,
)

Failing = Callable[[Script], Script]

INVENTED = "Staff have 90 days, and revenue was 7,777 EUR."
_SLOW = frozenset({"timeout", "byte_at_a_time"})
_MOST_EVIDENCE = 2
_TOO_LONG = HttpError(
    400, code="context_length_exceeded", message="This model's maximum context length is 2048 tokens."
)


def failing(mode: str, work: Script) -> Script:
    """`work`, as it goes in this mode."""
    return _MODES[mode](work)


def modes() -> tuple[str, ...]:
    return tuple(_MODES)


def patience_s(mode: str) -> float:
    """How long a candidate may take for an answer, so that a test of it does not."""
    return 0.3 if mode in _SLOW else 10.0


def _always(reply: Reply) -> Failing:
    return lambda _work: lambda _request: reply


def _in_steps(fail: Callable[[ChatRequest, Script], Reply]) -> Failing:
    """Only where a specialist works by tools: not the router, and nobody who is asked for a draft again."""
    return lambda work: lambda request: fail(request, work) if request.tools else work(request)


def _at_first(call: Callable[[ChatRequest], ToolCall]) -> Failing:
    return _in_steps(lambda request, work: work(request) if _has_called(request) else call(request))


def _has_called(request: ChatRequest) -> bool:
    return any(message.get("tool_calls") for message in request.messages)


def _limited_at_first(work: Script) -> Script:
    seen: Counter[str] = Counter()

    def reply(request: ChatRequest) -> Reply:
        seen[request.raw] += 1
        is_first = bool(request.tools) and not _has_called(request)
        return HttpError(429, retry_after=0.01) if is_first and seen[request.raw] <= 2 else work(request)

    return reply


def _cut_off(request: ChatRequest, work: Script) -> Reply:
    reply = work(request)
    return Text(reply.content[:-1]) if isinstance(reply, Text) else reply


def _never_fitting(work: Script) -> Script:
    def reply(request: ChatRequest) -> Reply:
        said = work(request)
        is_draft = isinstance(said, Text) and not is_for_router(request)
        return Text("27 days, I believe.") if is_draft else said

    return reply


def _from_nothing(_request: ChatRequest, _work: Script) -> Reply:
    return Text(json.dumps({"claims": [{"text": INVENTED, "evidence": ["E1"]}]}))


def _citing_nothing(request: ChatRequest, work: Script) -> Reply:
    reply = work(request)
    invented = {"claims": [{"text": INVENTED, "evidence": ["E99"]}]}
    return Text(json.dumps(invented)) if isinstance(reply, Text) else reply


def _finding_nothing(request: ChatRequest, _work: Script) -> Reply:
    """Ever other words for what is not there."""
    tool = tools_of(request)[-1]
    told = {
        "read_evidence": {"labels": [f"X{request.index}"]},
        "query_metrics": {"metrics": [f"x.y{request.index}"]},
    }
    return ToolCall(tool, told.get(tool, {"query": f"{question_of(request)} {request.index}"}))


def _of_short_memory(request: ChatRequest, work: Script) -> Reply:
    """Takes no more than two pieces of evidence at once."""
    found = [answer for tool in tools_of(request) for answer in answers_of(request, tool)]
    is_long = any(len(answer.get("evidence", ())) > _MOST_EVIDENCE for answer in found)
    return _TOO_LONG if is_long else work(request)


_MODES: dict[str, Failing] = {
    "rate_limit_with_retry_after": _limited_at_first,
    "rate_limit_for_long": _always(HttpError(429, retry_after=3600)),
    "rate_limit_without_retry_after": _always(HttpError(429)),
    "server_error": _always(HttpError(500)),
    "timeout": _always(Timeout()),
    "byte_at_a_time": _always(Trickle(Text("{}" * 200), chunk_bytes=1, pause_s=0.02)),
    "connection_reset": _always(CutConnection()),
    "cut_mid_answer": _always(CutConnection(after_bytes=40)),
    "empty": _always(Empty()),
    "malformed_body": _always(Garbage(b"<html>Bad gateway")),
    "malformed_answer_once": _in_steps(_cut_off),
    "malformed_answer_always": _never_fitting,
    "wrong_tool_name": _at_first(lambda _request: ToolCall("delete_everything", {})),
    "wrong_arguments": _at_first(lambda request: ToolCall(tools_of(request)[0], {"wrong": 1})),
    "invented_tool_result": _in_steps(_from_nothing),
    "invented_citation": _in_steps(_citing_nothing),
    "endless_loop": _in_steps(lambda request, _work: call_of(request, tools_of(request)[0])),
    "endless_search": _in_steps(_finding_nothing),
    "context_overflow": _in_steps(_of_short_memory),
    "context_overflow_always": _always(_TOO_LONG),
    "refused_key": _always(HttpError(401)),
}
