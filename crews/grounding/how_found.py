"""How an answer came about, in short sentences made of the record and not of what a model says of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from crews.grounding.check import citable_text
from crews.step_output import CrewStepOutput
from knowledge.relevance.content_words import content_words
from ledger.evidence import FIGURES, Evidence
from ledger.result import FLOOR_MODEL
from ledger.spans import Span

_MOST_NAMED = 3
_MOST_CHARS = 80
_READ = ("passage", "document")
_SEARCH = "search_knowledge"
_ANSWERED = ("found", "nothing_found")


def how_found(
    answer: CrewStepOutput,
    question: str,
    evidence: Mapping[str, Evidence],
    spans: Sequence[Span],
    *,
    kept: int,
    dropped: int,
) -> tuple[str, ...]:
    """`kept` and `dropped` count the claims that were checked."""
    calls = [span for span in spans if span.kind == "tool" and span.attributes.get("status") in _ANSWERED]
    sentences = [
        *_searched(answer.title or "The crew", question, calls, list(evidence.values())),
        *_reckoned(evidence.values()),
        *_written(answer),
    ]
    if kept + dropped:
        sentences.append(_checked(kept, kept + dropped))
    return tuple(sentences)


def _checked(kept: int, all_of_them: int) -> str:
    if all_of_them == 1:
        return f"Its one sentence {'passed' if kept else 'did not pass'} the check against its evidence."
    return f"{kept} of {all_of_them} sentences passed the check against their evidence."


def _searched(who: str, question: str, calls: Sequence[Span], evidence: Sequence[Evidence]) -> Iterator[str]:
    known = content_words("\n".join([question, *(citable_text(item) for item in evidence)]))
    searches = [str(call.input.get("query", "")) for call in calls if call.name == f"tool {_SEARCH}"]
    # A model's own words are not shown unchecked, not even as what it searched for.
    queries = [f"“{_cut(text)}”" if content_words(text) <= known else "words of its own" for text in searches]
    read = [item for item in evidence if item.finding.kind in _READ]
    pages = len({item.finding.source for item in read})
    others = _counted(call.name.removeprefix("tool ") for call in calls if call.name != f"tool {_SEARCH}")
    if queries:
        found = (
            f"read {_many(len(read), 'passage')} of {_many(pages, 'document')}" if read else "found nothing"
        )
        yield f"{who} searched for {_listed(queries)} and {found}."
    if others:
        yield f"{who} used {others}."
    if not queries and not others:
        yield f"{who} looked nothing up."


def _reckoned(evidence: Iterable[Evidence]) -> Iterator[str]:
    figures = [item.finding.details for item in evidence if item.finding.kind == FIGURES]
    if figures:
        titles = [f"“{_cut(str(details.get('title')))}”" for details in figures]
        yield f"Figures come from {_listed(titles)}."
    held = [" with ".join(details["compared"]) for details in figures if details.get("compared")]
    if held:
        yield f"They compare {_listed(held)}."


def _written(answer: CrewStepOutput) -> Iterator[str]:
    if answer.model is None:
        return
    if answer.model.name == FLOOR_MODEL:
        yield "The built-in extractive model chose what to quote."
    else:
        yield f"The model {answer.model.name} wrote it."
    if answer.redrafted_for:
        failed = "one sentence" if answer.redrafted_for == 1 else f"{answer.redrafted_for} sentences"
        yield f"It was drafted anew once, because {failed} of the first draft failed the check."


def _counted(names: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in counts.items())


def _listed(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    named = ", ".join(unique[:_MOST_NAMED])
    more = len(unique) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST_CHARS else f"{text[: _MOST_CHARS - 1].rstrip()}…"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
