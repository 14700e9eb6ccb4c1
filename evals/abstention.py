"""`python -m evals.abstention [WORKSPACE] [--retrieval DIR ...] [--out FOLDER]`: does it know when to say no?

Fits nothing: measures the shipped relevance score. Risk is the share of answered questions whose passage
shown does not answer. Beside it stand a library that always answers with its first hit, and one that goes by
that hit's cosine.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from evals.ask import DEFAULT_WORKSPACE, load_questions
from evals.judged import (
    JudgedQuestion,
    judge_retrieval,
    judge_workspace,
    open_retrieval,
    open_workspace,
    read_queries,
)
from knowledge.relevance.judge import judge
from knowledge.relevance.score import shipped_coefficients
from knowledge.relevance.similarity import Similarity, similarity_from
from ledger.log import configure_logging

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
_BINS = 10
_FAR = 100

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """Of one question: how sure the method is of the passage it would show, whether that answers, and
    whether any that was found does."""

    confidence: float
    right: bool
    has_answer: bool


def show_by_relevance(question: JudgedQuestion, similarity: Similarity) -> Shown:
    verdicts = [item.relevance for item in judge(question.text, question.candidates, similarity)]
    if not verdicts:
        return Shown(0.0, right=False, has_answer=False)
    best = int(np.argmax(verdicts))
    return Shown(verdicts[best], question.answers[best], question.has_answer)


def show_by_cosine(question: JudgedQuestion) -> Shown:
    """The first hit, as sure as it is near."""
    if not question.hits:
        return Shown(0.0, right=False, has_answer=False)
    return Shown(question.hits[0].score, question.answers[0], question.has_answer)


def show_first(question: JudgedQuestion) -> Shown:
    """The first hit, always as sure."""
    return Shown(1.0, bool(question.answers and question.answers[0]), question.has_answer)


def risks(shown: Sequence[Shown]) -> Numbers:
    """Risk where the most confident 1, 2, ... of them are answered. Questions of equal confidence are
    answered in no particular order, so their risk is shared."""
    confidence = np.array([item.confidence for item in shown])
    wrong = np.array([not item.right for item in shown], float)
    for value in np.unique(confidence):
        wrong[confidence == value] = wrong[confidence == value].mean()
    ordered = wrong[np.argsort(-confidence, kind="stable")]
    return np.cumsum(ordered) / np.arange(1, len(ordered) + 1)


def area_under(curve: Numbers) -> float:
    """AURC: the mean risk over all coverages; 0 is perfect."""
    return float(curve.mean())


def risk_at(curve: Numbers, coverage: float) -> float:
    return float(curve[max(1, round(coverage * len(curve))) - 1])


def decided_right(shown: Sequence[Shown], threshold: float) -> float:
    """Share of questions that were answered rightly, or not answered and no passage found had answered."""
    right = [item.right if item.confidence >= threshold else not item.has_answer for item in shown]
    return float(np.mean(right))


def reliability(shown: Sequence[Shown]) -> list[tuple[int, float, float]]:
    """For each tenth of confidence: questions, mean confidence, share that was right."""
    rows = []
    for step in range(_BINS):
        inside = [item for item in shown if min(int(item.confidence * _BINS), _BINS - 1) == step]
        if inside:
            mean = float(np.mean([item.confidence for item in inside]))
            rows.append((len(inside), mean, float(np.mean([item.right for item in inside]))))
    return rows


def calibration_error(shown: Sequence[Shown]) -> float:
    """ECE: how far confidence and truth are apart, weighted by the questions of each tenth."""
    return sum(size * abs(mean - right) for size, mean, right in reliability(shown)) / len(shown)


@dataclass(frozen=True, slots=True)
class Measured:
    """One data set by the shipped score and by the two baselines, in that order."""

    name: str
    kinds: dict[str, int]
    methods: dict[str, list[Shown]]


def measure_all(workspace: Path, folders: Sequence[Path]) -> list[Measured]:
    texts = {workspace: [item.question for item in load_questions(workspace)]}
    texts |= {folder: list(read_queries(folder).values()) for folder in folders}
    measured = []
    for place in texts:
        # What belongs to another data set has no answer here.
        far = [text for other, asked in texts.items() if other != place for text in asked[:_FAR]]
        is_workspace = place is workspace
        with open_workspace(place) if is_workspace else open_retrieval(place) as installation:
            questions = (judge_workspace if is_workspace else judge_retrieval)(place, installation, far)
            similarity = similarity_from(lambda opened=installation: opened.library)  # type: ignore[misc]
            measured.append(_measure(place.name, questions, similarity))
    return measured


def _measure(name: str, questions: Sequence[JudgedQuestion], similarity: Similarity) -> Measured:
    by: dict[str, Callable[[JudgedQuestion], Shown]] = {
        "relevance": lambda question: show_by_relevance(question, similarity),
        "cosine": show_by_cosine,
        "always": show_first,
    }
    kinds: dict[str, int] = {}
    for question in questions:
        kinds[question.kind] = kinds.get(question.kind, 0) + 1
    return Measured(name, kinds, {key: [show(item) for item in questions] for key, show in by.items()})


def draw(measured: Sequence[Measured], path: Path) -> None:
    """Risk over coverage, one panel for each data set."""
    # Imported here: it takes a second, and tests of the numbers need no picture.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(measured), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for place, item in enumerate(measured, start=1):
        axes = figure.add_subplot(1, len(measured), place)
        for method, shown in item.methods.items():
            curve = risks(shown)
            coverage = np.arange(1, len(curve) + 1) / len(curve)
            axes.plot(coverage, curve, label=f"{method} (AURC {area_under(curve):.3f})")
        answered = np.mean(
            [shown.confidence >= shipped_coefficients().answers for shown in item.methods["relevance"]]
        )
        axes.axvline(float(answered), color="grey", linestyle=":", label="shipped threshold")
        axes.set(title=item.name, xlabel="coverage", ylabel="risk", xlim=(0, 1), ylim=(0, 1))
        axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def report(measured: Sequence[Measured], console: Console) -> None:
    threshold = shipped_coefficients().answers
    for item in measured:
        kinds = ", ".join(f"{count} {kind}" for kind, count in item.kinds.items())
        console.print(f"Risk: {item.name} ({kinds})", style="bold", highlight=False, soft_wrap=True)
        table = Table("coverage", *item.methods)
        curves = [risks(shown) for shown in item.methods.values()]
        for coverage in COVERAGES:
            table.add_row(f"{coverage:.0%}", *(f"{risk_at(curve, coverage):.3f}" for curve in curves))
        table.add_row("AURC", *(f"{area_under(curve):.3f}" for curve in curves), style="bold")
        console.print(table)
        shown = item.methods["relevance"]
        answered = [one for one in shown if one.confidence >= threshold]
        wrong = sum(not one.right for one in answered) / max(1, len(answered))
        always = decided_right(item.methods["always"], threshold)
        console.print(
            f"At the shipped threshold {threshold}: {len(answered)} of {len(shown)} answered, "
            f"risk {wrong:.3f}; decided right {decided_right(shown, threshold):.3f}, "
            f"always answering {always:.3f}",
            highlight=False,
        )
        console.print(f"Calibration error (ECE) {calibration_error(shown):.3f}:", highlight=False)
        for size, mean, right in reliability(shown):
            console.print(f"   said {mean:.2f}, was {right:.2f} of {size}", highlight=False)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.abstention")
    parser.add_argument("workspace", nargs="?", type=Path, default=DEFAULT_WORKSPACE)
    parser.add_argument("--retrieval", nargs="+", type=Path, default=[], help="folders in the BEIR layout")
    parser.add_argument("--out", type=Path, default=Path("var/evals"), help="where the picture goes")
    given = parser.parse_args(arguments)
    configure_logging("ERROR", "console")
    measured = measure_all(given.workspace, given.retrieval)
    console = Console(width=140)
    report(measured, console)
    picture = given.out / "risk-coverage.png"
    draw(measured, picture)
    console.print(f"The curves are in {picture.resolve()}", highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
