"""Whether a claim denies what its evidence says, or says what its evidence denies."""

import re
from collections.abc import Iterator, Sequence

from crews.grounding.support import Source
from knowledge.relevance.content_words import content_words
from knowledge.relevance.judge import quotable_sentences
from knowledge.relevance.quantities import read_statement
from knowledge.relevance.similarity import Similarity

# So alike are a claim and the clause it was made of; a claim that is less alike says something else.
_SAME = 0.6
# Another clause this much less alike may still be the one the claim was made of.
_ABOUT_AS_NEAR = 0.15
_CLAUSE = re.compile(
    r"[,;:–—()]\s+|\s+(?:but|unless|except|while|whereas|although|because|so that|and|or|if|when"
    r"|aber|sondern|wenn)\s+"
)
_DENIES_VERB = re.compile(
    r"\b(?:(?:is|are|was|were|be|been|can|could|may|might|must|will|would|should|shall|do|does|did|has|have|had|need)"
    r" not|cannot|never|no longer|nobody|no one)\b|n['’]t\b|\b(?:nicht|kein\w*|nie)\b",
    re.IGNORECASE,
)
# Whatever may say no in other words.
_NEGATIVE = re.compile(
    r"\b(?:not|no|never|cannot|neither|nor|nobody|none|nothing|without|except|only|unless|instead|rather|free|separate"
    r"|impossible|invalid|optional|nicht|kein\w*|nie|ohne|nur"
    r"|un(?:able|available|likely|necessary|paid|possible)|in(?:valid|correct|eligible)|(?:refus|reject|forbid|prohibit|bann|block|stop|avoid|lack|fail|los[te]|exclud|end|expir|deni"
    r"|lapse|cancel|miss|remov)\w*)\b|n['’]t\b",
    re.IGNORECASE,
)
_NEAREST = 2
_LOOKED_AT = 12


def may_be_reversed(claim: str, sources: Sequence[Source], similarity: Similarity) -> bool:
    """Whether the claim says no where the sentences nearest to it in meaning say it in no way at all, or the
    nearest says no and the claim does not. Too unsure to leave a claim out for it: a sentence further away,
    or a part of it, may say what the claim says."""
    near = _nearest(claim, sources, similarity)
    if not near:
        return False
    if _DENIES_VERB.search(claim):
        return not any(_NEGATIVE.search(sentence) for sentence in near)
    if _NEGATIVE.search(claim):
        return False
    words = content_words(claim)
    nearest = max(_units(near[0]), key=lambda unit: _share(words, content_words(unit)))
    return _DENIES_VERB.search(nearest) is not None


def _share(words: frozenset[int], other: frozenset[int]) -> float:
    return len(words & other) / max(1, len(words | other))


def _nearest(claim: str, sources: Sequence[Source], similarity: Similarity) -> list[str]:
    sentences = [(source.heading, text) for source in sources for text in quotable_sentences(source.text)]
    if not sentences:
        return []
    words = content_words(claim)
    sentences.sort(key=lambda item: -len(words & content_words(item[1])))
    sentences = sentences[:_LOOKED_AT]
    [cosines] = similarity([claim], [f"{heading}: {text}" for heading, text in sentences])
    return [sentences[at][1] for at in (-cosines).argsort()[:_NEAREST]]


def is_reversed(claim: str, texts: Sequence[str]) -> bool:
    """Only where a clause says nearly the same words: of two texts in other words nobody can tell so
    cheaply."""
    said = [unit for sentence in quotable_sentences(claim) for unit in _units(sentence)]
    known = [
        (content_words(read_statement(unit).rest), read_statement(unit).denies)
        for text in texts
        for sentence in quotable_sentences(text)
        for unit in _units(sentence)
    ]
    return any(_is_reversed(unit, known) for unit in said)


def _is_reversed(unit: str, known: list[tuple[frozenset[int], bool]]) -> bool:
    stated = read_statement(unit)
    words = content_words(stated.rest)
    if len(words) < 2:
        return False
    likeness = [(_share(words, other), denies) for other, denies in known]
    best = max((share for share, _ in likeness), default=0.0)
    near = [denies for share, denies in likeness if share >= max(_SAME, best - _ABOUT_AS_NEAR)]
    return bool(near) and all(denies != stated.denies for denies in near)


def _units(sentence: str) -> Iterator[str]:
    yield sentence
    parts = [part.strip() for part in _CLAUSE.split(sentence)]
    if len(parts) > 1:
        yield from (part for part in parts if part)
