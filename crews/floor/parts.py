"""A question that asks for figures and, in so many words, for what is written about them."""

import re

_BOUNDARY = re.compile(
    r"(?:,\s*|\s+)and\s+(?=(?:what|why|how|which|who|when|where|is|are|do|does|can|may)\b)|[?;]\s+",
    re.IGNORECASE,
)
# What documents hold, and no table of figures does.
_WRITTEN = re.compile(
    r"\bwhy\b|\b(?:policy|policies|guidelines?|handbook|rules?|procedures?|allowed)\b"
    r"|\bwhat (?:does|do) .+ say\b",
    re.IGNORECASE,
)


def figures_part(question: str) -> str | None:
    """The half that does not speak of what is written, where the other half does; None of any other
    question."""
    parts = [part.strip() for part in _BOUNDARY.split(question) if part.strip()]
    figures = [part for part in parts if not _WRITTEN.search(part)]
    return figures[0] if len(parts) == 2 and len(figures) == 1 else None
