"""From a template and material to a report.

A piece goes into the first section that asks for it. What the template has no place for, and what it wanted
and did not get, is said among the caveats.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from crews.reports.document import Block, Callout, Report, Section, Sentence, Tone, cites_of
from crews.reports.errors import ReportIncomplete
from crews.reports.material import Material
from crews.reports.placing import Piece, Waiting, piece_cites
from crews.reports.sources import QuerySource, QuoteSource, Source
from crews.reports.template import Fill, ReportTemplate
from knowledge.warehouse.result import Verdict
from ledger.errors import InvalidInput

_CAVEATS = "Caveats"
_CALLED = {
    Fill.TILES: "key figures",
    Fill.FINDINGS: "findings",
    Fill.TABLES: "tables",
    Fill.CHARTS: "charts",
    Fill.QUOTES: "quotes",
    Fill.NARRATIVE: "text about figures",
}


def build_report(template: ReportTemplate, material: Material) -> Report:
    """Raises ReportIncomplete if nothing fills a required section, InvalidInput if something cites a source
    that the material does not hold."""
    _check_citations(material)
    sections, gaps = _fill(template, material)
    caveats = _caveats(material, sections, gaps)
    if caveats:
        sections.append(Section(heading=_CAVEATS, blocks=caveats))
    if not sections:
        raise ReportIncomplete(f"There is nothing at all to fill the template {template.name} with.")
    sources = _cited(material, sections)
    moments = [source.as_of for source in sources if isinstance(source, QuerySource) and source.as_of]
    head = material.head
    return Report(
        title=head.title,
        subtitle=head.subtitle,
        prepared_for=head.prepared_for,
        author=head.author,
        as_of=min(moments, key=_in_utc, default=None),
        run_id=head.run_id,
        generated_at=head.generated_at,
        sections=tuple(sections),
        sources=sources,
        formats=template.formats,
    )


def _fill(template: ReportTemplate, material: Material) -> tuple[list[Section], list[Sentence]]:
    """The sections, and what has to be said of those that are missing and of pieces that are."""
    waiting = Waiting(template, material)
    sections, left_out = [], []
    for spec in template.sections:
        blocks = waiting.take(spec)
        if blocks:
            sections.append(Section(heading=spec.heading, blocks=blocks))
        elif spec.required:
            wanted = " or ".join(_CALLED[part.fill] for part in spec.parts)
            raise ReportIncomplete(
                f"Nothing was found for its section “{spec.heading}”, which takes {wanted}."
            )
        else:
            left_out.append(spec.heading)
    gaps = []
    if left_out:
        names = ", ".join(f"“{heading}”" for heading in left_out)
        gaps.append(Sentence(text=f"Left out, because there was nothing to show: {names}."))
    names_left = waiting.names_left()
    if names_left:
        gaps.append(
            Sentence(
                text=f"Not shown, because this kind of report has no place for it: {', '.join(names_left)}."
            )
        )
    return sections, gaps


def _caveats(material: Material, sections: Sequence[Section], gaps: Sequence[Sentence]) -> tuple[Block, ...]:
    cited = {source for section in sections for block in section.blocks for source in cites_of(block)}
    warnings = _once(said for source in material.sources if source.id in cited for said in _warnings(source))
    said = [*material.caveats, *gaps]
    boxes: list[Block] = []
    if warnings:
        boxes.append(Callout(tone=Tone.WARNING, title="Fitness of the data", sentences=tuple(warnings)))
    if said:
        boxes.append(Callout(tone=Tone.CAVEAT, title="What to bear in mind", sentences=tuple(said)))
    return tuple(boxes)


def _once(sentences: Iterable[Sentence]) -> list[Sentence]:
    """What is said of several sources alike is said once, of all of them."""
    cites: dict[str, tuple[str, ...]] = {}
    for sentence in sentences:
        cites[sentence.text] = (*cites.get(sentence.text, ()), *sentence.cites)
    return [Sentence(text=text, cites=sources) for text, sources in cites.items()]


def _warnings(source: Source) -> list[Sentence]:
    if isinstance(source, QuoteSource):
        text = f"{source.title} is due for review."
        return [Sentence(text=text, cites=(source.id,))] if source.is_stale else []
    if source.quality is Verdict.PASS:
        return []
    notes = source.quality_notes or (f"The checks of {', '.join(source.products)} gave a warning.",)
    return [Sentence(text=note, cites=(source.id,)) for note in notes if note]


def _cited(material: Material, sections: Sequence[Section]) -> tuple[Source, ...]:
    """In the order in which they are first cited."""
    known = {source.id: source for source in material.sources}
    order = dict.fromkeys(
        source for section in sections for block in section.blocks for source in cites_of(block)
    )
    return tuple(known[source] for source in order)


def _check_citations(material: Material) -> None:
    known = {source.id for source in material.sources}
    pieces: list[Piece] = [
        *material.tiles,
        *material.findings,
        *material.tables,
        *material.charts,
        *material.quotes,
        *material.narrative,
    ]
    cited = [source for piece in pieces for source in piece_cites(piece)]
    cited += [source for caveat in material.caveats for source in caveat.cites]
    strange = [source for source in cited if source not in known]
    if strange:
        raise InvalidInput(
            f"The material cites {strange[0]}, which is not among its sources; add it, or leave the citation "
            "out."
        )


def _in_utc(moment: datetime) -> datetime:
    """A time without a zone is taken for UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
