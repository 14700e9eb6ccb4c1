"""Makes a conversation fit a model's window by leaving out evidence, the lowest-ranked first.

Nothing else is touched: not the question, not the instructions, not what the model said. What was left out
is named in its place, so that the model neither cites it nor takes what is left for all there is.
"""

import json
from collections.abc import Sequence
from typing import Any

from crews.tools.untrusted import closing_mark_in

_FEWEST_CHARS = 600
# Figures and whole documents were asked for by name; a search's passages come with how well they fit.
_ASKED_FOR = 1.0
CHARS_PER_TOKEN = 4

Messages = list[dict[str, Any]]


def estimate_tokens(messages: Any, tools: Any) -> int:
    """A provider's own count may cost a request the record would not show."""
    return len(json.dumps([messages, tools], default=str, ensure_ascii=False)) // CHARS_PER_TOKEN


def fit(messages: Messages, tools: Any, room: int) -> Messages | None:
    """The same conversation in less than `room` tokens; None where there is nothing left to leave out."""
    while estimate_tokens(messages, tools) >= room:
        shorter = _shrunk(messages)
        if shorter is None:
            return None
        messages = shorter
    return messages


def _shrunk(messages: Messages) -> Messages | None:
    answers = {place: answer for place, message in enumerate(messages) if (answer := _tool_answer(message))}
    ranked = sorted(
        (_rank(item), -place, -position)
        for place, answer in answers.items()
        for position, item in enumerate(answer["evidence"])
    )
    if not ranked:
        return None
    if len(ranked) == 1:
        [place] = answers
        return _with_text_cut(messages, place, answers[place])
    dropped = {(-place, -position) for _rank_, place, position in ranked[: len(ranked) // 2]}
    shorter = list(messages)
    for place, answer in answers.items():
        gone = {position for at, position in dropped if at == place}
        if gone:
            shorter[place] = {
                **messages[place],
                "content": json.dumps(_without(answer, gone), ensure_ascii=False),
            }
    return shorter


def _tool_answer(message: dict[str, Any]) -> dict[str, Any] | None:
    """A tool's answer, if it holds evidence."""
    if message.get("role") != "tool" or not isinstance(message.get("content"), str):
        return None
    try:
        answer = json.loads(message["content"])
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("evidence") else None


def _rank(item: dict[str, Any]) -> float:
    relevance = item.get("relevance")
    return float(relevance) if isinstance(relevance, int | float) else _ASKED_FOR


def _without(answer: dict[str, Any], gone: set[int]) -> dict[str, Any]:
    evidence: Sequence[dict[str, Any]] = answer["evidence"]
    names = [*_names_in(answer), *(str(evidence[position].get("id")) for position in sorted(gone))]
    return {
        **answer,
        "evidence": [item for position, item in enumerate(evidence) if position not in gone],
        "left_out": names,
        "left_out_because": "The conversation is too long for this model; do not cite what was left out.",
    }


def _names_in(answer: dict[str, Any]) -> list[str]:
    return list(answer.get("left_out") or ())


def _with_text_cut(messages: Messages, place: int, answer: dict[str, Any]) -> Messages | None:
    [item] = answer["evidence"]
    text = str(item.get("text") or "")
    mark = closing_mark_in(text)
    body, closing = (text, "") if mark is None else (text[: mark.start()], mark.group())
    if len(body) <= _FEWEST_CHARS:
        return None
    cut = {**item, "text": f"{body[: len(body) // 2]}{closing} [... the rest is too long for this model]"}
    shorter = list(messages)
    shorter[place] = {
        **messages[place],
        "content": json.dumps({**answer, "evidence": [cut]}, ensure_ascii=False),
    }
    return shorter
