"""The calibrated relevance: a probability, in the right direction, and the same each time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from knowledge.embedding import Embedder
from knowledge.library import Library
from knowledge.relevance.content_words import content_words, numbers_and_codes
from knowledge.relevance.features import Features, measure, parse_question
from knowledge.relevance.judge import Candidate, judge
from knowledge.relevance.score import Coefficients, probability, shipped_coefficients
from knowledge.relevance.similarity import Matrix, similarity_from
from knowledge.search.edge_store import EdgeStore
from ledger.db import Database

_cosines = st.floats(-1, 1)
_shares = st.floats(0, 1)
_features = st.builds(
    Features,
    passage=_cosines,
    sentence=_cosines,
    words=_shares,
    missing_numbers=_shares,
    asked=st.floats(0, 6),
)


def told(table: dict[str, float]) -> "Told":
    return Told(table)


class Told:
    """Gives each text the cosine of the first key it contains, and 0.1 where it has none; notes the texts."""

    def __init__(self, table: dict[str, float]) -> None:
        self.table = table
        self.asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def __call__(self, questions: Sequence[str], texts: Sequence[str]) -> Matrix:
        self.asked.append((tuple(questions), tuple(texts)))
        row = [next((cosine for key, cosine in self.table.items() if key in text), 0.1) for text in texts]
        return np.array([row] * len(questions), np.float32)


@given(_features)
def test_it_is_a_probability_and_the_same_each_time(features: Features) -> None:
    chance = probability(features, shipped_coefficients())
    assert 0 <= chance <= 1
    assert chance == probability(replace(features), shipped_coefficients())


@given(_features, _cosines, _cosines)
def test_nearer_is_never_less_relevant(features: Features, one: float, other: float) -> None:
    near, far = max(one, other), min(one, other)
    for name in ("passage", "sentence"):
        nearer, farther = replace(features, **{name: near}), replace(features, **{name: far})
        assert probability(nearer, shipped_coefficients()) >= probability(farther, shipped_coefficients())


@given(_features)
def test_a_number_asked_for_and_missing_lowers_it(features: Features) -> None:
    fitted = shipped_coefficients()
    there, gone = replace(features, missing_numbers=0.0), replace(features, missing_numbers=1.0)
    assert probability(gone, fitted) < probability(there, fitted)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_judged(question: str, text: str) -> None:
    [judged] = judge(question, [Candidate("Title", "", text, 0.5)], told({}))
    assert 0 <= judged.relevance <= 1
    assert len(judged.sentences) == len(judged.closeness)


def test_coefficients_of_the_wrong_sign_are_refused() -> None:
    values = shipped_coefficients().model_dump()
    for name, value in (("passage", -0.1), ("sentence", -0.1), ("missing_numbers", 0.1), ("answers", 1.0)):
        with pytest.raises(ValidationError, match=name):
            Coefficients.model_validate({**values, name: value})


def test_the_shipped_coefficients_say_where_they_come_from() -> None:
    provenance = shipped_coefficients().provenance
    assert provenance.questions > 1000
    assert set(provenance.auc_left_out) == {"larkspur", "medline", "stackfaq"}
    assert min(provenance.auc_left_out.values()) > 0.9
    assert shipped_coefficients().too_thin < shipped_coefficients().answers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My VPN says RC-217, what now?", {"rc-217"}),
        ("at 09:30 on 2026-11-20, 51.8 million", {"09:30", "2026-11-20", "51.8"}),
        ("1,250 or 1250 EUR", {"1250"}),
        ("E12 on the 20th", {"e12", "20th"}),
        ("No number at all", set()),
    ],
)
def test_numbers_and_codes_are_found(text: str, found: set[str]) -> None:
    assert numbers_and_codes(text) == found


def test_content_words_are_stems_without_stop_words() -> None:
    assert content_words("How do I return the jackets?") == content_words("returned jacket")
    assert content_words("what is it of the") == frozenset()


def test_what_is_asked_for_is_looked_for_in_title_heading_and_text() -> None:
    question = parse_question("What does RC-217 mean for my laptop?")
    everything = measure(question, "VPN\nRC-217\nIt is a laptop that means ill.", 0.5, 0.5)
    nothing = measure(question, "VPN\nRC-301\nIt is a certificate.", 0.5, 0.5)
    assert (everything.missing_numbers, nothing.missing_numbers) == (0.0, 1.0)
    assert everything.words > 0.7 > 0.3 > nothing.words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The line is down at work. Can we still take cards, and up to what amount?", 3),
        ("My work phone was stolen on the train, how quickly do I have to report it?", 3),
        ("What is the deposit for a tent?", 1),
        ("", 1),
        (
            "One thing here. Another thing there. A third thing too. A fourth thing now. A fifth thing then.",
            1,
        ),
    ],
)
def test_a_question_of_several_clauses_is_judged_by_each(text: str, parts: int) -> None:
    question = parse_question(text)
    assert question.parts[0] == text
    assert len(question.parts) == parts


def test_sentences_are_judged_under_their_heading_and_without_list_markers() -> None:
    similarity = told({"Deposit: It is": 0.9})
    [judged] = judge(
        "What is the deposit?",
        [Candidate("Tents", "Rent > Deposit", "- It is 40 EUR.\n- Bring a card.", 0.5)],
        similarity,
    )
    assert judged.sentences == ("It is 40 EUR.", "Bring a card.")
    assert judged.closeness == pytest.approx((0.9, 0.1))
    assert judged.features.sentence == pytest.approx(0.9)


def test_a_cosine_that_is_known_is_not_worked_out_again() -> None:
    similarity = told({"Tents": 0.7})
    known, unknown = judge(
        "What is the deposit?",
        [Candidate("Bikes", "", "It is 60 EUR.", 0.5), Candidate("Tents", "", "It is 40 EUR.")],
        similarity,
    )
    assert (known.features.passage, unknown.features.passage) == (0.5, pytest.approx(0.7))
    assert similarity.asked[1] == (("What is the deposit?",), ("Tents\nIt is 40 EUR.",))


def test_nothing_found_is_nothing_judged() -> None:
    assert judge("What?", [], told({})) == []


def test_an_answer_stands_above_what_is_only_related(
    sqlite_db: Database, tmp_path: Path, minilm: Embedder
) -> None:
    similarity = similarity_from(lambda: Library(sqlite_db, EdgeStore(tmp_path), minilm))
    answer = Candidate("Annual leave", "", "Full-time staff have 27 days of annual leave in a year.")
    related = Candidate("Sick leave", "", "Tell your manager in the morning when you are ill.")
    far = Candidate("Printers", "", "Insert the roll with the printed side up.")
    chances = [
        item.relevance
        for item in judge("How many days of annual leave do I have?", [answer, related, far], similarity)
    ]
    assert chances[0] > 0.5 > shipped_coefficients().answers > chances[1] > chances[2]
