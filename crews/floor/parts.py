"""A question that asks for figures and, in so many words, for what is written about them or for the market
outside the company."""

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
# What others publish, and no table of ours does.
_MARKET = re.compile(r"\b(?:market|industry|sector|analysts?|competitors?|rivals)\b", re.IGNORECASE)

_STRETCH = re.compile(
    r"\b(?:by|per) \w+|\b(?:19|20)\d\d\b|\bq[1-4]\b"
    r"|\b(?:last|this|previous|past) (?:\w+ )?(?:days?|weeks?|months?|quarters?|years?)\b|\byesterday\b",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(r"\bhow (?:many|much)\b", re.IGNORECASE)


def figures_part(question: str) -> str | None:
    """The half that speaks neither of what is written nor of the market, where the other half does; None of
    any other question."""
    halves = _halves(question)
    figures = [half for half in halves if not _WRITTEN.search(half) and not _MARKET.search(half)]
    return figures[0] if len(figures) == 1 else None


def market_part(question: str) -> str | None:
    """The half that speaks of the market, where the other half does not; None of any other question."""
    halves = _halves(question)
    market = [half for half in halves if _MARKET.search(half)]
    return market[0] if len(market) == 1 else None


def speaks_of_market(question: str) -> bool:
    return _MARKET.search(question) is not None


def is_put_like_figures(question: str) -> bool:
    """Whether it names a stretch of time or what to break a figure down by."""
    return _STRETCH.search(question) is not None


def asks_how_many(question: str) -> bool:
    return _HOW_MANY.search(question) is not None


def _halves(question: str) -> list[str]:
    parts = [part.strip() for part in _BOUNDARY.split(question) if part.strip()]
    return parts if len(parts) == 2 else []
