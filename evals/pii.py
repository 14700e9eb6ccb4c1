"""`python -m evals.pii FILE`: how much of the personal data in an annotated file the detector finds.

The leak rate is the share of the characters of structured personal data (mail addresses, phone, card and
account numbers, SSN, IP addresses) that would stay visible after masking, by whatever kind they were taken
for. Exit status 1 if it is above 2 %. Names, addresses and dates are reported, and not judged: without a
language model they are not looked for.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from knowledge.pii.port import PiiDetector, PiiKind, PiiSpan
from knowledge.pii.presidio import open_detector

MAX_LEAK_RATE = 0.02

STRUCTURED = {
    "EMAIL_ADDRESS": PiiKind.EMAIL,
    "PHONE_NUMBER": PiiKind.PHONE,
    "CREDIT_CARD": PiiKind.CREDIT_CARD,
    "IBAN_CODE": PiiKind.IBAN,
    "US_SSN": PiiKind.SSN,
    "IP_ADDRESS": PiiKind.IP_ADDRESS,
}
_BY_FORM = {"US_DRIVER_LICENSE": PiiKind.GOVERNMENT_ID}
_BY_MODEL = {"PERSON": PiiKind.PERSON, "GPE": PiiKind.LOCATION}
KINDS = {**STRUCTURED, **_BY_FORM, **_BY_MODEL}


class Marked(BaseModel):
    """Where personal data stands, as the file says: `start` and `end` count characters."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    start: int
    end: int


class MarkedText(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str
    spans: tuple[Marked, ...]


@dataclass(slots=True)
class TypeScore:
    """`found`: spans hidden whole; characters are those of all spans of the type."""

    spans: int = 0
    found: int = 0
    chars: int = 0
    visible: int = 0


@dataclass(slots=True)
class KindScore:
    """`right`: detected spans that touch a marked one this kind is meant for."""

    detected: int = 0
    right: int = 0


@dataclass(slots=True)
class Score:
    types: dict[str, TypeScore] = field(default_factory=dict)
    kinds: dict[PiiKind, KindScore] = field(default_factory=dict)
    chars: int = 0
    over_masked: int = 0
    misses: list[str] = field(default_factory=list)

    @property
    def leak_rate(self) -> float:
        structured = [score for name, score in self.types.items() if name in STRUCTURED]
        chars = sum(score.chars for score in structured)
        return sum(score.visible for score in structured) / chars if chars else 0.0


def read_marked(path: Path) -> list[MarkedText]:
    """One JSON object a line. Raises ValueError, pydantic's ValidationError among them, and OSError."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [MarkedText.model_validate_json(line) for line in lines if line.strip()]


def score_detector(detector: PiiDetector, texts: Iterable[MarkedText]) -> Score:
    score = Score()
    for item in texts:
        _add(score, item, detector.find(item.text))
    return score


def _add(score: Score, item: MarkedText, detected: Sequence[PiiSpan]) -> None:
    hidden = {place for span in detected for place in range(span.start, span.end)}
    for marked in item.spans:
        places = range(marked.start, marked.end)
        visible = sum(place not in hidden for place in places)
        of_type = score.types.setdefault(marked.type, TypeScore())
        of_type.spans += 1
        of_type.found += visible == 0
        of_type.chars += len(places)
        of_type.visible += visible
        if visible and marked.type in STRUCTURED:
            around = item.text[max(0, marked.start - 30) : marked.end + 10]
            score.misses.append(f"{marked.type}: {around!r}")
    for span in detected:
        of_kind = score.kinds.setdefault(span.kind, KindScore())
        of_kind.detected += 1
        of_kind.right += any(
            KINDS.get(marked.type) is span.kind and marked.start < span.end and span.start < marked.end
            for marked in item.spans
        )
    all_marked = {place for marked in item.spans for place in range(marked.start, marked.end)}
    score.chars += len(item.text)
    score.over_masked += len(hidden - all_marked)


def print_score(console: Console, score: Score) -> None:
    table = Table("type", "our kind", "spans", "hidden whole", "recall", "precision of the kind", "visible")
    for column in table.columns[2:]:
        column.justify = "right"
    for name in sorted(score.types, key=lambda name: (name not in STRUCTURED, name not in KINDS, name)):
        of_type, kind = score.types[name], KINDS.get(name)
        table.add_row(
            name,
            kind or "not looked for",
            str(of_type.spans),
            str(of_type.found),
            f"{of_type.found / of_type.spans:.1%}",
            _precision(score, kind),
            f"{of_type.visible / of_type.chars:.1%}" if of_type.chars else "-",
        )
    console.print(table)
    for miss in score.misses:
        console.print(f"still visible: {miss}", highlight=False, markup=False)
    console.print(f"Masked though nobody marked it: {score.over_masked:,} of {score.chars:,} characters.")
    verdict = "within" if score.leak_rate <= MAX_LEAK_RATE else "above"
    console.print(f"Leak rate of structured data: {score.leak_rate:.2%}, {verdict} {MAX_LEAK_RATE:.0%}.")


def _precision(score: Score, kind: PiiKind | None) -> str:
    of_kind = score.kinds.get(kind) if kind is not None else None
    return "-" if of_kind is None else f"{of_kind.right / of_kind.detected:.1%}"


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m evals.pii FILE", file=sys.stderr)
        return 2
    try:
        texts = read_marked(Path(arguments[0]))
    except (OSError, ValueError) as error:
        print(
            f"{arguments[0]} cannot be read as annotated text, one JSON object a line: {error}",
            file=sys.stderr,
        )
        return 2
    score = score_detector(open_detector(), texts)
    print_score(Console(width=110), score)
    return 0 if score.leak_rate <= MAX_LEAK_RATE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
