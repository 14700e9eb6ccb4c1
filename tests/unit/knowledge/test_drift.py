"""Drift: what a batch would do to the library as a whole, told from counts and sums."""

import numpy as np
import pytest

from knowledge.drift import Corpus, Severity, judge_drift, summarize
from ledger.documents import DocumentRecord, EmbeddingSums

STEADY = [(100, 103), (103, 101), (101, 104), (104, 102), (102, 100), (100, 101)]


def corpus(
    passages: int = 100,
    *,
    centroid: tuple[float, float] | None = (1.0, 0.0),
    norm: tuple[float, float] | None = (5.0, 0.5),
    documents: int = 20,
    refused: int = 0,
) -> Corpus:
    mean, spread = norm or (None, None)
    direction = None if centroid is None else np.array(centroid)
    return Corpus(documents, refused, passages, direction, mean, spread)


def judged(
    before: Corpus, after: Corpus, steps: list[tuple[int, int]] | None = None, lost: int | None = None
) -> str:
    """`lost` is everything if not given."""
    found = judge_drift(before, after, before.passages if lost is None else lost, steps or [])
    return " ".join(finding.severity.value for finding in found)


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(100, ""), (71, ""), (69, "warn"), (41, "warn"), (39, "block"), (0, "block"), (300, ""), (301, "warn")],
)
def test_without_history_a_loss_is_judged_by_its_share(after: int, verdict: str) -> None:
    assert judged(corpus(100), corpus(after)) == verdict
    assert judged(corpus(100), corpus(after), STEADY[:4]) == verdict


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(66, ""), (60, "warn"), (42, "warn"), (38, "block"), (200, "warn"), (9_000, "warn")],
)
def test_with_history_a_step_is_judged_by_those_before(after: int, verdict: str) -> None:
    assert judged(corpus(100), corpus(after), STEADY) == verdict


def test_a_library_that_always_swings_may_swing_but_not_vanish() -> None:
    swings = [(100, 40), (40, 110), (110, 45), (45, 120), (120, 50)]
    assert judged(corpus(120), corpus(40), swings) == ""
    assert judged(corpus(120), corpus(0), swings) == "block"


def test_a_released_loss_is_not_held_against_the_next_ingestion() -> None:
    assert judged(corpus(30), corpus(31), [*STEADY, (100, 30)]) == ""


def test_a_first_ingestion_and_a_few_pages_are_never_blocked() -> None:
    nothing = corpus(0, centroid=None, norm=None, documents=0)
    assert judged(nothing, corpus(10_000, documents=50, refused=49)) == ""
    assert judged(corpus(9), corpus(1)) == ""


@pytest.mark.parametrize(
    ("after", "verdict"), [((1.0, 0.4), ""), ((1.0, 0.6), "warn"), ((1.0, 1.0), "block"), (None, "")]
)
def test_a_shift_of_what_it_is_about(after: tuple[float, float] | None, verdict: str) -> None:
    assert judged(corpus(), corpus(centroid=after)) == verdict


@pytest.mark.parametrize(("mean", "verdict"), [(5.2, ""), (5.4, "warn"), (3.9, "block"), (6.1, "block")])
def test_a_shift_of_the_norms(mean: float, verdict: str) -> None:
    assert judged(corpus(), corpus(norm=(mean, 0.5))) == verdict


@pytest.mark.parametrize(("lost", "verdict"), [(0, "warn warn"), (30, "warn warn"), (31, "block block")])
def test_what_only_grows_may_come_to_be_about_something_else(lost: int, verdict: str) -> None:
    grown = corpus(280, centroid=(0.0, 1.0), norm=(7.0, 0.5))
    assert judged(corpus(), grown, lost=lost) == verdict


def test_norms_that_are_all_alike_are_no_division_by_nothing() -> None:
    assert judged(corpus(norm=(1.0, 0.0)), corpus(norm=(1.0, 0.0))) == ""
    assert judged(corpus(norm=(1.0, 0.0)), corpus(norm=(1.5, 0.0))) == "block"


@pytest.mark.parametrize(("refused", "verdict"), [(3, ""), (5, "warn"), (9, "block")])
def test_a_rise_of_what_is_kept_back(refused: int, verdict: str) -> None:
    assert judged(corpus(refused=1), corpus(refused=refused)) == verdict


def test_reasons_are_sentences_with_numbers() -> None:
    [found] = judge_drift(corpus(100), corpus(20), 80, [])
    assert (found.severity, "100 passages to 20" in found.reason) == (Severity.BLOCK, True)


def record(
    path: str, passages: int, vector: list[float], index: str = "one", status: str = "ok"
) -> DocumentRecord:
    sums = EmbeddingSums(index, np.array(vector, np.float32).tobytes(), 2, 6.0, 20.0)
    return DocumentRecord(
        id=path,
        path=path,
        status=status,
        reason=None,
        content_hash="",
        title="",
        owner=None,
        collection="company",
        classification="internal",
        allowed_groups=(),
        updated=None,
        review_by=None,
        size_bytes=1,
        passage_count=passages,
        sums=sums if passages else None,
    )


def test_a_library_is_summarized_for_one_index() -> None:
    records = [
        record("a", 2, [2.0, 0.0]),
        record("b", 2, [0.0, 2.0]),
        record("c", 4, [9.0, 9.0], index="another"),
        record("d", 0, [], status="corrupt"),
    ]
    found = summarize(records, "one")
    assert (found.documents, found.refused, found.passages, found.refused_share) == (4, 1, 8, 0.25)
    assert found.centroid is not None
    assert found.centroid.tolist() == [0.5, 0.5]
    assert (found.norm_mean, found.norm_spread) == (3.0, 1.0)
    assert summarize([], "one") == Corpus(0, 0, 0, None, None, None)
