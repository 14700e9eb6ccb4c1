"""What the specialists of a report brought home, as material: made of the evidence on record and of nothing
else, so that every step that asks for it gets the same."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from crews.grounding.explanation import checked_explanation
from crews.help_desk.output import DraftAnswer
from crews.report_steps.brief import FiguresQuestion, NamedPeriod, ReportBrief
from crews.report_steps.sayings import headline_of
from crews.reports.document import Quote, Sentence, Tile
from crews.reports.evidence_sources import result_of, source_of
from crews.reports.figures import chart_of, table_of, tiles_of
from crews.reports.findings import Compared, compute_change, compute_course
from crews.reports.material import ComputedFinding, Material, NarrativeClaim, ReportHead
from crews.reports.tables import Chart, Table
from crews.reports.template import FigureKind
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput
from knowledge.warehouse.result import NumberResult
from knowledge.warehouse.statistics.columns import number_of
from ledger.evidence import BLOCKED, FIGURES, Evidence, list_evidence
from ledger.result import FLOOR_MODEL, ModelUse

AUTHOR = "Report writer"
_NO_CENTS_FROM = 10_000
_CELLS = " | "
_UNSUPPORTED = "what was drafted stands on no evidence of this run"


@dataclass(frozen=True, slots=True)
class Figures:
    """A question's answer: `title` is what the report calls it."""

    kind: FigureKind
    title: str
    label: str
    result: NumberResult


@dataclass(frozen=True, slots=True)
class Gathered:
    """`evidence` holds what the report may cite, by label; `quotes` are word for word, `told` what the market
    researcher put in words of their own, `gaps` what was asked and not found, in sentences. `is_unfit` where
    there are no figures because the data is not fit for one; `unsupported`: something was drafted that stands
    on nothing of this run."""

    brief: ReportBrief
    evidence: Mapping[str, Evidence]
    figures: tuple[Figures, ...]
    quotes: tuple[Quote, ...]
    homes: Mapping[str, str]
    told: tuple[NarrativeClaim, ...]
    gaps: tuple[str, ...]
    models: tuple[ModelUse, ...]
    is_unfit: bool
    unsupported: bool

    @property
    def from_market(self) -> tuple[Quote | NarrativeClaim, ...]:
        return (*self.quotes, *self.told)


def gather(context: StepContext) -> Gathered:
    inputs = context.claim.inputs
    brief = ReportBrief.model_validate(inputs["brief"])
    analysis, market = (_outputs(inputs.get(key)) for key in ("analysis", "market"))
    known = {item.label: item for item in list_evidence(context.db, context.claim.run_id)}
    figures, gaps = _figures(brief, analysis, known)
    quotes, homes, told, missing = _from_market(brief, market, known)
    cited = [one.label for one in figures]
    pieces: tuple[Quote | NarrativeClaim, ...] = (*quotes, *told)
    cited += [label for piece in pieces for label in piece.cites]
    specialists = (*analysis, *market)
    return Gathered(
        brief=brief,
        evidence={label: known[label] for label in dict.fromkeys(cited)},
        figures=figures,
        quotes=quotes,
        homes=homes,
        told=told,
        gaps=(*gaps, *missing),
        models=tuple(one.model for one in specialists if one.model is not None),
        is_unfit=not figures and any(_blocked(output, known) for output in analysis),
        unsupported=any(_stands_on_nothing(one) for one in specialists),
    )


def material_of(gathered: Gathered, head: ReportHead) -> Material:
    """All but what the report writer writes."""
    brief = gathered.brief
    return Material(
        head=head,
        tiles=_tiles(gathered),
        findings=tuple(_findings(gathered.figures)),
        tables=tuple(_tables(gathered.figures)),
        charts=tuple(_charts(gathered.figures)),
        quotes=gathered.quotes,
        homes=dict(gathered.homes),
        narrative=gathered.told,
        caveats=tuple(Sentence(text=note) for note in (*brief.notes, *gathered.gaps)),
        sources=tuple(source_of(label, item.finding) for label, item in gathered.evidence.items()),
    )


def head_of(context: StepContext, brief: ReportBrief) -> ReportHead:
    return ReportHead(
        title=brief.title,
        subtitle=f"{brief.period.days}, compared with {brief.against.label}",
        prepared_for=context.claim.principal.name,
        author=AUTHOR,
        run_id=context.claim.run_id,
        generated_at=context.db.clock.now().replace(microsecond=0),
    )


def facts_of(gathered: Gathered) -> dict[str, Evidence]:
    """The evidence as the report writer may see it: of figures what is in them and what was reckoned, of a
    page the words that are quoted and nothing else."""
    said: dict[str, list[str]] = defaultdict(list)
    for reckoned in _findings(gathered.figures):
        for sentence in reckoned.sentences:
            said[sentence.cites[0]].append(sentence.text)
    for piece in gathered.from_market:
        for label in piece.cites:
            said[label].append(piece.text)
    headline = headline_of(_tiles(gathered), gathered.brief)
    facts = {}
    for label, item in gathered.evidence.items():
        finding, lines = item.finding, headline.get(label, [])
        text = [*([finding.text] if finding.kind == FIGURES else []), *said[label], *lines]
        details = {**finding.details, "headline": lines}
        facts[label] = replace(item, finding=replace(finding, text="\n".join(text), details=details))
    return facts


def _outputs(value: Any) -> list[CrewStepOutput]:
    return [CrewStepOutput.model_validate(one) for one in value or ()]


def _figures(
    brief: ReportBrief, analysis: Sequence[CrewStepOutput], known: Mapping[str, Evidence]
) -> tuple[tuple[Figures, ...], list[str]]:
    figures, gaps = [], []
    seen: set[tuple[str, str]] = set()
    for question, output in zip(brief.questions, analysis, strict=False):
        found = [known[label] for label in _cited_figures(output, known)]
        for item in found:
            key = (item.finding.details["sql"], item.finding.text)
            if key not in seen:
                seen.add(key)
                figures.append(_figure(brief, question, item))
        if not found:
            gaps.append(f"{question.title} is not in it: {_as_end(_why_none(question, output, known))}")
    return tuple(figures), gaps


def _why_none(question: FiguresQuestion, output: CrewStepOutput, known: Mapping[str, Evidence]) -> str:
    """What the data's checks say, or else the analyst; of a model only what says nothing that
    neither the question nor the evidence has."""
    blocked = _blocked(output, known)
    if blocked:
        return blocked[0].finding.text
    if _stands_on_nothing(output):
        return _UNSUPPORTED
    missing = DraftAnswer.model_validate(output.output).missing
    if output.model is None or output.model.name != FLOOR_MODEL:
        read = [known[label] for label in output.evidence]
        missing = checked_explanation(missing, question.question, read, ())
    return missing or "no figure was found"


def _blocked(output: CrewStepOutput, known: Mapping[str, Evidence]) -> list[Evidence]:
    return [known[label] for label in output.evidence if known[label].finding.kind == BLOCKED]


def _cited_figures(output: CrewStepOutput, known: Mapping[str, Evidence]) -> list[str]:
    """What the answer stands on: not all that was tried on the way to it."""
    claims = DraftAnswer.model_validate(output.output).claims
    cited = [label for claim in claims for label in claim.evidence if label in output.evidence]
    return [
        label
        for label in dict.fromkeys(cited)
        if known[label].finding.kind == FIGURES and known[label].finding.details["row_count"]
    ]


def _stands_on_nothing(output: CrewStepOutput) -> bool:
    """Whether all that was drafted cites evidence that this step never had."""
    claims = DraftAnswer.model_validate(output.output).claims
    return bool(claims) and not any(set(claim.evidence) & set(output.evidence) for claim in claims)


def _figure(brief: ReportBrief, question: FiguresQuestion, item: Evidence) -> Figures:
    """Under the title of the question where it is the very query that was meant, else under its own."""
    title = str(item.finding.details["title"])
    meant = title == question.reading
    result = _in_whole_amounts(_renamed(result_of(item.finding), brief.against))
    return Figures(question.kind, question.title if meant else title, item.label, result)


def _renamed(result: NumberResult, against: NamedPeriod) -> NumberResult:
    """With the period before as people call it."""
    ending = f", {against.days}"
    columns = tuple(
        replace(column, label=f"{column.label.removesuffix(ending)}, {against.label}")
        if column.label.endswith(ending)
        else column
        for column in result.columns
    )
    return replace(result, columns=columns)


def _in_whole_amounts(result: NumberResult) -> NumberResult:
    """Amounts of money as a board reads them, without cents; the values keep theirs, for the workbook."""
    columns = []
    for at, column in enumerate(result.columns):
        numbers = [abs(number) for row in result.rows if (number := number_of(row[at])) is not None]
        is_large = column.format == "currency" and max(numbers, default=Decimal()) >= _NO_CENTS_FROM
        columns.append(replace(column, decimals=0) if is_large else column)
    return replace(result, columns=tuple(columns))


def _tiles(gathered: Gathered) -> tuple[Tile, ...]:
    order = {name.rpartition(".")[2]: at for at, name in enumerate(gathered.brief.metrics)}
    tiles = [
        tile
        for one in gathered.figures
        if one.kind is FigureKind.TOTALS
        for tile in tiles_of(one.result, one.label, gathered.brief.good)
    ]
    return tuple(sorted(tiles, key=lambda tile: order.get(tile.column.name, len(order))))


def _tables(figures: Iterable[Figures]) -> Iterator[Table]:
    for one in figures:
        if one.kind is FigureKind.BREAKDOWN:
            yield table_of(one.result, one.title, one.label)


def _charts(figures: Iterable[Figures]) -> Iterator[Chart]:
    for one in figures:
        chart = None if one.kind is FigureKind.TOTALS else chart_of(one.result, one.title, one.label)
        if chart is not None:
            yield chart


def _findings(figures: Sequence[Figures]) -> Iterator[ComputedFinding]:
    """What makes up a metric's change, by all dimensions at once; then what its course shows."""
    changes: dict[str, list[Compared]] = defaultdict(list)
    for one in figures:
        if one.kind is FigureKind.BREAKDOWN and one.result.metrics:
            group = next(column.label for column in one.result.columns if column.role == "dimension")
            subject = one.result.metrics[0].label.lower()
            changes[subject].append(Compared(one.result, group.lower(), one.label))
    for subject, parts in changes.items():
        change = compute_change(subject, parts)
        if change is not None:
            yield change
    for one in figures:
        if one.kind is FigureKind.COURSE:
            yield from compute_course(one.result, one.title, one.label)


def _from_market(
    brief: ReportBrief, market: Sequence[CrewStepOutput], known: Mapping[str, Evidence]
) -> tuple[tuple[Quote, ...], dict[str, str], tuple[NarrativeClaim, ...], list[str]]:
    quotes: dict[tuple[str, str], tuple[str, list[str]]] = {}
    homes: dict[str, str] = {}
    told: list[NarrativeClaim] = []
    gaps = []
    for asked, output in zip(brief.market, market, strict=False):
        draft = DraftAnswer.model_validate(output.output)
        claims = [claim for claim in draft.claims if set(claim.evidence) <= set(output.evidence)]
        for claim in claims:
            source = known[claim.evidence[0]] if claim.evidence else None
            if source is None:
                continue
            if _CELLS in claim.text:
                # Rows of a table run together are no words to quote.
                continue
            if len(claim.evidence) == 1 and claim.text in source.finding.text:
                place = (source.finding.source, source.finding.locator)
                label, sentences = quotes.setdefault(place, (source.label, []))
                homes.setdefault(label, asked.section)
                if claim.text not in sentences:
                    sentences.append(claim.text)
            else:
                told.append(NarrativeClaim(text=claim.text, cites=claim.evidence, section=asked.section))
        if _stands_on_nothing(output):
            gaps.append(f"Nothing is said on “{asked.question}”: {_as_end(_UNSUPPORTED)}")
        elif not claims:
            gaps.append(f"Nothing was found that answers “{asked.question}”")
    found = tuple(Quote(text=" ".join(sentences), cites=(label,)) for label, sentences in quotes.values())
    return found, homes, tuple(told), gaps


def _as_end(sentence: str) -> str:
    """As the end of another one."""
    return f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}."
