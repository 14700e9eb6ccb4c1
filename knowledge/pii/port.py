"""What is asked of whatever finds personal data in a text."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class PiiKind(StrEnum):
    """`GOVERNMENT_ID` is a passport, driving licence, tax or health service number; `PERSON` and `LOCATION`
    are found only where a language model for names is installed."""

    EMAIL = "email"
    PHONE = "phone"
    CREDIT_CARD = "credit_card"
    IBAN = "iban"
    SSN = "ssn"
    IP_ADDRESS = "ip_address"
    CRYPTO_WALLET = "crypto_wallet"
    GOVERNMENT_ID = "government_id"
    PERSON = "person"
    LOCATION = "location"


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
