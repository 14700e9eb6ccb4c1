"""What is asked of whatever finds personal data in a text."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PiiKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    CREDIT_CARD = "credit_card"
    IBAN = "iban"
    SSN = "ssn"
    IP_ADDRESS = "ip_address"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """`start` and `end` count characters; `score` is how sure the finder is, from 0 to 1."""

    kind: PiiKind
    start: int
    end: int
    score: float


class PiiDetector(Protocol):
    def find(self, text: str) -> list[PiiSpan]:
        """In reading order; no two overlap."""
        ...
