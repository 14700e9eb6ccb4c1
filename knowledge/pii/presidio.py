"""Finds personal data. (A stand-in with the signature of the real one.)"""

from knowledge.pii.port import PiiDetector, PiiSpan


class _Nothing:
    def find(self, text: str) -> list[PiiSpan]:
        return []


def open_detector() -> PiiDetector:
    return _Nothing()
