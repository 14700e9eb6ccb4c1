"""`python -m evals.questions WORKSPACE GOLD...`: asks a workspace's metrics by rule, and holds the rows
against gold ones.

A gold file has one question a line, with the `columns` and `rows` of its answer or with `answerable: false`
and `why`. An answer is exact if it has the gold rows: columns are matched by what is in them, figures rounded
as the gold ones are, and the order counts where the question asks for one.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from evals.gold_rows import asks_for_order, has_rows
from knowledge.search.access import AccessScope
from knowledge.warehouse.loading.load import load_products
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.resolve.suggest import Reason, Suggestions, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from knowledge.warehouse.tables import PolicedTables
from knowledge.warehouse.warehouse import Warehouse, open_warehouse
from ledger.db import Database
from ledger.errors import CrewdeskError
from ledger.log import configure_logging
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.workspace import open_workspace

EXACT_BAR = 0.60
WRONG_BAR = 0.05


class GoldQuestion(BaseModel):
    """`why` says for people what is missing where nothing answers the question."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    question: str
    answerable: bool = True
    why: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | int | float | bool | None, ...], ...] = ()


class Outcome(StrEnum):
    """An answer is presented as certain or, `hedged`, as one of several that may be meant."""

    EXACT = "exact"
    WRONG = "wrong and presented as certain"
    HEDGED_RIGHT = "right, but hedged"
    HEDGED = "wrong and hedged"
    ABSTAINED = "abstained"
    ABSTAINED_WHY = "abstained, right why"
    ABSTAINED_OTHER = "abstained, another why"


@dataclass(frozen=True, slots=True)
class Answered:
    question: GoldQuestion
    outcome: Outcome
    confidence: float
    said: str


def read_gold(paths: Sequence[Path]) -> list[GoldQuestion]:
    return [
        GoldQuestion.model_validate_json(line)
        for path in paths
        for line in path.read_text().splitlines()
        if line.strip()
    ]


def ask(
    warehouse: Warehouse, scope: AccessScope, values: ValueIndex, question: GoldQuestion, today: date
) -> Answered:
    found = suggest_queries(warehouse.catalog, values, question.question, today)
    first = found.suggestions[0] if found.suggestions else None
    confidence = first.confidence if first else 0.0
    if not question.answerable:
        return Answered(question, _unanswered(found, question), confidence, _said(found))
    if first is None:
        return Answered(question, Outcome.ABSTAINED, 0.0, _said(found))
    try:
        result = query_metrics(warehouse, scope, first.query, datetime.now(UTC))
    except CrewdeskError as error:
        return Answered(question, Outcome.ABSTAINED, confidence, str(error))
    ordered = asks_for_order(question.question)
    right = has_rows(result, question.rows, first.query.grain, ordered=ordered)
    if found.best:
        outcome = Outcome.EXACT if right else Outcome.WRONG
    else:
        outcome = Outcome.HEDGED_RIGHT if right else Outcome.HEDGED
    return Answered(question, outcome, confidence, first.reading)


def _unanswered(found: Suggestions, question: GoldQuestion) -> Outcome:
    if found.best:
        return Outcome.WRONG
    is_right = found.reason in reasons_in(question.why)
    return Outcome.ABSTAINED_WHY if is_right else Outcome.ABSTAINED_OTHER


def reasons_in(why: str) -> frozenset[Reason]:
    """The kinds of reason a gold `why` may mean: years are the range of the data, all else something that is
    not there."""
    if any(character.isdigit() for character in why) or "range" in why:
        return frozenset({Reason.OUT_OF_RANGE})
    return frozenset({Reason.NO_SUCH_DATA, Reason.NOT_RECORDED})


def _said(found: Suggestions) -> str:
    return found.why or (found.suggestions[0].reading if found.suggestions else "")


def report(answered: Sequence[Answered], console: Console) -> bool:
    """Whether both bars are met."""
    table = Table("id", "question", "outcome", "sure", "understood as, or why not")
    for item in answered:
        good = item.outcome in (Outcome.EXACT, Outcome.ABSTAINED_WHY)
        style = "red" if item.outcome is Outcome.WRONG else "" if good else "yellow"
        table.add_row(
            item.question.id,
            item.question.question,
            item.outcome,
            f"{item.confidence:.2f}",
            item.said,
            style=style,
        )
    console.print(table)
    answerable = [item for item in answered if item.question.answerable]
    others = [item for item in answered if not item.question.answerable]
    exact = _share(answerable, Outcome.EXACT)
    wrong = _share(answered, Outcome.WRONG)
    console.print(
        f"{len(answered)} questions: exact {exact:.0%} of {len(answerable)} answerable, wrong and"
        f" presented as "
        f"certain {wrong:.0%} of all, right why {_share(others, Outcome.ABSTAINED_WHY):.0%} of "
        f"{len(others)} unanswerable.",
        highlight=False,
        soft_wrap=True,
    )
    return exact >= EXACT_BAR and wrong <= WRONG_BAR


def _share(answered: Sequence[Answered], outcome: Outcome) -> float:
    return sum(item.outcome is outcome for item in answered) / len(answered) if answered else 1.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.questions")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("gold", type=Path, nargs="+", help="questions with their rows, one a line (JSON)")
    parser.add_argument("--today", type=date.fromisoformat, help="the day that is asked on, YYYY-MM-DD")
    given = parser.parse_args(arguments)
    configure_logging("ERROR", "console")
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/questions.db")
        migrate(db)
        try:
            answered = answer_all(db, given.workspace, Path(folder), given.gold, given.today)
        finally:
            db.close()
    return 0 if report(answered, Console(width=160)) else 1


def answer_all(
    db: Database, folder: Path, var: Path, gold: Sequence[Path], today: date | None = None
) -> list[Answered]:
    """Loads the workspace's products into `var` and asks as somebody of all its groups."""
    workspace = open_workspace(folder)
    sync_people(db, workspace.people)
    warehouse = open_warehouse(db, workspace, var)
    load_products(warehouse, None, datetime.now(UTC), lambda _load: None)
    scope = AccessScope(frozenset(workspace.people.groups))
    with PolicedTables(warehouse, scope) as tables:
        values = index_values(warehouse.catalog, tables)
    asked_on = today or datetime.now(UTC).date()
    return [ask(warehouse, scope, values, question, asked_on) for question in read_gold(gold)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
