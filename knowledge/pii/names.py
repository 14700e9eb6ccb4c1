"""Names of people and places, where a spaCy model for English is installed. None is ever downloaded."""

import importlib.util
from collections.abc import Iterator
from typing import Any

from knowledge.pii.detector import Recogniser
from knowledge.pii.port import PiiKind, PiiSpan

_MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
_KINDS = {"PERSON": PiiKind.PERSON, "GPE": PiiKind.LOCATION, "LOC": PiiKind.LOCATION}
# Below every number that has a form: a model takes some of them for names.
_SCORE = 0.4


def installed_names_model() -> str | None:
    """The best one there is, by its package's name."""
    return next((name for name in _MODELS if importlib.util.find_spec(name) is not None), None)


def open_names(model: str) -> Recogniser:
    """Raises OSError if there is no such model."""
    import spacy

    return names_by(spacy.load(model, exclude=["parser", "lemmatizer", "attribute_ruler"]))


def names_by(pipeline: Any) -> Recogniser:
    """`pipeline` is a spaCy `Language` that marks entities."""

    def find(text: str) -> Iterator[PiiSpan]:
        for entity in pipeline(text).ents:
            kind = _KINDS.get(entity.label_)
            if kind is not None:
                yield PiiSpan(kind, entity.start_char, entity.end_char, _SCORE)

    return find
