"""Puts tokens in place of personal data in everything a run sends, records or leaves behind.

A value keeps its token through all steps of the run, wherever it stands. Masking what is masked already
changes nothing.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from knowledge.pii.detector import without_overlaps
from knowledge.pii.port import PiiDetector, PiiKind, PiiSpan
from ledger.db import Database
from ledger.pii_tokens import PersonalValue, assign_tokens, list_tokens, reveal_in, tokens_in_text

# Stands for text that only looks like a token, so that a document cannot have another's value shown in it.
_LOOKALIKE = "literal"
# A figure as JSON has it, whose digits a detector takes for a phone number where nothing stands beside it.
_FIGURE = re.compile(r"[+-]?(?:0|[1-9]\d*)\.\d{1,4}")
_BEGIN_FIGURE = frozenset("+-0123456789")
# Shorter ones may be part of anything.
_FEWEST_CHARS = 6


class RunMask:
    """One run's tokens, as one attempt of a step needs them. Safe to share between threads."""

    def __init__(
        self,
        db: Database,
        run_id: str,
        detector: Callable[[], PiiDetector],
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        """`tokens` are those the run has; looked up when they are needed if nobody knows."""
        self._db = db
        self._run_id = run_id
        self._detector = detector
        self._tokens = None if tokens is None else _by_value(tokens)
        # Prompts repeat most of their text from call to call.
        self._masked: dict[str, str] = {}
        self._lock = threading.Lock()

    def fresh(self, text: str) -> str:
        """Masks text that comes from outside: what looks like a token in it is none of ours."""
        fakes = {fake: PersonalValue(_LOOKALIKE, fake) for fake in sorted(tokens_in_text(text))}
        if fakes:
            tokens = self._tokens_for(list(fakes.values()))
            text = re.sub("|".join(map(re.escape, fakes)), lambda match: tokens[fakes[match[0]]], text)
        return self.text(text)

    def fresh_data(self, value: Any) -> Any:
        """The same for every string in JSON data."""
        return _with_each_text(value, self.fresh)

    def text(self, text: str) -> str:
        # Read once: whoever finds new values puts another in its place, and this goes with what was masked
        # without them.
        remembered = self._masked
        masked = remembered.get(text)
        if masked is None:
            masked = remembered[text] = self._mask(text)
        return masked

    def data(self, value: Any) -> Any:
        """The same JSON data with every string in it masked, but for figures: what comes from outside went
        through `fresh` before."""
        return _with_each_text(value, self.datum)

    def datum(self, text: str) -> str:
        """One string of such data."""
        return text if text[:1] in _BEGIN_FIGURE and _FIGURE.fullmatch(text) else self.text(text)

    def reveal(self, data: Any) -> Any:
        """The way back, for tools that only read: they look within the asker's own rights."""
        return reveal_in(data, list_tokens(self._db, self._run_id)) if _has_token(data) else data

    def _mask(self, text: str) -> str:
        found = [*self._detector().find(text), *self._known_in(text)]
        if not found:
            return text
        spans = without_overlaps(found)
        values = [PersonalValue(span.kind, text[span.start : span.end]) for span in spans]
        tokens = self._tokens_for(values)
        masked, end = "", 0
        for span, value in zip(spans, values, strict=True):
            masked += text[end : span.start] + tokens[value]
            end = span.end
        return masked + text[end:]

    def _known_in(self, text: str) -> list[PiiSpan]:
        """Values met before, also where nothing around them gives them away."""
        return [
            PiiSpan(PiiKind(value.kind), match.start(), match.end(), 1.0)
            for value in self._known()
            if value.kind != _LOOKALIKE and len(value.value) >= _FEWEST_CHARS and value.value in text
            for match in re.finditer(rf"(?<!\w){re.escape(value.value)}(?!\w)", text)
        ]

    def _known(self) -> list[PersonalValue]:
        with self._lock:
            if self._tokens is None:
                self._tokens = _by_value(list_tokens(self._db, self._run_id))
            return list(self._tokens)

    def _tokens_for(self, values: list[PersonalValue]) -> dict[PersonalValue, str]:
        self._known()
        with self._lock:
            assert self._tokens is not None
            new = [value for value in values if value not in self._tokens]
            if new:
                self._tokens.update(assign_tokens(self._db, self._run_id, new))
                # What was masked without them may hold them.
                self._masked = {}
            return {value: self._tokens[value] for value in values}


def _with_each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): _with_each_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_each_text(item, change) for item in value]
    return value


def _has_token(value: Any) -> bool:
    if isinstance(value, str):
        return bool(tokens_in_text(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(map(_has_token, parts))


def _by_value(tokens: Mapping[str, str]) -> dict[PersonalValue, str]:
    return {PersonalValue(_kind_of(token), value): token for token, value in tokens.items()}


def _kind_of(token: str) -> str:
    return token[1:].rpartition("_")[0].lower()
