"""`python -m evals.grounding [--fit DATA] [WORKSPACE]`: what the claim check catches, and what it wrongly
leaves out.

The claims are those of `evals/claims.py`: in other words than their documents (the workspace's
`claims.yaml`), word for word, and corrupted. Each is held against the passage that is said to bear it out.
With `--fit` the coefficients of semantic support are fitted anew and printed as YAML instead, on the same
cases and on people's own paraphrases in DATA, a folder with `retrieval/stackfaq` in the BEIR layout.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from crews.grounding.check import Grounds, doubts, objection, source_of
from crews.grounding.support import Source, measure_support
from evals.ask import DEFAULT_WORKSPACE
from evals.claims import Case, Kind, collect_cases
from evals.judged import judge_retrieval, open_retrieval, open_workspace
from knowledge.relevance.similarity import Similarity, similarity_from
from ledger.log import configure_logging
from ledger.result import Claim

VERSION = 1
# So many of the claims that hold may be left out, and so many be noted, for semantic support alone.
DROPPED_WRONGLY, FLAGGED_WRONGLY = 0.01, 0.05
_FOLDS = 5
_USAGE = "Usage: python -m evals.grounding [--fit DATA] [WORKSPACE]"

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Verdict:
    case: Case
    reason: str | None
    is_flagged: bool


def judge_cases(cases: Sequence[Case], similarity: Similarity) -> list[Verdict]:
    grounds = Grounds(similarity=similarity)
    return [_judge(case, grounds) for case in cases]


def _judge(case: Case, grounds: Grounds) -> Verdict:
    claim = Claim(text=case.text, evidence=(case.passage.label,))
    evidence = {case.passage.label: case.passage}
    reason = objection(claim, evidence, grounds)
    return Verdict(case, reason, reason is None and bool(doubts([claim], evidence, grounds)))


def precision_and_recall(verdicts: Sequence[Verdict], *, noted_too: bool) -> tuple[float, float]:
    """Of finding what does not hold."""
    found = [v for v in verdicts if v.reason is not None or (noted_too and v.is_flagged)]
    caught = sum(not verdict.case.holds for verdict in found)
    wrong = sum(not verdict.case.holds for verdict in verdicts)
    return caught / max(1, len(found)), caught / max(1, wrong)


def main(arguments: list[str]) -> int:
    data = Path(arguments[1]) if arguments[:1] == ["--fit"] and len(arguments) > 1 else None
    rest = arguments[2:] if data else arguments
    if len(rest) > 1 or rest[:1] == ["--fit"]:
        print(_USAGE, file=sys.stderr)
        return 2
    configure_logging("ERROR", "console")
    workspace = Path(rest[0]) if rest else DEFAULT_WORKSPACE
    with open_workspace(workspace) as installation:
        cases = collect_cases(installation, workspace)
        similarity = similarity_from(lambda: installation.library)
        if data is None:
            _report(judge_cases(cases, similarity))
            return 0
        rows = [(case.document, _features(case, similarity), case.holds) for case in _about_meaning(cases)]
    rows += _paraphrased(data / "retrieval" / "stackfaq")
    sys.stdout.write(yaml.safe_dump(fitted(rows), sort_keys=False))
    return 0


Row = tuple[str, tuple[float, ...], bool]


def _about_meaning(cases: Sequence[Case]) -> list[Case]:
    """What semantic support is to tell apart; the other corruptions change next to nothing of the meaning."""
    return [case for case in cases if case.kind in (Kind.PARAPHRASE, Kind.OTHER, Kind.NEAREST)]


def _features(case: Case, similarity: Similarity) -> tuple[float, ...]:
    return astuple(measure_support(case.text, [source_of(case.passage)], similarity))


def _paraphrased(folder: Path) -> list[Row]:
    """A question in somebody's own words is borne out by the entry it was made of, and not by the next."""
    rows: list[Row] = []
    with open_retrieval(folder) as installation:
        similarity = similarity_from(lambda: installation.library)
        for asked in judge_retrieval(folder, installation, ()):
            if asked.kind != "answerable" or not asked.has_answer:
                continue
            for wanted in (True, False):
                hit = next(
                    (hit for hit, yes in zip(asked.hits, asked.answers, strict=True) if yes is wanted), None
                )
                if hit is not None:
                    source = Source(hit.title, f"{hit.title}\n{hit.text}")
                    rows.append(
                        (asked.text, astuple(measure_support(asked.text, [source], similarity)), wanted)
                    )
    return rows


def fitted(rows: Sequence[Row]) -> dict[str, object]:
    """What `support.yaml` holds."""
    groups = np.array([group for group, _, _ in rows])
    x = np.array([features for _, features, _ in rows])
    y = np.array([holds for _, _, holds in rows])
    chances = np.zeros(len(rows))
    for train, test in GroupKFold(_FOLDS).split(x, groups=groups):
        chances[test] = _fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    model = _fit(x, y)
    drops, flags = (float(np.quantile(chances[y], share)) for share in (DROPPED_WRONGLY, FLAGGED_WRONGLY))
    caught = float((chances[~y] < drops).mean())
    noted = float((chances[~y] < flags).mean())
    return {
        "version": VERSION,
        "intercept": round(float(model.intercept_[0]), 4),
        **{
            name: round(max(0.0, float(weight)), 4)
            for name, weight in zip(("closeness", "words", "words_of_best"), model.coef_[0], strict=True)
        },
        "drops": round(drops, 4),
        "flags": round(flags, 4),
        "provenance": [
            f"{int(y.sum())} claims that hold, {int((~y).sum())} that do not, in {_FOLDS} folds by document",
            f"area under the curve, left out: {roc_auc_score(y, chances):.3f}",
            f"of those that do not hold {caught:.2f} are left out and {noted:.2f} at least noted",
        ],
    }


def _fit(x: Matrix, y: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=10.0, max_iter=2000, class_weight="balanced").fit(x, y)


def _report(verdicts: Sequence[Verdict]) -> None:
    console = Console(width=150)
    by_kind: dict[Kind, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        by_kind[verdict.case.kind].append(verdict)
    table = Table("claims", "number", "left out", "noted", "let through", title="What the claim check does")
    for kind in Kind:
        group = by_kind[kind]
        dropped, noted = sum(v.reason is not None for v in group), sum(v.is_flagged for v in group)
        through = len(group) - dropped - noted
        shares = [f"{count} ({count / max(1, len(group)):.0%})" for count in (dropped, noted, through)]
        table.add_row(kind, str(len(group)), *shares)
    for verdict in verdicts:
        if verdict.case.holds and verdict.reason:
            console.print(
                f"left out, but holds: {verdict.case.text}  ({verdict.reason})", style="dim", markup=False
            )
    console.print(table)
    for says, noted_too in (("left out", False), ("left out or noted", True)):
        precision, recall = precision_and_recall(verdicts, noted_too=noted_too)
        console.print(f"{says}: precision {precision:.3f}, recall {recall:.3f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
