"""What a request for a report is understood to ask for: which kind, which period, which figures, what of the
market."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crews.report_steps.brief import ReportBrief, plan_report
from crews.reports.template import FigureKind
from knowledge.warehouse.resolve.readings import reading_of
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.understanding import Understood
from tests.integration.reports.conftest import ReportDesk
from tests.stand_ins.report_shop import ASKER, TREASURER, make_report_shop

TODAY = datetime(2025, 11, 20, 9, 0, tzinfo=UTC)


class Planner:
    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk

    def __call__(self, asked: str, email: str = ASKER, today: datetime = TODAY) -> ReportBrief:
        desk = self._desk
        desk.db.clock = ManualClock(today)
        context = desk.context(asked, email)
        return plan_report(context)


@pytest.fixture
def plan(desk: ReportDesk) -> Planner:
    return Planner(desk)


@pytest.mark.parametrize(
    ("asked", "template"),
    [
        ("Board pack for Q3 2025", "board_pack"),
        ("the paper for the board meeting on Q3 2025", "board_pack"),
        ("KPI review of September 2025", "kpi_review"),
        ("Our KPIs of September 2025, please", "kpi_review"),
        ("A market brief on rental", "market_brief"),
        ("Executive summary for Q3 2025", "executive_summary"),
        ("How did Q3 2025 go?", "executive_summary"),
    ],
)
def test_the_words_choose_the_kind(plan: Planner, asked: str, template: str) -> None:
    assert plan(asked).template == template


def test_a_kind_nobody_named_is_said_to_be_chosen(plan: Planner) -> None:
    assert any("No kind of report was named" in note for note in plan("How did Q3 2025 go?").notes)
    assert not plan("Executive summary for Q3 2025").notes


def test_where_nothing_names_a_report_nothing_is_gathered_and_the_kinds_are_told(plan: Planner) -> None:
    brief = plan("make me a sandwich")
    assert brief.refusal is not None
    assert "No report was understood in “make me a sandwich”." in brief.refusal
    assert "executive summary, KPI review" in brief.refusal
    assert (brief.questions, brief.market) == ((), ())
    assert plan("How are we doing?").refusal is None


@pytest.mark.parametrize(
    ("asked", "period", "against"),
    [
        ("Board pack for Q3 2025", "Q3 2025", "Q3 2024"),
        ("KPI review of September 2025", "September 2025", "August 2025"),
        ("KPI review of Q3 2025 against Q3 2024", "Q3 2025", "Q3 2024"),
        # Without a period, the last whole quarter; and 2023 is not in the data.
        ("Board pack", "Q3 2025", "Q3 2024"),
        ("Board pack for Q2 2024", "Q2 2024", "Q1 2024"),
    ],
)
def test_the_period_and_what_it_is_compared_with(
    plan: Planner, asked: str, period: str, against: str
) -> None:
    brief = plan(asked)
    assert (brief.period.label, brief.against.label) == (period, against)


def test_a_follow_up_takes_the_place_of_the_period_before(desk: ReportDesk) -> None:
    desk.db.clock = ManualClock(TODAY)
    context = desk.context("Board pack for Q3 2025, for Q2 2025?", ASKER)
    understood = Understood(question=context.claim.question, about="Q2 2025")
    context.claim = replace(context.claim, understood=understood)
    brief = plan_report(context)
    assert (brief.title, brief.against.label) == ("Board pack, Q2 2025", "Q2 2024")


def test_a_period_that_is_not_over_is_said_to_be(plan: Planner) -> None:
    brief = plan("Board pack for Q4 2025")
    [note] = brief.notes
    assert note == (
        "Q4 2025 is not over: its figures go up to 20 November 2025, and are compared with as much of Q4 "
        "2024."
    )
    assert brief.title == "Board pack, Q4 2025 to date"
    assert brief.questions[0].reading == (
        "Revenue and orders, 1 October to 20 November 2025, against 1 October to 20 November 2024"
    )


def test_the_questions_are_those_of_the_catalog_and_surely_understood(
    desk: ReportDesk, plan: Planner
) -> None:
    brief = plan("Board pack for Q3 2025", TREASURER)
    assert [question.title for question in brief.questions] == [
        "Revenue and orders, Q3 2025 against Q3 2024",
        "Gross margin, Q3 2025 against Q3 2024",
        "Revenue by month, January 2024 to September 2025",
        "Gross margin by month, January 2024 to September 2025",
        "Revenue by region, Q3 2025 against Q3 2024",
        "Orders by region, Q3 2025 against Q3 2024",
    ]
    assert brief.metrics == ("sales.revenue", "margins.gross_margin", "sales.orders")
    assert brief.good == {"revenue": "up", "gross_margin": "up", "orders": "up"}
    context = desk.context("", TREASURER)
    for question in brief.questions:
        suggestions = context.suggest(question.question)
        assert suggestions is not None
        assert suggestions.best is not None
        assert reading_of(suggestions.best.query) == question.reading


def test_nothing_is_asked_that_the_asker_may_not_read(plan: Planner) -> None:
    brief = plan("Board pack for Q3 2025", ASKER)
    assert "margin" not in brief.model_dump_json()


def test_a_report_without_room_for_the_market_asks_nothing_of_it(plan: Planner) -> None:
    assert plan("KPI review of September 2025").market == ()


def test_a_topic_is_what_is_asked_of_the_market(plan: Planner) -> None:
    brief = plan("Market brief on rental and resale for Q3 2025")
    assert brief.title == "Market brief on rental and resale, Q3 2025"
    assert [asked.question for asked in brief.market] == [
        "How fast is rental and resale expected to grow?",
        "What trends are there in rental and resale?",
        "How large is the market for rental and resale?",
    ]
    assert [asked.section for asked in plan("Board pack for Q3 2025").market] == [
        "market",
        "market",
        "outlook",
    ]


def test_without_declared_key_figures_they_are_chosen_by_rule(tmp_path: Path) -> None:
    shop = make_report_shop(tmp_path / "shop")
    (shop.workspace / "catalog" / "key_figures.yaml").unlink()
    db = Database(shop.url)
    library = shop.library(db)
    brief = Planner(ReportDesk(shop, db, library))("Board pack for Q3 2025", TREASURER)
    assert brief.metrics == ("margins.gross_margin", "sales.revenue", "sales.orders")
    assert {question.kind for question in brief.questions} == set(FigureKind)
    assert "Revenue by region, Q3 2025 against Q3 2024" in [question.title for question in brief.questions]
    library.close()
    db.close()
