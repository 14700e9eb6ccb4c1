"""The message a run ends in: the cited answer with its sources, or an honest no, within Slack's limits.

Everything that comes from a document, a model or a person is escaped, and Slack is told to make no links of
it (`verbatim`): a link a model wrote is a way out for data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from bots.mrkdwn import escape, fit, split_text, to_mrkdwn
from ledger.citations import cite, with_age
from ledger.ids import short_id
from ledger.outgoing import inert
from ledger.reading import EvidenceView, RunView
from ledger.result import AbstainReason
from ledger.schema import RunState

MAX_TEXT = 40_000
MAX_SECTION = 3_000
# Slack refuses a message whose blocks are too long together, without saying where that begins.
MAX_ANSWER = 9_000
MAX_SOURCES = 12
MAX_LINE = 300

Block = dict[str, Any]

_REASONS = {
    AbstainReason.NOTHING_FOUND: "I found nothing about this in the documents you may read.",
    AbstainReason.LOW_MATCH: "What I found does not match your question well enough to answer it.",
    AbstainReason.UNSUPPORTED: "I could not support an answer with the documents I found.",
    AbstainReason.STALE: "What I found is too long past its review to rely on.",
    AbstainReason.CONFLICTING: "The pages I found disagree, and I cannot tell which of them holds.",
    AbstainReason.AUDIENCE: "What I found may not be shown to everyone here; ask me in a direct message.",
    AbstainReason.AMBIGUOUS: "This can be understood in more than one way; please ask again more closely.",
    AbstainReason.BLOCKED: "The data that would answer this is not fit to give a figure just now.",
    AbstainReason.OUT_OF_SCOPE: "This is outside of what I can look up.",
    AbstainReason.UNAVAILABLE: "What I need to answer this is not available just now.",
    AbstainReason.REJECTED: "Somebody who had to agree to this did not.",
    AbstainReason.NOTHING_ASKED: "Ask whenever you need something.",
}
WATCH_OFFER = "Reply *tell me* in this thread (mention me), and I answer as soon as the data is fit again."
_ASK_A_PERSON = "If it matters now, please ask the team that looks after this topic."

# Of what was rejected, whoever asked knows whom to ask; to thanks there is nothing to do.
_NEXT_STEPS: dict[str, str] = {
    AbstainReason.BLOCKED: WATCH_OFFER,
    AbstainReason.REJECTED: "",
    AbstainReason.NOTHING_ASKED: "",
}


@dataclass(frozen=True, slots=True)
class Card:
    """`text` is the same content for notifications, screen readers, and clients that cannot show blocks."""

    text: str
    blocks: tuple[Block, ...]


def render_run(view: RunView) -> Card:
    """The card of a run that has ended."""
    match view.state:
        case RunState.ANSWERED | RunState.ESCALATED:
            return _answered(view)
        case RunState.ABSTAINED:
            return _abstained(view)
        case RunState.CANCELLED:
            return _closing(view.failure or "This was cancelled before there was an answer.", view)
        case _:
            return _closing(
                view.failure or "Something went wrong on my side and this was not answered.", view
            )


def render_notice(sentence: str) -> Card:
    """The card of a message that belongs to no run."""
    shown = fit(to_mrkdwn(sentence), MAX_SECTION)
    return Card(text=shown, blocks=(_section(shown),))


def _answered(view: RunView) -> Card:
    cited = cite(view)
    answer = _shortened(to_mrkdwn(cited.text), view)
    sources = [
        _source_line(number, item, view.created_at.date())
        for number, item in enumerate(cited.sources, start=1)
    ]
    if len(sources) > MAX_SOURCES:
        sources[MAX_SOURCES:] = [f"and {len(sources) - MAX_SOURCES} more sources"]
    caveats = [fit(f":warning: {to_mrkdwn(caveat)}", MAX_LINE) for caveat in view.caveats[:MAX_SOURCES]]
    how_found, files, understood = _how_found(view), _files(view), _understood(view)
    paragraphs = [*understood, answer, files, *how_found, "\n".join(caveats), "\n".join(sources)]
    blocks = [
        *_contexts(understood),
        *_sections(answer),
        *_sections(files),
        *_contexts(how_found),
        *_contexts(caveats),
        *_contexts(sources),
        _footer(view),
    ]
    return _card(view, paragraphs, blocks)


def _abstained(view: RunView) -> Card:
    why = view.answer or (_REASONS[AbstainReason(view.reason)] if view.reason else "I cannot answer this.")
    answer = _shortened(to_mrkdwn(why), view)
    meanings = [f"• {fit(to_mrkdwn(choice), MAX_LINE)}" for choice in view.choices]
    which = "\n".join(["Tell me which of these you mean:", *meanings]) if meanings else ""
    suggestions = [f"• {fit(to_mrkdwn(suggestion), MAX_LINE)}" for suggestion in view.suggestions[:5]]
    nearest = "\n".join(["This comes closest:", *suggestions]) if suggestions else ""
    caveats = [fit(f":warning: {to_mrkdwn(caveat)}", MAX_LINE) for caveat in view.caveats[:MAX_SOURCES]]
    # Whoever is asked back can go on alone.
    next_step = "" if which else _NEXT_STEPS.get(view.reason or "", _ASK_A_PERSON)
    understood = _understood(view)
    paragraphs = [*understood, answer, which, nearest, next_step, "\n".join(caveats)]
    blocks = [
        *_contexts(understood),
        *_sections(answer),
        *_sections(which),
        *_sections(nearest),
        *_sections(next_step),
        *_contexts(caveats),
        _footer(view),
    ]
    return _card(view, paragraphs, blocks)


def _files(view: RunView) -> str:
    """What was made, and how to get it: nothing is uploaded here."""
    if not view.files:
        return ""
    shown = view.files[:MAX_SOURCES]
    lines = [f"• {fit(escape(inert(file.name)), MAX_LINE)} · {_size(file.size_bytes)}" for file in shown]
    if len(view.files) > len(shown):
        lines.append(f"• and {len(view.files) - len(shown)} more")
    get = f"To get them: crewdesk run files {short_id(view.run_id)} --as EMAIL --out DIR, or the API"
    return "\n".join(["*Files*", *lines, f"{get} (GET /v1/runs/{view.run_id}/files)."])


def _size(size_bytes: int) -> str:
    kilobytes = max(1, round(size_bytes / 1_000))
    return f"{kilobytes:,} kB"


def _understood(view: RunView) -> list[str]:
    if view.understood_as is None:
        return []
    return [fit(f"Understood as: {to_mrkdwn(view.understood_as)}", MAX_LINE)]


def _how_found(view: RunView) -> list[str]:
    """In one line."""
    return [fit(f":mag: {to_mrkdwn(' '.join(view.how_found))}", MAX_LINE)] if view.how_found else []


def _closing(sentence: str, view: RunView) -> Card:
    shown = fit(to_mrkdwn(sentence), MAX_SECTION)
    return _card(view, [shown], [_section(shown), _footer(view)])


def _card(view: RunView, paragraphs: Iterable[str], blocks: list[Block]) -> Card:
    text = "\n\n".join(filter(None, [*paragraphs, f"run {short_id(view.run_id)}"]))
    return Card(fit(text, MAX_TEXT), tuple(blocks))


def _shortened(answer: str, view: RunView) -> str:
    if len(answer) <= MAX_ANSWER:
        return answer
    return f"{fit(answer, MAX_ANSWER)}\n\n(Shortened. All of it: crewdesk run show {short_id(view.run_id)})"


def _source_line(number: int, item: EvidenceView, on: date) -> str:
    details = item.details
    where = [str(part) for part in (details.get("title") or item.source, _place(item)) if part]
    line = f"[{number}] {' › '.join(escape(inert(part)) for part in where)}"
    if owner := details.get("owner"):
        line += f" · {escape(str(owner))}"
    if updated := details.get("updated") or item.as_of:
        line += f" · updated {escape(with_age(str(updated), on=on))}"
    shown = fit(line, MAX_LINE)
    return f"{shown} · :warning: may be out of date" if details.get("stale") else shown


def _place(item: EvidenceView) -> str:
    return str(item.details.get("section") or item.locator)


def _footer(view: RunView) -> Block:
    parts = [escape(view.specialist)] if view.specialist else []
    if view.model is not None:
        fallbacks = f" (after: {'; '.join(view.model.fallbacks)})" if view.model.fallbacks else ""
        parts.append(escape(view.model.name + fallbacks))
    if view.timings.total_s is not None:
        parts.append(f"{view.timings.total_s:.1f} s")
    run = f"run {short_id(view.run_id)}"
    return _context(" · ".join([*(fit(part, MAX_LINE) for part in parts), run]))


def _sections(escaped: str) -> list[Block]:
    return [_section(piece) for piece in split_text(escaped, MAX_SECTION)]


def _contexts(lines: list[str]) -> list[Block]:
    return [_context(piece) for piece in split_text("\n".join(lines), MAX_SECTION)]


def _section(escaped: str) -> Block:
    return {"type": "section", "text": _text(escaped or "…")}


def _context(escaped: str) -> Block:
    return {"type": "context", "elements": [_text(escaped)]}


def _text(escaped: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": escaped, "verbatim": True}
