"""A finding as it is kept: tokens for personal data in all that was read, and a mark on what reads like
orders."""

from dataclasses import replace
from typing import Any

from crews.step_context import StepContext
from knowledge.quality.injection import suspect
from ledger.evidence import FIGURES, Finding

# Details of a finding that the workspace declares, or that we made ourselves.
_NOT_READ = frozenset({"owner", "document_id", "passage_id", "collection", "classification"})


def masked_finding(context: StepContext, finding: Finding) -> Finding:
    """With tokens in all that was read; whose document it is and where it lies is no personal secret."""
    mask = context.mask
    details = {
        key: value if key in _NOT_READ else mask.fresh_data(value) for key, value in finding.details.items()
    }
    if finding.kind == FIGURES and "rows" in details:
        # A figure looks like a phone number soon; which columns are personal, the catalog has said.
        details["rows"] = _with_figures(finding.details, details["rows"])
    suspicion = suspect("\n".join([*_told(details), finding.text]))
    if suspicion.is_likely:
        details["suspicious"] = list(suspicion.reasons)
    return replace(
        finding, text=mask.fresh(finding.text), locator=mask.fresh(finding.locator), details=details
    )


def _with_figures(details: dict[str, Any], masked: list[list[Any]]) -> list[list[Any]]:
    """The rows with their figures and dates as they are; only words are masked."""
    are_words = [column["type"] == "string" for column in details["columns"]]
    return [
        [hidden if words else cell for cell, hidden, words in zip(row, hidden_row, are_words, strict=True)]
        for row, hidden_row in zip(details["rows"], masked, strict=True)
    ]


def _told(details: dict[str, Any]) -> list[str]:
    return [str(details[key]) for key in ("title", "section") if details.get(key)]
