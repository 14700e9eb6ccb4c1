"""A scripted model that does the work of any specialist as it should: it takes the steps the prompt asks for,
by the tools it is offered, and then says word for word what came back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crews.tools.untrusted import without_marks
from tests.stand_ins.provider import ChatRequest, Reply, Script, Text, ToolCall

_QUESTION = re.compile(r"<question>\n(.*?)\n</question>", re.DOTALL)
_BELONGS = 0.5
# In the order they are called; whoever has the first of them works by these.
_TOOLS = (
    ("read_outline", "read_evidence"),
    ("suggest_queries", "query_metrics"),
    ("forecast_demand",),
    ("plan_stock",),
    ("schedule_deliveries",),
    ("search_knowledge",),
)


def is_for_router(request: ChatRequest) -> bool:
    return "- help_desk:" in request.prompt


def routing_to(specialist: str) -> Script:
    """The same, after it has sent the question to this specialist."""
    route = Text(json.dumps({"specialists": [specialist], "reason": "It is theirs."}))
    return lambda request: route if is_for_router(request) else work_well(request)


def work_well(request: ChatRequest) -> Reply:
    """Answers any request but the router's."""
    prompt = request.prompt
    if "Your answer was:\n" in prompt:
        return Text(_mended(prompt.partition("Your answer was:\n")[2]))
    if "Your draft was: " in prompt:
        return Text(re.findall(r"^Your draft was: (.*)$", prompt, re.MULTILINE)[-1])
    tools = tools_of(request)
    for tool in tools:
        if not answers_of(request, tool):
            return call_of(request, tool)
    return Text(json.dumps(draft_of(request, answers_of(request, tools[-1])[-1].get("evidence", ()))))


def tools_of(request: ChatRequest) -> Sequence[str]:
    return next(tools for tools in _TOOLS if tools[0] in request.tools)


def question_of(request: ChatRequest) -> str:
    return _QUESTION.findall(request.prompt)[0].strip()


def answers_of(request: ChatRequest, tool: str) -> list[dict[str, Any]]:
    """What this tool brought, but not where it refused."""
    answers = [_read(result) for result in request.tool_results(tool)]
    return [answer for answer in answers if answer.get("status") in ("found", "nothing_found")]


def call_of(request: ChatRequest, tool: str) -> ToolCall:
    return ToolCall(tool, _arguments(request, tool))


def draft_of(request: ChatRequest, evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A sentence for each piece of evidence that belongs to the question."""
    claims = [
        {"text": sentence, "evidence": [item["id"]]}
        for item in evidence
        if item.get("relevance", 1.0) >= _BELONGS and (sentence := _sentence(item, request.tools))
    ]
    if "read_outline" in request.tools:
        return {"claims": claims}
    return {"claims": claims, "missing": None if claims else "anything on this"}


def _read(result: str) -> dict[str, Any]:
    """A tool there is not is answered with words."""
    try:
        answer = json.loads(result)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _arguments(request: ChatRequest, tool: str) -> dict[str, Any]:
    match tool:
        case "read_outline":
            return {}
        case "read_evidence":
            return {"labels": []}
        case "query_metrics":
            first = answers_of(request, "suggest_queries")[-1]["evidence"][0]
            arguments: dict[str, Any] = json.loads(without_marks(first["arguments"]))
            return arguments
        case "suggest_queries":
            return {"question": question_of(request)}
        case "search_knowledge":
            return {"query": question_of(request)}
        case _:
            return {"about": question_of(request)}


def _sentence(item: Mapping[str, Any], tools: Sequence[str]) -> str:
    """Of a page its first sentence, of what was reckoned the first line, of facts the last."""
    lines = [line for line in without_marks(str(item.get("text", ""))).splitlines() if line.strip()]
    if not lines:
        return ""
    if "read_outline" in tools:
        return lines[-1]
    if "query_metrics" in tools:
        return without_marks(str(item["title"]))
    if "search_knowledge" in tools:
        return " ".join(lines).partition(". ")[0].rstrip(".") + "."
    return lines[0]


def _mended(answer: str) -> str:
    """What was cut off a JSON object at its end."""
    return answer.strip() + "}"
