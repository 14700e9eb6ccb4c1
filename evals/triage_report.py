"""The tables and the picture of `evals.triage`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support

from evals.abstention import Shown, calibration_error, reliability

if TYPE_CHECKING:
    from evals.triage import Answers, Scope

_BARS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def report(answers: Sequence["Answers"], pooled: "Answers", console: Console) -> bool:
    """Whether ours is at least as good as the baseline, on average over the folds."""
    scores = np.array([one.macro_f1() for one in answers])
    ours, baseline = scores.mean(axis=0)
    _categories(pooled, console)
    spread = scores.std(axis=0)
    how = f"mean and spread of {len(answers)} folds" if len(answers) > 1 else "of the test rows"
    console.print(f"Macro-F1, {how}:", style="bold", highlight=False)
    console.print(f"   ours                 {ours:.4f} ± {spread[0]:.4f}", highlight=False)
    console.print(f"   linear SVM on TF-IDF {baseline:.4f} ± {spread[1]:.4f}", highlight=False)
    if len(answers) > 1:
        ahead = int((scores[:, 0] >= scores[:, 1]).sum())
        console.print(f"   ours is at least as good in {ahead} of {len(answers)} folds", highlight=False)
    _calibration(pooled.shown, console)
    if ours < baseline:
        console.print(
            f"MISSED: ours is {baseline - ours:.4f} below the SVM", style="bold red", highlight=False
        )
    return bool(ours >= baseline)


def report_scope(scope: "Scope", console: Console) -> None:
    console.print("Out of scope, none of it shown in training:", style="bold", highlight=False)
    lines = (
        f"AUROC {scope.auroc:.4f}, FPR at 95 % TPR {scope.fpr_at_95:.4f}",
        f"at its own bar: {1 - np.mean(scope.outside_kept):.3f} of the strangers turned away, "
        f"{np.mean(scope.inside_kept):.3f} of the known let in",
        f"in-scope accuracy {np.mean(scope.right):.4f}; let in and right {scope.decided_right:.4f}",
    )
    for line in lines:
        console.print(f"   {line}", highlight=False)


def draw_reliability(shown: Sequence[Shown], path: Path) -> None:
    """What was said against what was, with the number of rows beside each point."""
    # Imported here: it takes a second, and tests of the numbers need no picture.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(1, 1, 1)
    rows = reliability(shown)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    label = f"triage (ECE {calibration_error(shown):.3f})"
    axes.plot([mean for _, mean, _ in rows], [right for _, _, right in rows], marker="o", label=label)
    for size, mean, right in rows:
        axes.annotate(str(size), (mean, right), textcoords="offset points", xytext=(6, -10), fontsize="small")
    axes.set(title="Reliability", xlabel="probability said", ylabel="share right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize="small", loc="upper left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _categories(pooled: "Answers", console: Console) -> None:
    labels = sorted(set(pooled.truth))
    ours, baseline = (
        precision_recall_fscore_support(pooled.truth, said, labels=labels, zero_division=0.0)
        for said in (pooled.ours, pooled.baseline)
    )
    table = Table("category", "rows", "precision", "recall", "F1", "F1 of the SVM")
    for place, label in enumerate(labels):
        cells = (ours[0][place], ours[1][place], ours[2][place], baseline[2][place])
        table.add_row(label, str(ours[3][place]), *(f"{cell:.3f}" for cell in cells))
    console.print(table)


def _calibration(shown: Sequence[Shown], console: Console) -> None:
    console.print(f"Calibration error (ECE) {calibration_error(shown):.3f}:", highlight=False)
    for size, mean, right in reliability(shown):
        console.print(f"   said {mean:.2f}, was {right:.2f} of {size}", highlight=False)
    console.print("Left to a person below a probability of:", highlight=False)
    for bar in _BARS:
        kept = [item for item in shown if item.confidence >= bar]
        right = float(np.mean([item.right for item in kept])) if kept else 1.0
        share = len(kept) / len(shown)
        console.print(f"   {bar:.1f}: {share:.0%} decided, {right:.3f} of them right", highlight=False)
