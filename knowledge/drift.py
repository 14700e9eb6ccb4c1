"""Whether a batch would make the library unlike itself, so that a person should look before it is served.

Told from counts and sums alone: nothing is read or embedded for it. A first ingestion has nothing to be
unlike, and a library of a few pages changes as a whole with each of them; neither is ever blocked.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ledger.documents import DocumentRecord

# Below these, one document more or less is a large share of all.
LEAST_PASSAGES = 10
LEAST_DOCUMENTS = 10

# With less history than this, how much a library usually changes cannot be told.
LEAST_HISTORY = 5
# Without history. Reorganising a folder or dropping last year's pages stays under a third; more than half
# gone is rather a folder that was not mounted. What grows hides nothing that was there, so it is only told.
LOSS_WARN, LOSS_BLOCK = 0.30, 0.60
GROWTH_WARN = 3.0
# With history: how unusual the step is, among the logarithms of the steps before. The least spread makes a
# library that hardly ever changes be judged as one without history: a step of 3 spreads is a loss of 36 %,
# one of 6 of 59 %.
STEP_WARN, STEP_BLOCK = 3.0, 6.0
LEAST_SPREAD = 0.15

# Cosine distance between the means of all vectors before and after. Measured on the sample workspace (37
# documents, 8 folders): without a tenth of its documents at most 0.01, without half of them 0.07; with one
# folder left in place of all 0.15 to 0.46; with letters shuffled or base64 for text 0.9.
CENTROID_WARN, CENTROID_BLOCK = 0.10, 0.25

# Shift of the mean norm in standard deviations of before. Measured there: one folder in place of all at most
# 0.8; all text garbled (shuffled, shifted letters, filler, base64) 2 to 6, so half of it garbled 1 and more.
NORM_WARN, NORM_BLOCK = 0.5, 1.0
# Of the mean, for models whose norms are all alike.
LEAST_NORM_SPREAD = 0.01

# Rise of the share of documents that are kept back, in percentage points / 100.
REFUSED_WARN, REFUSED_BLOCK = 0.10, 0.30


class Severity(StrEnum):
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class DriftFinding:
    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """The library in numbers. `centroid` is the mean of the vectors of the index at hand, None where none
    is known; the norms' mean and standard deviation are None likewise."""

    documents: int
    refused: int
    passages: int
    centroid: NDArray[np.float64] | None
    norm_mean: float | None
    norm_spread: float | None

    @property
    def refused_share(self) -> float:
        return self.refused / self.documents if self.documents else 0.0


def summarize(records: Iterable[DocumentRecord], index: str) -> Corpus:
    documents = refused = passages = vectors = norms = 0
    norm_sum = norm_sq_sum = 0.0
    vector_sum: NDArray[np.float64] = np.zeros(())
    for record in records:
        documents += 1
        refused += not record.is_served
        passages += record.passage_count
        if record.sums is None or record.sums.index != index:
            continue
        vector_sum = vector_sum + np.frombuffer(record.sums.vector_sum, np.float32)
        vectors += record.passage_count
        norms += record.sums.norm_count
        norm_sum += record.sums.norm_sum
        norm_sq_sum += record.sums.norm_sq_sum
    mean = norm_sum / norms if norms else None
    spread = math.sqrt(max(0.0, norm_sq_sum / norms - mean**2)) if mean is not None else None
    return Corpus(documents, refused, passages, vector_sum / vectors if vectors else None, mean, spread)


def judge_drift(
    before: Corpus, after: Corpus, lost_passages: int, steps: Sequence[tuple[int, int]]
) -> tuple[DriftFinding, ...]:
    """`lost_passages` are those of before that would not be there any more, by removal or change. `steps` are
    the passages before and after of the ingestions that changed something, in any order."""
    if before.passages < LEAST_PASSAGES:
        return ()
    # A library that keeps what it had and grows by something else may be about something else as a whole.
    only_grows = lost_passages <= LOSS_WARN * before.passages
    found = [
        _judge_count(before.passages, after.passages, steps),
        _judge_centroid(before, after, may_block=not only_grows),
        _judge_norms(before, after, may_block=not only_grows),
        _judge_refused(before, after),
    ]
    return tuple(finding for finding in found if finding is not None)


def _judge_count(before: int, after: int, steps: Sequence[tuple[int, int]]) -> DriftFinding | None:
    told = f"the library would go from {before:,} passages to {after:,}"
    if after == 0:
        return DriftFinding(Severity.BLOCK, f"{told}: nothing would be left")
    usual = [math.log(new / old) for old, new in steps if old and new]
    if len(usual) < LEAST_HISTORY:
        loss = 1 - after / before
        if loss > LOSS_WARN:
            return _finding(blocks=loss > LOSS_BLOCK, reason=f"{told}, a loss of {loss:.0%}")
        if after > GROWTH_WARN * before:
            return _finding(blocks=False, reason=f"{told}, more than {GROWTH_WARN:.0f} times as many")
        return None
    spread = max(float(np.std(usual)), LEAST_SPREAD)
    step = (math.log(after / before) - float(np.mean(usual))) / spread
    if abs(step) <= STEP_WARN:
        return None
    reason = f"{told}, {abs(step):.1f} standard deviations from how ingestions have changed it so far"
    return _finding(blocks=step < -STEP_BLOCK, reason=reason)


def _judge_centroid(before: Corpus, after: Corpus, *, may_block: bool) -> DriftFinding | None:
    if before.centroid is None or after.centroid is None:
        return None
    lengths = float(np.linalg.norm(before.centroid) * np.linalg.norm(after.centroid))
    distance = 1 - float(before.centroid @ after.centroid) / lengths if lengths else 0.0
    if distance <= CENTROID_WARN:
        return None
    reason = (
        f"what the documents are about would shift by {distance:.2f} (cosine distance of the mean vectors)"
    )
    return _finding(blocks=may_block and distance > CENTROID_BLOCK, reason=reason)


def _judge_norms(before: Corpus, after: Corpus, *, may_block: bool) -> DriftFinding | None:
    if before.norm_mean is None or before.norm_spread is None or after.norm_mean is None:
        return None
    spread = max(before.norm_spread, LEAST_NORM_SPREAD * before.norm_mean)
    shift = abs(after.norm_mean - before.norm_mean) / spread if spread else 0.0
    if shift <= NORM_WARN:
        return None
    reason = f"the vectors' lengths would shift by {shift:.1f} standard deviations, as with garbled text"
    return _finding(blocks=may_block and shift > NORM_BLOCK, reason=reason)


def _judge_refused(before: Corpus, after: Corpus) -> DriftFinding | None:
    rise = after.refused_share - before.refused_share
    if after.documents < LEAST_DOCUMENTS or rise <= REFUSED_WARN:
        return None
    reason = (
        f"{after.refused:,} of {after.documents:,} documents would be kept back; now {before.refused:,} are"
    )
    return _finding(blocks=rise > REFUSED_BLOCK, reason=reason)


def _finding(*, blocks: bool, reason: str) -> DriftFinding:
    return DriftFinding(Severity.BLOCK if blocks else Severity.WARN, reason)
