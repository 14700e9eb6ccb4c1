"""How a report names what it stands on: a number in the text, one line below a figure, and an entry in the
appendix."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from crews.reports.document import Report, Sentence
from crews.reports.sources import QuerySource, QuoteSource, Source
from knowledge.warehouse.result import Verdict

_QUALITY = {
    Verdict.PASS: "passed its checks",
    Verdict.WARN: "passed with warnings",
    Verdict.BLOCK: "failed its checks",
}


def cited_numbers(report: Report, cites: Iterable[str]) -> list[int]:
    """In order, each once."""
    numbers = report.numbers()
    return sorted({numbers[source] for source in cites})


def marks(report: Report, cites: Iterable[str]) -> str:
    """`[1][3]`"""
    return "".join(f"[{number}]" for number in cited_numbers(report, cites))


def cited_once(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Without citations where the next sentence stands on the same: they follow the last of them."""
    following = [*(sentence.cites for sentence in sentences[1:]), None]
    return [
        sentence.model_copy(update={"cites": ()}) if sentence.cites == after else sentence
        for sentence, after in zip(sentences, following, strict=True)
    ]


def footnotes(report: Report, cites: Iterable[str]) -> list[str]:
    """A line for each source of a figure: what it is, how old and how good."""
    return [
        f"[{number}] {source_line(report.sources[number - 1])}" for number in cited_numbers(report, cites)
    ]


def source_line(source: Source) -> str:
    if isinstance(source, QuoteSource):
        return ", ".join(part for part in (source.title, source.locator, _updated(source)) if part) + "."
    products = ", ".join(source.products)
    return f"{source.title} ({products}); {show_time(source.as_of)}; {_QUALITY[source.quality]}."


def source_facts(source: Source) -> list[tuple[str, str]]:
    """All the appendix tells of a source but its SQL or its words, as pairs of what and which."""
    facts = _quote_facts(source) if isinstance(source, QuoteSource) else _query_facts(source)
    return [(name, value) for name, value in facts if value]


def show_time(moment: datetime | None) -> str:
    if moment is None:
        return "of an unknown time"
    return f"as of {show_moment(moment)}"


def show_moment(moment: datetime) -> str:
    zone = moment.tzname() or ""
    return f"{show_day(moment)}, {moment:%H:%M} {zone}".rstrip()


def show_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _query_facts(source: QuerySource) -> list[tuple[str, str]]:
    metrics = [
        f"{metric.label} ({metric.name}, version {metric.version})"
        + (f": {metric.definition}" if metric.definition else "")
        for metric in source.metrics
    ]
    before = (name for name in source.lineage if name not in source.products)
    lineage = " ← ".join((", ".join(source.products), *before))
    return [
        ("Evidence", source.id),
        ("Data products", ", ".join(source.products)),
        ("Metrics", "; ".join(metrics)),
        ("Filters", " ".join(source.filters)),
        ("As of", show_moment(source.as_of) if source.as_of else "an unknown time"),
        (
            "Quality",
            " ".join((f"{_QUALITY[source.quality]} ({source.quality.value}).", *source.quality_notes)),
        ),
        ("Lineage", lineage if source.lineage else ""),
        ("Owner", source.owner),
        ("Notes", " ".join(source.notes)),
    ]


def _quote_facts(source: QuoteSource) -> list[tuple[str, str]]:
    return [
        ("Evidence", source.id),
        ("Document", source.path),
        ("Place", source.locator),
        ("Owner", source.owner),
        ("Updated", source.updated + (" (due for review)" if source.is_stale else "")),
    ]


def _updated(source: QuoteSource) -> str:
    return f"updated {source.updated}" if source.updated else ""
