"""Finds text that gives orders to a model: a transparent score over families of phrasings.

It is the first of several fences, and the only one that may take a document away from its readers, so it
would rather miss than be wrong: a document goes into quarantine for what no reader would be told.
"""

import base64
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.quality.injection_rules import LIKELY, RULES, SURE, Rule

# What stands further apart than this does not add up.
_WINDOW_CHARS = 1_200
_SPACES = re.compile(r"\s+")
_OPENING, _CLOSING = '"“„«‘`*', '"”“»’`*'
_QUOTING = re.compile(
    r"\b(?:attack(?:er|ers|s)?|phish\w*|scam\w*|fraud\w*|inject\w*|jailbreak\w*|malicious|suspicious|criminals?|hackers?)\b"
)
_QUOTED_SHARE = 0.4
_ENCODED = re.compile(r"(?<![\w/+.=-])[A-Za-z0-9+/]{40,}={0,2}(?![\w/+.=-])")
_ENCODED_RULE = Rule("encoded", "holds encoded orders to a model", SURE, (), re.compile(""))
# A page may carry any number of encoded pictures.
_MOST_ENCODED = 200


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`score` of 1 and more counts as an order to a model; `reasons` each complete "it ..."."""

    score: float
    reasons: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        return self.score >= SURE

    @property
    def is_likely(self) -> bool:
        """Enough where the text was hidden from its readers."""
        return self.score >= LIKELY


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    rule: Rule
    weight: float


def suspect(text: str) -> Suspicion:
    """The worst stretch of the text."""
    plain = _SPACES.sub(" ", text)
    lowered = plain.lower()
    hits = sorted([*_hits(lowered), *_encoded_hits(plain)], key=lambda hit: hit.start)
    worst = Suspicion(0.0, ())
    first = 0
    for last, hit in enumerate(hits):
        while hits[first].start < hit.start - _WINDOW_CHARS:
            first += 1
        worst = max(worst, _weigh(hits[first : last + 1]), key=lambda found: found.score)
    return worst


def _weigh(hits: list[_Hit]) -> Suspicion:
    """Each rule counts once, by its heaviest hit."""
    by_rule: dict[str, _Hit] = {}
    for hit in hits:
        known = by_rule.get(hit.rule.name)
        if known is None or hit.weight > known.weight:
            by_rule[hit.rule.name] = hit
    heaviest = sorted(by_rule.values(), key=lambda hit: -hit.weight)
    reasons = tuple(dict.fromkeys(hit.rule.says for hit in heaviest))
    return Suspicion(round(sum(hit.weight for hit in heaviest), 2), reasons)


def _hits(text: str) -> Iterator[_Hit]:
    for rule in RULES:
        if not any(word in text for word in rule.needs):
            continue
        for match in rule.pattern.finditer(text):
            share = _QUOTED_SHARE if _is_quoted(text, match) else 1.0
            yield _Hit(match.start(), rule, rule.weight * share)


def _is_quoted(text: str, match: re.Match[str]) -> bool:
    """Whether it stands in quotation marks in a passage that warns of such things."""
    # A fence of three marks is no quotation: whoever plants an order may well put it in one.
    before = text[max(match.start() - 40, 0) : match.start()].replace("```", "")
    after = text[match.end() : match.end() + 200].replace("```", "")
    if not any(mark in _OPENING for mark in before) or not any(mark in _CLOSING for mark in after):
        return False
    around = text[max(match.start() - 300, 0) : match.end() + 300]
    return _QUOTING.search(around.replace(match[0], "")) is not None


def _encoded_hits(text: str) -> Iterator[_Hit]:
    """Base64 that turns out to be orders in words."""
    for match in itertools.islice(_ENCODED.finditer(text), _MOST_ENCODED):
        encoded = match[0].rstrip("=")
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
        except ValueError:
            continue
        if any(True for _ in _hits(decoded.lower())):
            yield _Hit(match.start(), _ENCODED_RULE, SURE)
