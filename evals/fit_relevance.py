"""`python -m evals.fit_relevance DATA [WORKSPACE]`: fits the coefficients of relevance anew and prints them.

DATA is a folder with `retrieval/<data set>/` in the BEIR layout and `triage/clinc150_val.jsonl`. Only
coefficients leave here, as YAML, and never a line of the data.
"""

import json
import random
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from evals.ask import DEFAULT_WORKSPACE
from evals.judged import JudgedQuestion, judge_retrieval, judge_workspace, open_retrieval, open_workspace
from knowledge.relevance.features import Features
from knowledge.relevance.judge import judge
from knowledge.relevance.similarity import similarity_from
from ledger.log import configure_logging

VERSION = 1
# So many of the answers given may be wrong. The questions whose answer was taken away are left out here: they
# teach what a near miss is, but nobody asks only of what was just deleted.
RISK = 0.11
# No question that has an answer stays below it, and most of those from elsewhere do. It is low, since a
# language model searches with a few bare words, which score less than a question does.
TOO_THIN = 0.003
_FAR = 100
_FOLDS = 5

Matrix = NDArray[np.float64]


class Table:
    """One row for each passage of each question. All data sets weigh the same."""

    def __init__(self, judged: Sequence[JudgedQuestion], features: Sequence[Sequence[Features]]) -> None:
        pairs = [
            (at, item, row, yes)
            for at, (item, rows) in enumerate(zip(judged, features, strict=True))
            for row, yes in zip(rows, item.answers, strict=True)
        ]
        self.x: Matrix = np.array([astuple(row) for _, _, row, _ in pairs])
        self.y = np.array([yes for _, _, _, yes in pairs])
        self.question = np.array([at for at, _, _, _ in pairs])
        self.data_set = np.array([item.data_set for _, item, _, _ in pairs])
        self.removed = np.array([item.kind == "removed" for _, item, _, _ in pairs])
        # The same question stays in one fold, with its answer and without it.
        self.text = np.array([item.text for _, item, _, _ in pairs])
        self.weight = _balanced(self.data_set)


def fit(table: Table, rows: NDArray[np.bool_]) -> tuple[Matrix, float]:
    """Coefficients and intercept of a logistic regression on these rows."""
    spread = table.x[rows].std(axis=0)
    model = LogisticRegression(max_iter=2000)
    model.fit(table.x[rows] / spread, table.y[rows], sample_weight=table.weight[rows])
    return model.coef_[0] / spread, float(model.intercept_[0])


def shown(table: Table, logits: Matrix) -> NDArray[np.int_]:
    """The row of each question's best passage: the one that would be quoted."""
    best = [np.flatnonzero(table.question == at) for at in np.unique(table.question)]
    return np.array([rows[np.argmax(logits[rows])] for rows in best])


def left_out(table: Table) -> dict[str, float]:
    """How well answers are told from the rest on each data set by coefficients fitted on the others."""
    found = {}
    for name in sorted(set(table.data_set)):
        test = table.data_set == name
        weights, intercept = fit(table, ~test)
        logits = table.x @ weights + intercept
        best = [row for row in shown(table, logits) if test[row]]
        found[str(name)] = round(float(roc_auc_score(table.y[best], logits[best])), 3)
    return found


def calibrate(table: Table) -> tuple[float, float, float]:
    """Slope and shift that make the logit of the passage shown a probability (Platt), and the threshold at
    which the stated risk is kept; all by folds that were not fitted on."""
    logits = np.zeros(len(table.y))
    for train, test in GroupKFold(_FOLDS).split(table.x, groups=table.text):
        rows = np.zeros(len(table.y), bool)
        rows[train] = True
        weights, intercept = fit(table, rows)
        logits[test] = table.x[test] @ weights + intercept
    best = shown(table, logits)
    model = LogisticRegression(C=1e6)
    model.fit(logits[best, None], table.y[best], sample_weight=table.weight[best])
    asked = best[~table.removed[best]]
    chances = model.predict_proba(logits[asked, None])[:, 1]
    order = np.argsort(-chances)
    weight = _balanced(table.data_set[asked])[order]
    wrong = np.cumsum(weight * ~table.y[asked][order]) / np.cumsum(weight)
    kept = np.flatnonzero(wrong <= RISK)
    return float(model.coef_[0, 0]), float(model.intercept_[0]), float(chances[order][kept[-1]])


def _balanced(data_set: NDArray[np.str_]) -> Matrix:
    """Weights by which all data sets count the same."""
    weight = np.zeros(len(data_set))
    for name in set(data_set):
        weight[data_set == name] = len(data_set) / (data_set == name).sum()
    return weight


def collect(data: Path, workspace: Path) -> tuple[list[JudgedQuestion], list[list[Features]]]:
    """Every question with its hits, and the features of each hit."""
    chatter = [json.loads(line) for line in (data / "triage" / "clinc150_val.jsonl").read_text().splitlines()]
    outside = [row["text"] for row in chatter if row["intent"] == "oos"]
    random.Random(0).shuffle(outside)
    judged: list[JudgedQuestion] = []
    features: list[list[Features]] = []
    folders = sorted(path for path in (data / "retrieval").iterdir() if path.is_dir())
    for folder in [workspace, *folders]:
        opened = open_workspace(folder) if folder is workspace else open_retrieval(folder)
        with opened as installation:
            ask = judge_workspace if folder is workspace else judge_retrieval
            mine = ask(folder, installation, outside[:_FAR])
            similarity = similarity_from(lambda: installation.library)
            features += [
                [item.features for item in judge(question.text, question.candidates, similarity)]
                for question in mine
            ]
            judged += mine
    return judged, features


def fitted(judged: Sequence[JudgedQuestion], features: Sequence[Sequence[Features]]) -> dict[str, Any]:
    """What `coefficients.yaml` holds."""
    table = Table(judged, features)
    weights, intercept = fit(table, np.ones(len(table.y), bool))
    slope, shift, answers = calibrate(table)
    sizes = {name: sum(item.data_set == name for item in judged) for name in sorted(set(table.data_set))}
    names = [field.name for field in fields(Features)]
    return {
        "version": VERSION,
        "intercept": round(slope * intercept + shift, 4),
        **{name: round(slope * float(weight), 4) for name, weight in zip(names, weights, strict=True)},
        "answers": round(answers, 3),
        "too_thin": TOO_THIN,
        "provenance": {
            "fitted_on": datetime.now(UTC).date().isoformat(),
            "data": [f"{name}: {size} questions" for name, size in sizes.items()],
            "questions": len(judged),
            "passages": len(table.y),
            "risk": RISK,
            "auc_left_out": left_out(table),
        },
    }


def main(arguments: list[str]) -> int:
    configure_logging("ERROR", "console")
    workspace = Path(arguments[1]) if len(arguments) > 1 else DEFAULT_WORKSPACE
    coefficients = fitted(*collect(Path(arguments[0]), workspace))
    sys.stdout.write(yaml.safe_dump(coefficients, sort_keys=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
