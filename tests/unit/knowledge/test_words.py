"""Which words of a query meet which of a passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.search.words import WordEmbedder

WORDS = WordEmbedder()


def shared(query: str, passage: str) -> int:
    """How many words of the query the passage has."""
    return len(set(WORDS.embed_query(query).indices) & set(WORDS.embed_passage(passage).indices))


@pytest.mark.parametrize(
    ("query", "passage"),
    [
        ("booked a hotel", "Booking hotels"),
        ("RC207", "The code RC-207 means"),
        ("rc-207", "Error RC207"),
        ("RC 207", "RC-207"),
        ("ERR_SSL", "err ssl"),
        ("email", "Send an e-mail"),
        ("e-mail", "Send an email"),
        ("cafe", "Das Café"),
        ("KB12.3", "article kb123"),
        ("Zelte", "Die Zelte trocknen"),
        ("Straße", "die Straße"),
    ],
)
def test_words_meet_in_their_other_forms(query: str, passage: str) -> None:
    assert shared(query, passage) >= 1


@pytest.mark.parametrize(("query", "passage"), [("35", "3.5"), ("RC-208", "the 207"), ("tent", "boat")])
def test_other_words_do_not_meet(query: str, passage: str) -> None:
    assert shared(query, passage) == 0


def test_the_very_code_meets_more_than_its_neighbour() -> None:
    assert shared("RC-207", "RC-207") > shared("RC-207", "RC-208") == 1


def test_little_words_do_not_count() -> None:
    assert WORDS.embed_query("who can do what in the").indices == []


@given(st.text(max_size=200))
def test_any_text_has_words_or_none(text: str) -> None:
    passage, query = WORDS.embed_passage(text), WORDS.embed_query(text)
    assert len(set(passage.indices)) == len(passage.indices) == len(passage.values)
    assert set(query.indices) == set(passage.indices)
    assert set(query.values) <= {1.0}
    assert all(value > 0 for value in passage.values)
