"""A report in one of its formats, as a file."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from crews.reports.document import Format, Report
from crews.reports.docx.renderer import render_docx
from crews.reports.markdown import render_markdown
from crews.reports.pdf.renderer import render_pdf
from crews.reports.pptx.renderer import render_pptx
from crews.reports.xlsx.renderer import render_xlsx

_LONGEST_NAME = 60
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MEDIA_TYPES = {
    Format.PDF: "application/pdf",
    Format.DOCX: f"{_OFFICE}.wordprocessingml.document",
    Format.PPTX: f"{_OFFICE}.presentationml.presentation",
    Format.XLSX: f"{_OFFICE}.spreadsheetml.sheet",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
}
_RENDERERS: dict[Format, Callable[[Report], bytes]] = {
    Format.PDF: render_pdf,
    Format.DOCX: render_docx,
    Format.PPTX: render_pptx,
    Format.XLSX: render_xlsx,
    Format.MARKDOWN: render_markdown,
}


@dataclass(frozen=True, slots=True)
class RenderedReport:
    name: str
    media_type: str
    content: bytes


def render_report(report: Report, fmt: Format) -> RenderedReport:
    """Equal bytes for equal reports."""
    stem = re.sub(r"[^a-z0-9]+", "-", report.title.lower())[:_LONGEST_NAME].strip("-") or "report"
    name = f"{stem}-{report.generated_at:%Y-%m-%d}.{fmt.value}"
    return RenderedReport(name, _MEDIA_TYPES[fmt], _RENDERERS[fmt](report))
