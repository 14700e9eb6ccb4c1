"""What goes into which section of a report, and what is missing: the report writer's plan."""

from pydantic import BaseModel, ConfigDict

from crews.report_steps.gather import Gathered, facts_of, gather, head_of, material_of
from crews.reports.build import build_report
from crews.reports.document import Report, cites_of
from crews.reports.errors import ReportIncomplete
from crews.reports.template import Fill, ReportTemplate, find_template, load_templates
from crews.step_context import StepContext
from crews.step_output import join_models
from ledger.result import AbstainReason, ModelUse

_UNFIT = "The data that would give its figures is not fit to give any just now."


class PlannedSection(BaseModel):
    """`labels` of the evidence whose figures, pictures and quotes stand there already; `takes_words` where
    something may be written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    heading: str
    labels: tuple[str, ...] = ()
    takes_words: bool


class ReportOutline(BaseModel):
    """`titles` of the evidence by label. `refusal` says why there can be no report, `reason` of what kind
    that is; `model` is what the specialists worked with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    sections: tuple[PlannedSection, ...] = ()
    titles: dict[str, str] = {}
    gaps: tuple[str, ...] = ()
    refusal: str | None = None
    reason: AbstainReason | None = None
    model: ModelUse | None = None


def outline_report(context: StepContext) -> ReportOutline:
    gathered = gather(context)
    brief = gathered.brief
    if brief.refusal is not None:
        return ReportOutline(title=brief.title, refusal=brief.refusal, reason=AbstainReason.NOTHING_FOUND)
    template = find_template(load_templates(), brief.template)
    facts = facts_of(gathered)
    try:
        report = build_report(template, material_of(gathered, head_of(context, brief)))
    except ReportIncomplete as error:
        return ReportOutline(
            title=brief.title,
            gaps=gathered.gaps,
            refusal=_UNFIT if gathered.is_unfit else str(error),
            reason=_reason(gathered),
            model=join_models(gathered.models),
        )
    titles = {one.label: one.title for one in gathered.figures}
    titles |= {
        label: str(item.finding.details.get("title")) for label, item in facts.items() if label not in titles
    }
    return ReportOutline(
        title=brief.title,
        sections=_sections(template, report),
        titles=titles,
        gaps=gathered.gaps,
    )


def _sections(template: ReportTemplate, report: Report) -> tuple[PlannedSection, ...]:
    placed = {
        section.heading: tuple(dict.fromkeys(label for block in section.blocks for label in cites_of(block)))
        for section in report.sections
    }
    return tuple(
        PlannedSection(
            key=spec.key,
            heading=spec.heading,
            labels=placed.get(spec.heading, ()),
            takes_words=spec.takes(Fill.NARRATIVE),
        )
        for spec in template.sections
    )


def _reason(gathered: Gathered) -> AbstainReason:
    """Why there can be no report."""
    if gathered.is_unfit:
        return AbstainReason.BLOCKED
    return AbstainReason.UNSUPPORTED if gathered.unsupported else AbstainReason.NOTHING_FOUND
