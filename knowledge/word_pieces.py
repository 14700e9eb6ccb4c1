"""Counts and cuts text in the embedder's word pieces, without loading the embedder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer


class WordPieces(Protocol):
    def count_each(self, texts: Sequence[str]) -> list[int]:
        """How many pieces each text has, the two marks around it not included."""
        ...

    def count(self, text: str) -> int:
        """As `count_each`, of one text."""
        ...

    def fit(self, text: str, limit: int) -> int:
        """How many leading characters make at most `limit` pieces."""
        ...


class ModelWordPieces:
    def __init__(self, model_folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count_each(self, texts: Sequence[str]) -> list[int]:
        return [len(found) for found in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def count(self, text: str) -> int:
        return self.count_each([text])[0]

    def fit(self, text: str, limit: int) -> int:
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return len(text) if len(offsets) <= limit else int(offsets[limit][0])
