"""Trained classifiers on disk, each under the hash of all that made it: a changed example makes another.

The file holds numbers and words only, and is read without running anything that stands in it.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import sklearn

from knowledge.classifier.features import restore_features, terms_of
from knowledge.classifier.labels import Example
from knowledge.classifier.model import Classifier
from knowledge.classifier.train import train_classifier
from knowledge.embedding import Matrix
from ledger.log import get_logger

_log = get_logger(__name__)

# Raised whenever the same examples would make another classifier than before.
_VERSION = 1
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)

Vectors = Callable[[Sequence[str]], Matrix]


def open_classifier(folder: Path, examples: Sequence[Example], model: str, vectors: Vectors) -> Classifier:
    """The one kept in `folder`, or else a new one that is kept from now on, in place of any before. `model`
    is the name of the embedding model behind `vectors`. Raises InvalidInput."""
    path = folder / f"{_key(examples, model)}.npz"
    if path.exists():
        try:
            return _read(path)
        except _UNREADABLE as error:
            _log.warning("classifier_unreadable", file=str(path), reason=str(error))
    trained = train_classifier(examples, vectors([example.text for example in examples]))
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, trained)
    for other in folder.glob("*.npz"):
        if other != path:
            other.unlink(missing_ok=True)
    _log.info("classifier_trained", examples=len(examples), macro_f1=round(trained.macro_f1, 3))
    return trained


def _key(examples: Sequence[Example], model: str) -> str:
    pairs = [[example.text, example.label] for example in examples]
    parts = json.dumps([_VERSION, sklearn.__version__, model, pairs])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _write(path: Path, made: Classifier) -> None:
    words = {
        "labels": list(made.labels),
        "words": terms_of(made.features.words),
        "letters": terms_of(made.features.letters),
        **{name: getattr(made, name) for name in ("meaning", "sharpness", "scope_from", "macro_f1")},
    }
    # Under its name only once it is whole: another process may look for it meanwhile.
    handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(
                file,
                about=np.frombuffer(json.dumps(words).encode(), np.uint8),
                word_weights=made.features.words.idf_,
                letter_weights=made.features.letters.idf_,
                coefficients=made.coefficients,
                intercepts=made.intercepts,
                known=made.known,
            )
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _read(path: Path) -> Classifier:
    # NumPy leaves a file open that it opened and cannot read.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        about = json.loads(kept["about"].tobytes())
        features = restore_features(
            about["words"], kept["word_weights"], about["letters"], kept["letter_weights"]
        )
        return Classifier(
            labels=tuple(about["labels"]),
            features=features,
            coefficients=kept["coefficients"],
            intercepts=kept["intercepts"],
            meaning=about["meaning"],
            sharpness=about["sharpness"],
            known=kept["known"],
            scope_from=about["scope_from"],
            macro_f1=about["macro_f1"],
        )
