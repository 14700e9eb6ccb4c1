"""What models cost, counted where several workers see it.

A call's worst case is reserved before it is made and replaced by what it came to after. The reservation is
one conditional UPDATE per account, so workers that reserve at the same moment cannot overspend together. A
process that dies in between leaves its reservation standing: the provider was probably paid.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import ROUND_CEILING, Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from ledger.budgets import Budgets
from ledger.db import Database, insert_into
from ledger.errors import CrewdeskError, ErrorKind
from ledger.people import Principal
from ledger.schema import RunRow, SpendingRow

# Prices are per million tokens, so a token at a price of one dollar costs one of these.
MICROS = 1_000_000

_TABLE = cast(Table, SpendingRow.__table__)
_BOOKED = select(_TABLE).where(_TABLE.c.account == bindparam("account"))


class BudgetReached(CrewdeskError):
    """Another call would cost more than a budget of the workspace still allows."""

    code = "budget_reached"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls came to. `micro_usd` is a millionth of a US dollar."""

    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.micro_usd + other.micro_usd,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money it is. `limit_micro_usd` is None where nothing limits it; `words` name it to people."""

    key: str
    limit_micro_usd: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """Held until it is settled; `accounts` in the order they are locked."""

    accounts: tuple[str, ...]
    micro_usd: int


def cost_of(input_tokens: int, output_tokens: int, prices: tuple[Decimal, Decimal] | None) -> int:
    """In millionths of a dollar, rounded up; `prices` are in dollars for a million tokens, in and out."""
    if prices is None:
        return 0
    exact = input_tokens * prices[0] + output_tokens * prices[1]
    return int(exact.to_integral_value(ROUND_CEILING))


def accounts_for(budgets: Budgets, run_id: str, principal: Principal, day: date) -> list[Account]:
    """All accounts a call of this run is booked on."""
    groups = sorted(principal.groups & budgets.groups_per_day.keys())
    return [
        Account(f"run:{run_id}", _micros(budgets.run), "this question"),
        Account(f"user:{principal.id}:{day}", _micros(budgets.user_per_day), f"{principal.name} today"),
        Account(f"workspace:{day}", _micros(budgets.workspace_per_day), "everybody today"),
        *(
            Account(f"group:{name}:{day}", _micros(budgets.groups_per_day[name]), f"the group {name} today")
            for name in groups
        ),
    ]


class Purse:
    """The accounts of one run, as one attempt of a step spends from them."""

    def __init__(self, db: Database, budgets: Budgets, run_id: str, principal: Principal) -> None:
        self._db = db
        self._budgets = budgets
        self._run_id = run_id
        self._principal = principal

    def reserve(self, micro_usd: int) -> Reservation:
        """Raises BudgetReached, with nothing reserved, if one account has less than that left."""
        accounts = accounts_for(self._budgets, self._run_id, self._principal, _today(self._db))
        # Everybody locks in this order, or two could wait for each other.
        accounts.sort(key=lambda account: account.key)
        keys = tuple(account.key for account in accounts)
        if not micro_usd or not self._budgets.any_set:
            return Reservation(keys, 0)
        with self._db.record() as session:
            _open_accounts(session, keys)
            for account in accounts:
                _reserve(session, account, micro_usd)
        return Reservation(keys, micro_usd)

    def settle(
        self, reservation: Reservation, used: Usage, beside: Callable[[Session], None] | None = None
    ) -> None:
        """Puts what was used in the place of what was reserved; `used` may be more. `beside` writes what
        belongs to the call's end, in the same transaction if there is one."""
        if not reservation.micro_usd and used == Usage():
            return
        added = {
            "micro_usd": used.micro_usd - reservation.micro_usd,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
        }
        with self._db.record() as session:
            rows = [{"account": key, **added} for key in reservation.accounts]
            session.connection().execute(_booking(insert_into(session)), rows)
            if beside is not None:
                beside(session)


@cache
def _booking(insert: Any) -> Any:
    """Made once for a database: to put it together takes longer than to carry it out."""
    book = insert(_TABLE)
    names = ("micro_usd", "input_tokens", "output_tokens")
    raised = {name: _TABLE.c[name] + book.excluded[name] for name in names}
    return book.on_conflict_do_update(index_elements=["account"], set_=raised)


def usage_in(session: Session, run_id: str) -> Usage:
    """What a run has used so far."""
    row = session.connection().execute(_BOOKED, {"account": f"run:{run_id}"}).one_or_none()
    return Usage() if row is None else _usage(cast(SpendingRow, row))


@dataclass(frozen=True, slots=True)
class Balance:
    """How an account stands today."""

    words: str
    used: Usage
    limit_micro_usd: int | None


def balances(db: Database, budgets: Budgets, principal: Principal) -> list[Balance]:
    """Of this person, their groups and everybody, today."""
    accounts = accounts_for(budgets, "", principal, _today(db))[1:]
    with db.read() as session:
        return [
            Balance(
                account.words,
                Usage() if (row := session.get(SpendingRow, account.key)) is None else _usage(row),
                account.limit_micro_usd,
            )
            for account in accounts
        ]


def usual_cost(db: Database, workflow: str, runs: int = 50) -> int | None:
    """What one of the latest runs of this workflow cost, the middle one of them by cost; None before the
    first."""
    latest = (
        select(RunRow.id)
        .where(RunRow.workflow == workflow, RunRow.finished_at.is_not(None), RunRow.replay.is_(None))
        .order_by(RunRow.created_at.desc())
        .limit(runs)
    )
    with db.read() as session:
        keys = [f"run:{run_id}" for run_id in session.scalars(latest)]
        costs = sorted(session.scalars(select(SpendingRow.micro_usd).where(SpendingRow.account.in_(keys))))
    return costs[len(costs) // 2] if costs else None


def dollars(micro_usd: int) -> str:
    """As people read it: cents, or more digits where there is less than a cent."""
    amount = Decimal(micro_usd) / MICROS
    return f"{amount:,.2f} USD" if micro_usd >= MICROS // 100 or not micro_usd else f"{amount:.6f} USD"


def _reserve(session: Session, account: Account, micro_usd: int) -> None:
    raised = SpendingRow.micro_usd + micro_usd
    reserve = update(SpendingRow).where(SpendingRow.account == account.key).values(micro_usd=raised)
    if account.limit_micro_usd is not None:
        reserve = reserve.where(raised <= account.limit_micro_usd)
    if session.execute(reserve.returning(SpendingRow.account)).scalar_one_or_none() is None:
        raise _reached(session, account, micro_usd)


def _reached(session: Session, account: Account, micro_usd: int) -> BudgetReached:
    limit = account.limit_micro_usd or 0
    left = max(0, limit - session.get_one(SpendingRow, account.key).micro_usd)
    return BudgetReached(
        f"The model budget for {account.words} is reached: of {dollars(limit)} there are {dollars(left)} "
        f"left, and the next call may cost {dollars(micro_usd)}."
    )


def _open_accounts(session: Session, keys: Sequence[str]) -> None:
    new = [{"account": key, "micro_usd": 0, "input_tokens": 0, "output_tokens": 0} for key in keys]
    session.execute(
        insert_into(session)(SpendingRow).values(new).on_conflict_do_nothing(index_elements=["account"])
    )


def _usage(row: SpendingRow) -> Usage:
    return Usage(row.input_tokens, row.output_tokens, row.micro_usd)


def _micros(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * MICROS)


def _today(db: Database) -> date:
    return db.clock.now().astimezone(UTC).date()
