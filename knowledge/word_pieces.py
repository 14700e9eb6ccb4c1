"""Counts and cuts text in the embedder's word pieces, without loading the embedder."""

from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer


class WordPieces(Protocol):
    def count(self, text: str) -> int:
        """How many pieces the text has, the two marks around it not included."""
        ...

    def fit(self, text: str, limit: int) -> int:
        """How many leading characters make at most `limit` pieces."""
        ...


class ModelWordPieces:
    def __init__(self, model_folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def fit(self, text: str, limit: int) -> int:
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return len(text) if len(offsets) <= limit else int(offsets[limit][0])
