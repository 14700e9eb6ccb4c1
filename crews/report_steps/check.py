"""Holds what was written for a report against its evidence, and makes the document that a person approves.

The report writer's sentences pass the checks of answers, against what the writer was shown; so do the market
researcher's own words, against the passages they cite. What fails is left out and counted. The digest of
what comes out is what is approved, and what is rendered later.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from crews.grounding.actions import calls_done
from crews.grounding.caveats import doubt_caveats, dropped_caveat, floor_caveat, suspicious_caveats
from crews.grounding.check import Grounds, check_claims, doubts
from crews.report_steps.gather import Gathered, facts_of, gather, head_of, material_of
from crews.report_steps.readers import readers_of_evidence
from crews.report_writer.output import ReportDraft
from crews.reports.build import build_report
from crews.reports.document import Format, Quote, Report, Sentence
from crews.reports.material import NarrativeClaim
from crews.reports.render import render_report
from crews.reports.sources import QuerySource, QuoteSource, Source
from crews.reports.template import Fill, ReportTemplate, find_template, load_templates
from crews.step_context import StepContext
from crews.step_output import CrewStepOutput, join_models
from ledger.evidence import Evidence
from ledger.outgoing import inert, own_domains
from ledger.result import FLOOR_MODEL, Claim, ModelUse
from ledger.spans import list_spans

P = TypeVar("P", NarrativeClaim, Quote, QuoteSource)

_IN_THE_FILES = "-- The query is in the files."


class CheckedReport(BaseModel):
    """`report` is the document as JSON, `preview` the same to read, `readers` the groups of which whoever
    approves it is in one of each, `claims` what the run's result tells of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: dict[str, Any]
    preview: str
    readers: tuple[tuple[str, ...], ...]
    claims: tuple[Claim, ...]
    caveats: tuple[str, ...]
    model: ModelUse | None


def check_report(context: StepContext) -> CheckedReport:
    gathered = gather(context)
    facts = facts_of(gathered)
    template = find_template(load_templates(), gathered.brief.template)
    drafted = CrewStepOutput.model_validate(context.claim.inputs["draft"])
    spans = list_spans(context.db, context.claim.run_id)
    grounds = Grounds(context.claim.question, calls_done(spans), context.similarity)
    written = _written(ReportDraft.model_validate(drafted.output), template)
    with context.recorder.span("guardrail", "grounding", drafted.output) as span:
        kept, dropped = _held(written, facts, grounds)
        told, lost = _held(gathered.told, gathered.evidence, grounds)
        noted = doubts(_as_claims((*kept, *told)), {**gathered.evidence, **facts}, grounds)
        span.output = {"kept": len(kept) + len(told), "dropped": [*dropped, *lost], "doubts": noted}
    own = own_domains(context.db)
    caveats = [
        *dropped_caveat([*dropped, *lost]),
        *doubt_caveats(noted),
        *suspicious_caveats(_as_claims((*kept, *told, *gathered.quotes)), gathered.evidence),
        *_floor_caveat(gathered, drafted),
    ]
    narrative = tuple(_inert(claim, own) for claim in (*kept, *told))
    report = _report(context, gathered, template, narrative, caveats, own)
    document = context.mask.data(report.model_dump(mode="json"))
    return CheckedReport(
        report=document,
        preview=_preview(Report.model_validate(document)),
        readers=readers_of_evidence(context, _cited(report, gathered.evidence)),
        claims=tuple(Claim(text=claim.text, evidence=claim.cites) for claim in narrative),
        caveats=tuple(inert(caveat, own) for caveat in caveats),
        model=_model(gathered, drafted),
    )


def _preview(report: Report) -> str:
    """To be read before it is approved; the queries themselves are in the files."""
    sources = tuple(
        source.model_copy(update={"sql": _IN_THE_FILES}) if isinstance(source, QuerySource) else source
        for source in report.sources
    )
    shown = report.model_copy(update={"sources": sources})
    return render_report(shown, Format.MARKDOWN).content.decode()


def _written(draft: ReportDraft, template: ReportTemplate) -> list[NarrativeClaim]:
    """What is for no section that takes words goes beside the key figures, or into the first that does."""
    with_words = [section for section in template.sections if section.takes(Fill.NARRATIVE)]
    keys = [section.key for section in with_words]
    homes = [section.key for section in with_words if section.takes(Fill.TILES)] + keys
    return [
        NarrativeClaim(
            text=claim.text,
            cites=claim.evidence,
            section=claim.section if claim.section in keys else next(iter(homes), None),
        )
        for claim in draft.claims
        if claim.text.strip() and claim.evidence
    ]


def _held(
    claims: Sequence[NarrativeClaim], evidence: Mapping[str, Evidence], grounds: Grounds
) -> tuple[list[NarrativeClaim], list[str]]:
    kept: list[NarrativeClaim] = []
    dropped: list[str] = []
    for claim in claims:
        _, reasons = check_claims(_as_claims([claim]), evidence, grounds)
        dropped += reasons
        kept += [] if reasons else [claim]
    return kept, dropped


def _as_claims(pieces: Iterable[Any]) -> tuple[Claim, ...]:
    return tuple(Claim(text=piece.text, evidence=piece.cites) for piece in pieces)


def _model(gathered: Gathered, drafted: CrewStepOutput) -> ModelUse | None:
    """That of the words; a candidate that failed any of the specialists failed the report too."""
    if drafted.model is None:
        return None
    whole = join_models((*gathered.models, drafted.model))
    return whole and whole.model_copy(update={"name": drafted.model.name})


def _floor_caveat(gathered: Gathered, drafted: CrewStepOutput) -> list[str]:
    used = [*gathered.models, *([drafted.model] if drafted.model else [])]
    whole = join_models(used)
    if whole is None or all(use.name != FLOOR_MODEL for use in used):
        return []
    if whole.name == FLOOR_MODEL:
        return floor_caveat(whole, by_rule=True)
    why = f" ({'; '.join(whole.fallbacks)})" if whole.fallbacks else ""
    return [f"Parts of it were made by rule, where no language model was to be had{why}."]


def _inert(piece: P, own: frozenset[str]) -> P:
    return piece.model_copy(update={"text": inert(piece.text, own)})


def _inert_source(source: Source, own: frozenset[str]) -> Source:
    """Whoever wrote a page may have put links in it, and a file that is handed on is to follow none."""
    if isinstance(source, QuerySource):
        return source
    return _inert(source, own).model_copy(update={"title": inert(source.title, own)})


def _report(
    context: StepContext,
    gathered: Gathered,
    template: ReportTemplate,
    narrative: tuple[NarrativeClaim, ...],
    caveats: Sequence[str],
    own: frozenset[str],
) -> Report:
    material = material_of(gathered, head_of(context, gathered.brief))
    told = (*material.caveats, *(Sentence(text=caveat) for caveat in caveats))
    changes = {
        "narrative": narrative,
        "caveats": told,
        "quotes": tuple(_inert(quote, own) for quote in material.quotes),
        "sources": tuple(_inert_source(source, own) for source in material.sources),
    }
    return build_report(template, material.model_copy(update=changes))


def _cited(report: Report, evidence: Mapping[str, Evidence]) -> list[Evidence]:
    return [evidence[source.id] for source in report.sources]
