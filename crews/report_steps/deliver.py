"""The last step of `report`: what whoever asked is told, with the files, or why there are none."""

from collections.abc import Sequence

from crews.report_steps.brief import ReportBrief
from crews.report_steps.check import CheckedReport
from crews.report_steps.gather import AUTHOR
from crews.report_steps.issue import IssuedFiles
from crews.report_steps.outline import ReportOutline
from crews.reports.document import Report, Tiles
from crews.step_context import StepContext
from ledger.result import AbstainReason, RunResult

_MOST_CLAIMS = 6


def deliver_report(context: StepContext) -> RunResult:
    inputs = context.claim.inputs
    brief = ReportBrief.model_validate(inputs["brief"])
    outline = ReportOutline.model_validate(inputs["outline"])
    if outline.refusal is not None:
        return _not_made(brief, outline)
    checked = CheckedReport.model_validate(inputs["check"])
    approval = inputs["approval"]
    if approval["choice"] != "approve":
        return _rejected(brief, checked, approval["by"])
    issued = IssuedFiles.model_validate(inputs["render"])
    claims = checked.claims[:_MOST_CLAIMS]
    kinds = _listed([file.name.rpartition(".")[2].upper() for file in issued.files])
    opening = f"“{brief.title}” is ready as {kinds}, approved by {approval['by']}."
    return RunResult(
        outcome="answered",
        answer="\n".join([opening, *(claim.text for claim in claims)]),
        claims=claims,
        how_found=_how_found(checked),
        caveats=(*brief.notes, *outline.gaps, *checked.caveats),
        specialist=AUTHOR,
        model=checked.model,
        files=issued.files,
    )


def _rejected(brief: ReportBrief, checked: CheckedReport, by: str | None) -> RunResult:
    said = f"{by} rejected it" if by else "nobody approved it in time"
    return RunResult(
        outcome="abstained",
        answer=f"“{brief.title}” was not issued: {said}. No file was made of it.",
        reason=AbstainReason.REJECTED,
        specialist=AUTHOR,
        model=checked.model,
    )


def _not_made(brief: ReportBrief, outline: ReportOutline) -> RunResult:
    return RunResult(
        outcome="abstained",
        answer=brief.refusal or f"“{outline.title}” could not be made. {outline.refusal}",
        reason=outline.reason,
        caveats=outline.gaps,
        specialist=AUTHOR,
        model=outline.model,
    )


def _how_found(checked: CheckedReport) -> tuple[str, ...]:
    report = Report.model_validate(checked.report)
    queries = sum(source.kind == "query" for source in report.sources)
    passages = len(report.sources) - queries
    shown = sum(len(block.tiles) for block in report.blocks() if isinstance(block, Tiles))
    stands_on = [_count(queries, "governed query", "governed queries")] if queries else []
    stands_on += [f"{_count(passages, 'passage')} of what others publish"] if passages else []
    shows = [(shown, "key figure"), (len(report.charts()), "chart"), (len(report.tables()), "table")]
    shown_parts = [_count(number, name) for number, name in shows if number]
    held = f" It shows {_listed(shown_parts)}." if shown_parts else ""
    return (f"It stands on {_listed(stands_on)}.{held}",)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
