"""Puts claims together to the text of an answer: what a source has in lines, such as steps and tables, stays
in lines."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from ledger.evidence import FIGURES, Evidence
from ledger.result import Claim


def running_text(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> str:
    """Every claim stands in it word for word, in this order; figures have a line each."""
    quotes = [
        _as_in_source(list(group), evidence) for _, group in groupby(claims, key=lambda claim: claim.evidence)
    ]
    in_lines = has_figures(claims, evidence) or any("\n" in quote for quote in quotes)
    return ("\n" if in_lines else " ").join(quotes)


def has_figures(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> bool:
    return any(evidence[label].finding.kind == FIGURES for claim in claims for label in claim.evidence)


def _as_in_source(claims: Sequence[Claim], evidence: Mapping[str, Evidence]) -> str:
    """Of claims on the same evidence."""
    sources = [evidence[label].finding for label in claims[0].evidence]
    text = claims[0].text
    for one, other in pairwise(claims):
        apart = any(
            source.kind == FIGURES or _is_apart(source.text, one.text, other.text) for source in sources
        )
        text += ("\n" if apart else " ") + other.text
    return text


def _is_apart(source: str, one: str, other: str) -> bool:
    """Whether a line ends between two quotes; what is not quoted in this order runs on."""
    end = source.find(one) + len(one)
    start = source.find(other, end)
    return one in source and start >= 0 and "\n" in source[end:start]
