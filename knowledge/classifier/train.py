"""Fits a classifier to labelled examples, and everything about it that has to be measured on examples the
model was not shown: how much embeddings weigh, how sharp its probabilities are, and where its scope ends.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from knowledge.classifier.features import Numbers, fit_features, with_meaning
from knowledge.classifier.labels import OUT_OF_SCOPE, Example
from knowledge.classifier.model import Classifier, probabilities, scope_scores
from knowledge.embedding import Matrix
from ledger.errors import InvalidInput

_FOLDS = 5
# Words matter most to long tickets in jargon, meaning to short questions in plain language; which it is, the
# examples tell.
_MEANINGS = (0.7, 1.5, 3.0)
# A heavier weight has to earn its place.
_NOTICEABLE = 0.005
_SLACK = 0.3
# The share of known requests that may be taken for strangers where no example of a stranger is given.
_TURNED_AWAY = 0.05
_SHARPNESS = (0.1, 100.0)

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Fold:
    """The examples held out of a fit and those it is made of: their places, and their words and letters."""

    shown: Places
    held_out: Places
    shown_rows: sparse.csr_matrix
    held_out_rows: sparse.csr_matrix


def train_classifier(examples: Sequence[Example], vectors: Matrix) -> Classifier:
    """`vectors` are the examples' embeddings, a row each. The same examples always give the same classifier.
    Raises InvalidInput where there is too little to learn from."""
    inside = np.array([example.label != OUT_OF_SCOPE for example in examples], dtype=bool)
    known = [example for example, is_in in zip(examples, inside, strict=True) if is_in]
    labels = _labels_of(known)
    texts = [example.text for example in known]
    y = np.array([labels.index(example.label) for example in known])
    mine: Matrix = vectors[inside]
    folds = _folds(texts, y)
    meaning, held_out = _best_meaning(folds, mine, y)
    features = fit_features(texts)
    coefficients, intercepts = _fit(with_meaning(features.rows(texts), mine, meaning), y)
    fitted = Classifier(
        labels=labels,
        features=features,
        coefficients=coefficients,
        intercepts=intercepts,
        meaning=meaning,
        sharpness=_sharpness(held_out, y),
        known=mine,
        scope_from=-np.inf,
        macro_f1=_macro_f1(held_out, y),
    )
    strangers = [example.text for example, is_in in zip(examples, inside, strict=True) if not is_in]
    return _with_scope(fitted, folds, held_out, strangers, vectors[~inside])


def _labels_of(known: Sequence[Example]) -> tuple[str, ...]:
    counts = Counter(example.label for example in known)
    if len(counts) < 2:
        raise InvalidInput("There have to be examples of at least two categories to learn from.")
    for label, count in sorted(counts.items()):
        if count < 2:
            raise InvalidInput(f"The category '{label}' has one example only; give it two at the least.")
    return tuple(sorted(counts))


def _folds(texts: Sequence[str], y: Places) -> list[_Fold]:
    count = min(_FOLDS, int(np.bincount(y).min()))
    cut = StratifiedKFold(count, shuffle=True, random_state=0)
    return [_fold(texts, shown, held_out) for shown, held_out in cut.split(np.zeros(len(y)), y)]


def _fold(texts: Sequence[str], shown: Places, held_out: Places) -> _Fold:
    told, asked = ([texts[place] for place in places] for places in (shown, held_out))
    features = fit_features(told)
    return _Fold(shown, held_out, features.rows(told), features.rows(asked))


def _best_meaning(folds: Sequence[_Fold], vectors: Matrix, y: Places) -> tuple[float, Numbers]:
    """With the margins of every example by a model that was not shown it."""
    best = _MEANINGS[0]
    held_out = _held_out(folds, vectors, y, best)
    for meaning in _MEANINGS[1:]:
        margins = _held_out(folds, vectors, y, meaning)
        if _macro_f1(margins, y) > _macro_f1(held_out, y) + _NOTICEABLE:
            best, held_out = meaning, margins
    return best, held_out


def _held_out(folds: Sequence[_Fold], vectors: Matrix, y: Places, meaning: float) -> Numbers:
    margins = np.zeros((len(y), int(y.max()) + 1))
    for fold in folds:
        shown = with_meaning(fold.shown_rows, vectors[fold.shown], meaning)
        asked = with_meaning(fold.held_out_rows, vectors[fold.held_out], meaning)
        coefficients, intercepts = _fit(shown, y[fold.shown])
        margins[fold.held_out] = asked @ coefficients.T + intercepts
    return margins


def _fit(rows: sparse.csr_matrix, y: Places) -> tuple[NDArray[np.float32], Numbers]:
    svm = LinearSVC(C=_SLACK, random_state=0).fit(rows, y)
    coefficients, intercepts = svm.coef_, svm.intercept_
    if len(coefficients) == 1:
        # Of two categories scikit-learn keeps the second one's side only.
        coefficients, intercepts = (np.concatenate([-side, side]) for side in (coefficients, intercepts))
    return coefficients.astype(np.float32), intercepts


def _sharpness(held_out: Numbers, y: Places) -> float:
    """Temperature scaling (Guo et al. 2017): the one number that makes the right answers likeliest. As with
    Platt (1999), a category of n examples that are all right is taken to be right in n + 1 of n + 2 cases, or
    a handful of easy ones would make it certain of everything."""
    doubt = 1 / (len(y) / held_out.shape[1] + 2)
    truth = np.full(held_out.shape, doubt / (held_out.shape[1] - 1))
    truth[np.arange(len(y)), y] = 1 - doubt

    def surprise(logarithm: float) -> float:
        said = np.maximum(probabilities(held_out, float(np.exp(logarithm))), 1e-12)
        return float(-(truth * np.log(said)).sum(axis=1).mean())

    found = minimize_scalar(surprise, bounds=tuple(np.log(_SHARPNESS)), method="bounded")
    return float(np.exp(found.x))


def _macro_f1(margins: Numbers, y: Places) -> float:
    return float(f1_score(y, margins.argmax(axis=1), average="macro"))


def _with_scope(
    fitted: Classifier, folds: Sequence[_Fold], held_out: Numbers, strangers: Sequence[str], strange: Matrix
) -> Classifier:
    scores = np.zeros(len(held_out))
    for fold in folds:
        mine = fitted.known[fold.held_out]
        scores[fold.held_out] = scope_scores(held_out[fold.held_out], mine, fitted.known[fold.shown])
    if not strangers:
        return replace(fitted, scope_from=float(np.quantile(scores, _TURNED_AWAY)))
    foreign = scope_scores(fitted.margins(strangers, strange), strange, fitted.known)
    return replace(fitted, scope_from=_best_bar(scores, foreign))


def _best_bar(inside: Numbers, outside: Numbers) -> float:
    """Between two scores, where the share of each side that lies on its own side is the largest in sum."""
    scores = np.unique(np.concatenate([inside, outside]))
    bars = np.concatenate([[scores[0]], (scores[1:] + scores[:-1]) / 2])
    gains = [float((inside >= bar).mean() + (outside < bar).mean()) for bar in bars]
    return float(bars[int(np.argmax(gains))])
