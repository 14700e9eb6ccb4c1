"""Puts what was found by meaning and what was found by words into one order.

A passage's score is its cosine plus a weighted share: its BM25 score as part of the most there could be. Both
are scores of this query and this passage alone, so words that say little about a question weigh little in its
answer, however they rank among themselves. Measured in decision 0010.
"""

import heapq
import math
from collections.abc import Mapping

from knowledge.search.port import StoreHit

# What a long ranking takes from each side; the candidates of both are then scored by both.
CANDIDATES = 100
# A short one has the same first places out of twice its length of candidates (decision 0010); twice that.
_CANDIDATES_PER_HIT = 4
WORDS_WEIGHT = 0.4


def candidates_of_a_side(limit: int) -> int:
    """So many that two sides which do not agree at all fill the limit."""
    return min(_CANDIDATES_PER_HIT * limit, max(CANDIDATES, math.ceil(limit / 2)))


def fuse(
    similarities: Mapping[str, float], word_scores: Mapping[str, float], most_words: float, limit: int
) -> list[StoreHit]:
    """Best first. `similarities` are of all candidates by passage id; a passage with none of the words has
    no word score. `most_words` comes from `most_words_score`."""
    scored = []
    for passage_id, similarity in similarities.items():
        words = min(1.0, word_scores.get(passage_id, 0.0) / most_words) if most_words > 0 else 0.0
        scored.append((-similarity - WORDS_WEIGHT * words, -similarity, passage_id, words))
    return [
        StoreHit(passage_id, -rank_score, -similarity, words)
        for rank_score, similarity, passage_id, words in heapq.nsmallest(limit, scored)
    ]


def most_words_score(query_words: int, passages: int, saturation: float) -> float:
    """What a passage would score that is full of all the words, each of them found in no other of the
    passages: BM25's inverse document frequency is then about ln(1 + passages), its other factor k + 1."""
    return query_words * (saturation + 1) * math.log1p(passages)
