"""Opens the detectors: Presidio's recognisers for what has check digits or a fixed form, our own for mail
addresses, cards and phones, where Presidio's miss too much.

`import presidio_analyzer` brings spaCy, torch and transformers along: 6 s and 360 MB in each worker, all for
language engines that find nothing without a model. Its recognisers alone take 0.5 s and 12 MB.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from knowledge.pii.card_numbers import find_card_numbers
from knowledge.pii.detector import PatternDetector, Recogniser
from knowledge.pii.email_addresses import find_email_addresses
from knowledge.pii.names import installed_names_model, open_names
from knowledge.pii.phone_numbers import find_phone_numbers
from knowledge.pii.port import PiiDetector, PiiKind, PiiSpan
from knowledge.pii.surroundings import is_named_otherwise, is_near

# What Presidio gives less has no check digits, and a form much else has too.
_SURE = 0.5
_BY_WORD = 0.8
_FEWEST_CHARS = 6

_LANGUAGE_ENGINES = (
    "presidio_analyzer.nlp_engine",
    "presidio_analyzer.predefined_recognizers.ner",
    "presidio_analyzer.predefined_recognizers.ner.gliner_recognizer",
    "presidio_analyzer.predefined_recognizers.ner.huggingface_ner_recognizer",
    "presidio_analyzer.predefined_recognizers.ner.medical_ner_recognizer",
)
_ASCII_CAPITALS = {small: small - 32 for small in range(ord("a"), ord("z") + 1)}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Use:
    """How a Presidio recogniser is used: `cue` are the words beside a number that make a weak find count;
    with `only_by_cue` also a strong one needs them. What has no `trace` in it is not looked at any closer,
    which takes fifty times as long."""

    name: str
    kind: PiiKind
    cue: str | None = None
    only_by_cue: bool = False
    trace: str | None = None


_USED = (
    _Use("IbanRecognizer", PiiKind.IBAN, trace=r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}"),
    _Use("IpRecognizer", PiiKind.IP_ADDRESS, trace=r"\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:"),
    _Use(
        "UsSsnRecognizer",
        PiiKind.SSN,
        r"social security|\bssn|\bsoc(?:ial)? sec",
        trace=r"\d{3}[- .]?\d{2}[- .]?\d{4}",
    ),
    _Use("CryptoRecognizer", PiiKind.CRYPTO_WALLET, trace=r"(?:[Bb][Cc]1|[13])[A-Za-z0-9]{25}"),
    _Use(
        "UsItinRecognizer",
        PiiKind.GOVERNMENT_ID,
        r"\bitin\b|taxpayer",
        only_by_cue=True,
        trace=r"9\d\d[- ]?\d\d[- ]?\d{4}",
    ),
    _Use("UsPassportRecognizer", PiiKind.GOVERNMENT_ID, r"passport", only_by_cue=True),
    _Use("UsLicenseRecognizer", PiiKind.GOVERNMENT_ID, r"driv\w*['’]?s? licen[cs]e", only_by_cue=True),
    _Use(
        "NhsRecognizer",
        PiiKind.GOVERNMENT_ID,
        r"\bnhs\b|national health",
        only_by_cue=True,
        trace=r"\d{3}[- ]?\d{3}[- ]?\d{4}",
    ),
    _Use(
        "UkNinoRecognizer",
        PiiKind.GOVERNMENT_ID,
        r"national insurance|\bnino\b",
        only_by_cue=True,
        trace=r"\d\d ?\d\d ?\d\d",
    ),
)


def open_detector() -> PiiDetector:
    """The one of this process; finds names too where a spaCy model for English is installed."""
    with _lock:
        return _detector()


def open_pattern_detector() -> PiiDetector:
    """The one of this process for what has a form: everything but names and places, model or no model."""
    with _lock:
        return _pattern_detector()


@cache
def _detector() -> PiiDetector:
    model = installed_names_model()
    if model is None:
        return _pattern_detector()
    return PatternDetector((*_recognisers(), open_names(model)))


@cache
def _pattern_detector() -> PiiDetector:
    return PatternDetector(_recognisers())


@cache
def _recognisers() -> tuple[Recogniser, ...]:
    with _without_language_engines():
        from presidio_analyzer import predefined_recognizers
    # It would write what it could not check into our log.
    logging.getLogger("presidio-analyzer").disabled = True
    presidio = (_adapted(getattr(predefined_recognizers, use.name)(), use) for use in _USED)
    return (find_email_addresses, find_card_numbers, find_phone_numbers, *presidio)


def _adapted(recogniser: Any, use: _Use) -> Recogniser:
    entities = list(recogniser.supported_entities)
    cue = None if use.cue is None else re.compile(use.cue, re.IGNORECASE)
    trace = None if use.trace is None else re.compile(use.trace)

    def find(text: str) -> Iterator[PiiSpan]:
        if trace is not None and trace.search(text) is None:
            return
        if use.only_by_cue and cue is not None and cue.search(text) is None:
            return
        # An IBAN is looked for in capitals only; a wallet's letters are not the same in capitals.
        looked_at = text.translate(_ASCII_CAPITALS) if use.kind is PiiKind.IBAN else text
        for result in recogniser.analyze(looked_at, entities):
            start, end, score = result.start, result.end, float(result.score)
            by_cue = cue is not None and is_near(cue, text, start, end)
            if not by_cue and (score < _SURE or use.only_by_cue):
                continue
            is_version = use.kind is PiiKind.IP_ADDRESS and is_named_otherwise(text, start)
            if end - start >= _FEWEST_CHARS and not is_version:
                yield PiiSpan(use.kind, start, end, max(score, _BY_WORD) if by_cue else score)

    return find


@contextmanager
def _without_language_engines() -> Iterator[None]:
    """Hollow modules stand in for Presidio's language engines while it is imported."""
    hollow = [name for name in _LANGUAGE_ENGINES if name not in sys.modules]
    for name in hollow:
        module = ModuleType(name)
        module.__path__ = []
        module.__getattr__ = _hollow_class  # type: ignore[method-assign]
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in hollow:
            del sys.modules[name]


def _hollow_class(name: str) -> type:
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})
