"""Reads labelled texts for the measuring of triage: CSV with a text and its label, JSONL with its intent."""

import csv
import json
from pathlib import Path
from typing import TextIO

from knowledge.classifier.labels import OUT_OF_SCOPE, Example
from ledger.errors import InvalidInput

_LABELS = ("label", "category")
_STRANGE = "oos"


def read_labelled(path: Path) -> list[Example]:
    """Raises InvalidInput."""
    with _opened(path) as file:
        reader = csv.DictReader(file)
        label = next((name for name in _LABELS if name in (reader.fieldnames or ())), None)
        if label is None or "text" not in (reader.fieldnames or ()):
            raise InvalidInput(f"{path}: the columns 'text' and 'label' are needed.")
        return [Example(row["text"] or "", row[label] or "") for row in reader]


def read_intents(path: Path) -> list[Example]:
    """Lines with `text` and `intent`, as clinc150 has them; the intent `oos` is out of scope. Raises
    InvalidInput."""
    with _opened(path) as file:
        try:
            rows = [json.loads(line) for line in file if line.strip()]
            examples = [Example(row["text"], row["intent"]) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{path}: each line has to be JSON with 'text' and 'intent'.") from error
    if not any(example.label == _STRANGE for example in examples):
        raise InvalidInput(f"{path}: no line has the intent '{_STRANGE}', so there is nothing to turn away.")
    return [
        Example(example.text, OUT_OF_SCOPE if example.label == _STRANGE else example.label)
        for example in examples
    ]


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise InvalidInput(f"{path}: it cannot be read ({error.strerror}).") from error
