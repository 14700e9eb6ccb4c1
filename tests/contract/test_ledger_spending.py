"""Budgets for models, on both databases: nobody overspends, however many ask at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.budgets import Budgets
from ledger.clock import ManualClock
from ledger.db import Database
from ledger.people import find_principal
from ledger.spending import BudgetReached, Purse, Reservation, Usage, balances, cost_of, usage_in, usual_cost
from tests.unit.ledger.world import EMPLOYEE, ENGINEER, ask, furnish

DOLLAR = 1_000_000


def purse(db: Database, budgets: Budgets, run_id: str = "r1", email: str = EMPLOYEE) -> Purse:
    return Purse(db, budgets, run_id, find_principal(db, email))


def spent(db: Database, run_id: str = "r1") -> Usage:
    with db.read() as session:
        return usage_in(session, run_id)


def test_a_call_is_booked_on_its_run_with_what_it_came_to(db: Database) -> None:
    mine = purse(furnish(db), Budgets(run=Decimal(1)))
    first = mine.reserve(DOLLAR // 2)
    assert spent(db).micro_usd == DOLLAR // 2
    mine.settle(first, Usage(1000, 200, 1_300))
    mine.settle(mine.reserve(10), Usage(1, 1, 5))
    assert spent(db) == Usage(1001, 201, 1_305)


@pytest.mark.parametrize(
    ("budgets", "whose"),
    [
        (Budgets(run=Decimal(1)), "this question"),
        (Budgets(user_per_day=Decimal(1)), "today"),
        (Budgets(workspace_per_day=Decimal(1)), "everybody today"),
        (Budgets(groups_per_day={"everyone": Decimal(1)}), "the group everyone today"),
    ],
)
def test_each_budget_says_whose_it_is_when_it_is_reached(db: Database, budgets: Budgets, whose: str) -> None:
    mine = purse(furnish(db), budgets)
    mine.settle(mine.reserve(DOLLAR), Usage(9, 9, 999_000))
    with pytest.raises(BudgetReached) as reached:
        mine.reserve(2_000)
    assert whose in str(reached.value)
    assert "1.00 USD" in str(reached.value)
    assert spent(db).micro_usd == 999_000
    mine.reserve(1_000)


def test_a_refused_call_reserves_nothing_anywhere(db: Database) -> None:
    budgets = Budgets(run=Decimal(5), workspace_per_day=Decimal(1))
    mine = purse(furnish(db), budgets)
    with pytest.raises(BudgetReached):
        mine.reserve(2 * DOLLAR)
    everybody = balances(db, budgets, find_principal(db, EMPLOYEE))[1]
    assert (spent(db), everybody.used) == (Usage(), Usage())


def test_one_persons_budget_is_not_anothers(db: Database) -> None:
    budgets = Budgets(user_per_day=Decimal(1))
    purse(furnish(db), budgets).reserve(DOLLAR)
    with pytest.raises(BudgetReached):
        purse(db, budgets, "r2").reserve(1)
    purse(db, budgets, "r3", ENGINEER).reserve(DOLLAR)


def test_eight_at_once_at_99_percent_overspend_by_no_call(db: Database) -> None:
    budgets = Budgets(workspace_per_day=Decimal(1))
    mine = purse(furnish(db), budgets)
    mine.settle(mine.reserve(990_000), Usage(1, 1, 990_000))

    def call(number: int) -> bool:
        one = purse(db, budgets, f"run {number}", (EMPLOYEE, ENGINEER)[number % 2])
        try:
            held = one.reserve(4_000)
        except BudgetReached:
            return False
        one.settle(held, Usage(1, 1, 4_000))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(8))) == 2
    [_person, everybody] = balances(db, budgets, find_principal(db, EMPLOYEE))
    assert everybody.used.micro_usd == 998_000


def test_a_new_day_is_a_new_budget(sqlite_db: Database) -> None:
    budgets = Budgets(user_per_day=Decimal(1), run=Decimal(2))
    mine = purse(furnish(sqlite_db), budgets)
    mine.reserve(DOLLAR)
    clock = sqlite_db.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(days=1).total_seconds())
    mine.reserve(DOLLAR)
    assert balances(sqlite_db, budgets, find_principal(sqlite_db, EMPLOYEE))[0].used.micro_usd == DOLLAR


def test_without_budgets_only_what_was_used_is_kept(db: Database) -> None:
    mine = purse(furnish(db), Budgets())
    held = mine.reserve(DOLLAR)
    assert (held.micro_usd, spent(db)) == (0, Usage())
    mine.settle(held, Usage(10, 5, 7))
    mine.settle(held, Usage())
    assert spent(db) == Usage(10, 5, 7)


def test_what_a_question_usually_costs_is_the_middle_of_the_latest(db: Database) -> None:
    furnish(db)
    assert usual_cost(db, "ask") is None
    for number, cost in enumerate((900, 100, 300)):
        run_id = ask(db, str(number)).run_id
        purse(db, Budgets(), run_id).settle(Reservation((f"run:{run_id}",), 0), Usage(1, 1, cost))
        _end(db, run_id)
    assert usual_cost(db, "ask") == 300


def _end(db: Database, run_id: str) -> None:
    from ledger.run_state import fail_run
    from ledger.schema import RunRow

    with db.write() as session:
        fail_run(session, session.get_one(RunRow, run_id), "enough")


def test_a_cost_is_rounded_up() -> None:
    prices = (Decimal("0.25"), Decimal("2"))
    assert cost_of(1_000_000, 0, prices) == 250_000
    assert cost_of(1, 0, prices) == 1
    assert cost_of(10, 10, None) == 0
