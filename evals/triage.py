"""`python -m evals.triage TRAIN.csv [TEST.csv] [--out-of-scope FILE.jsonl] [--out FOLDER]`: how well triage
classifies.

Without TEST.csv, or with the same file again, TRAIN.csv is cross-validated, three times over. Beside our
classifier stands a linear SVM over TF-IDF, on the same rows; the exit status is 1 if ours is not as good.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from evals.abstention import Shown
from evals.labelled_rows import read_intents, read_labelled
from evals.triage_report import draw_reliability, report, report_scope
from knowledge.classifier.labels import OUT_OF_SCOPE, Example
from knowledge.classifier.train import train_classifier
from knowledge.embedding import Embedder, Matrix, open_embedder
from ledger.errors import CrewdeskError, InvalidInput
from ledger.log import configure_logging

FOLDS, REPEATS = 5, 3
# An outer fold of 150 intents costs half a minute.
_SCOPE_FOLDS = 3

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said of rows that were not trained on: ours, how sure, and what the baseline says."""

    truth: tuple[str, ...]
    ours: tuple[str, ...]
    probabilities: tuple[float, ...]
    baseline: tuple[str, ...]

    def macro_f1(self) -> tuple[float, float]:
        """Ours and the baseline's."""
        ours, baseline = (
            float(f1_score(self.truth, said, average="macro", zero_division=0.0))
            for said in (self.ours, self.baseline)
        )
        return ours, baseline

    @property
    def shown(self) -> list[Shown]:
        pairs = zip(self.ours, self.truth, self.probabilities, strict=True)
        return [Shown(probability, said == truth, has_answer=True) for said, truth, probability in pairs]


@dataclass(frozen=True, slots=True)
class Scope:
    """Of held-out rows: scope scores, whether the classifier's own bar let each in, and for those of a
    category whether it was the right one."""

    inside: tuple[float, ...]
    outside: tuple[float, ...]
    inside_kept: tuple[bool, ...]
    outside_kept: tuple[bool, ...]
    right: tuple[bool, ...]

    @property
    def auroc(self) -> float:
        is_inside = [1] * len(self.inside) + [0] * len(self.outside)
        return float(roc_auc_score(is_inside, [*self.inside, *self.outside]))

    @property
    def fpr_at_95(self) -> float:
        """Share of strangers let in by the bar that lets 95 in 100 known ones in."""
        bar = float(np.quantile(self.inside, 0.05))
        return float(np.mean([score >= bar for score in self.outside]))

    @property
    def decided_right(self) -> float:
        """Share of known requests that were let in and given the right category."""
        return float(
            np.mean([kept and right for kept, right in zip(self.inside_kept, self.right, strict=True)])
        )


def answer(train: Sequence[Example], known: Matrix, test: Sequence[Example], asked: Matrix) -> Answers:
    """Raises InvalidInput."""
    unknown = sorted({example.label for example in test} - {example.label for example in train})
    if unknown:
        raise InvalidInput(f"The category '{unknown[0]}' is in the test rows, but in no training row.")
    texts = [example.text for example in test]
    found = train_classifier(train, known).classify(texts, asked)
    words = TfidfVectorizer()
    svm = LinearSVC(random_state=0)
    svm.fit(words.fit_transform([example.text for example in train]), [example.label for example in train])
    return Answers(
        truth=tuple(example.label for example in test),
        ours=tuple(item.best.label for item in found),
        probabilities=tuple(item.best.probability for item in found),
        baseline=tuple(str(label) for label in svm.predict(words.transform(texts))),
    )


def cross_validate(
    rows: Sequence[Example], vectors: Matrix, *, folds: int = FOLDS, repeats: int = REPEATS
) -> list[Answers]:
    """One for each fold of each repeat."""
    return [
        answer([rows[at] for at in shown], vectors[shown], [rows[at] for at in held_out], vectors[held_out])
        for repeat in range(repeats)
        for shown, held_out in _folds(rows, folds, seed=repeat)
    ]


def measure_scope(rows: Sequence[Example], vectors: Matrix, *, folds: int = _SCOPE_FOLDS) -> Scope:
    """Trained on rows of known categories alone: no stranger is shown before it is met."""
    strange = np.array([example.label == OUT_OF_SCOPE for example in rows])
    known = [example for example in rows if example.label != OUT_OF_SCOPE]
    foreign = [example.text for example in rows if example.label == OUT_OF_SCOPE]
    mine, theirs = vectors[~strange], vectors[strange]
    inside, outside, right = [], [], []
    for shown, held_out in _folds(known, folds, seed=0):
        fitted = train_classifier([known[at] for at in shown], mine[shown])
        asked = [known[at] for at in held_out]
        said = fitted.classify([example.text for example in asked], mine[held_out])
        inside += said
        right += [item.best.label == example.label for item, example in zip(said, asked, strict=True)]
        outside += fitted.classify(foreign, theirs)
    return Scope(
        inside=tuple(item.scope for item in inside),
        outside=tuple(item.scope for item in outside),
        inside_kept=tuple(item.in_scope for item in inside),
        outside_kept=tuple(item.in_scope for item in outside),
        right=tuple(right),
    )


def pooled(answers: Sequence[Answers]) -> Answers:
    return Answers(
        *(
            tuple(item for one in answers for item in getattr(one, name))
            for name in ("truth", "ours", "probabilities", "baseline")
        )
    )


def _folds(rows: Sequence[Example], folds: int, seed: int) -> list[tuple[Places, Places]]:
    labels = [example.label for example in rows]
    smallest = min(map(labels.count, set(labels)), default=0)
    if smallest < 2 * folds:
        raise InvalidInput(f"To cross-validate, each category needs {2 * folds} rows; one has {smallest}.")
    return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels))


def _embed(embedder: Embedder, rows: Sequence[Example]) -> Matrix:
    return embedder.embed_passages([example.text for example in rows], lambda _done: None).vectors


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.triage")
    parser.add_argument("train", type=Path, help="labelled rows: CSV with the columns text and label")
    parser.add_argument(
        "test", type=Path, nargs="?", help="other rows; without them, TRAIN is cross-validated"
    )
    parser.add_argument(
        "--out-of-scope", type=Path, metavar="FILE", help="JSONL with text and intent, some oos"
    )
    parser.add_argument("--out", type=Path, default=Path("var/evals"), help="where the picture goes")
    given = parser.parse_args(arguments)
    configure_logging("ERROR", "console")
    try:
        return _measure(given.train, given.test, given.out_of_scope, given.out)
    except CrewdeskError as error:
        print(error, file=sys.stderr)
        return 2


def _measure(train: Path, test: Path | None, strange: Path | None, out: Path) -> int:
    rows = read_labelled(train)
    other = read_labelled(test) if test and test.resolve() != train.resolve() else None
    intents = read_intents(strange) if strange else None
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as models:
        embedder = open_embedder(Path(models))
        vectors = _embed(embedder, rows)
        answers = (
            cross_validate(rows, vectors)
            if other is None
            else [answer(rows, vectors, other, _embed(embedder, other))]
        )
        passed = report(answers, pooled(answers), console)
        if intents:
            report_scope(measure_scope(intents, _embed(embedder, intents)), console)
    picture = out / "triage-reliability.png"
    draw_reliability(pooled(answers).shown, picture)
    console.print(f"The reliability curve is in {picture.resolve()}", highlight=False, soft_wrap=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
