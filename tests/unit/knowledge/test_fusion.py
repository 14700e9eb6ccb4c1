"""One order out of two kinds of score."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.search.fusion import (
    CANDIDATES,
    WORDS_WEIGHT,
    candidates_of_a_side,
    fuse,
    most_words_score,
)

_ids = st.sampled_from("abcdefgh")
_similarities = st.dictionaries(_ids, st.floats(-1, 1), max_size=8)
_word_scores = st.dictionaries(_ids, st.floats(0, 30), max_size=8)
_most = st.floats(0, 60)


@given(_similarities, _word_scores, _most, st.integers(0, 10))
def test_the_order_is_that_of_the_scores_and_no_candidate_is_lost(
    similarities: dict[str, float], word_scores: dict[str, float], most: float, limit: int
) -> None:
    hits = fuse(similarities, word_scores, most, limit)
    assert len(hits) == min(limit, len(similarities))
    assert len({hit.passage_id for hit in hits}) == len(hits)
    scores = [hit.rank_score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    for hit in hits:
        assert hit.similarity == similarities[hit.passage_id]
        assert 0 <= hit.words <= 1
        assert hit.rank_score == pytest.approx(hit.similarity + WORDS_WEIGHT * hit.words)


@given(_similarities, _word_scores, _most)
def test_being_better_on_both_sides_is_being_better(
    similarities: dict[str, float], word_scores: dict[str, float], most: float
) -> None:
    place = {hit.passage_id: n for n, hit in enumerate(fuse(similarities, word_scores, most, 10))}
    for one in similarities:
        for other in similarities:
            more_words = word_scores.get(one, 0) > word_scores.get(other, 0)
            if similarities[one] > similarities[other] and more_words:
                assert place[one] < place[other]


@given(_similarities, _word_scores, _most, _ids)
def test_a_score_does_not_hang_on_who_else_was_found(
    similarities: dict[str, float], word_scores: dict[str, float], most: float, gone: str
) -> None:
    fewer = {key: value for key, value in similarities.items() if key != gone}
    hits = [hit for hit in fuse(similarities, word_scores, most, 10) if hit.passage_id != gone]
    assert fuse(fewer, word_scores, most, 10) == hits


def test_a_passage_of_nothing_but_the_rarest_words_has_all_of_them() -> None:
    # Two words, each in this one of a thousand passages and in it as often as counts.
    inverse_frequency = math.log(1 + (1_000 - 1 + 0.5) / (1 + 0.5))
    most = most_words_score(2, 1_000, 1.2)
    (hit,) = fuse({"a": 0.5}, {"a": 2 * 2.2 * inverse_frequency}, most, 5)
    assert 0.9 < hit.words <= 1


def test_a_query_without_words_goes_by_meaning() -> None:
    assert most_words_score(0, 1_000, 1.2) == 0
    hits = fuse({"a": 0.1, "b": 0.2}, {}, 0.0, 5)
    assert [(hit.passage_id, hit.words) for hit in hits] == [("b", 0), ("a", 0)]


@pytest.mark.parametrize("limit", [1, CANDIDATES, 2 * CANDIDATES, 501])
def test_two_sides_that_do_not_agree_fill_any_limit(limit: int) -> None:
    assert candidates_of_a_side(limit) >= min(2 * limit, CANDIDATES)
    assert 2 * candidates_of_a_side(limit) >= limit
