"""What may be totalled where confidential columns are in use, and how many people stand behind each total.

All totals of one column have to be of the same values: the difference of two is of the few that only one of
them has, or weighs otherwise. So each confidential column stands in one expression, weighted by no more than
one other column, and a total in which few weigh most counts as one of few.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from knowledge.warehouse.sql.confidential import Owner, argument_of, refuse
from knowledge.warehouse.sql.functions import AGGREGATES, name_of

_ALLOWED = (exp.Count, exp.Sum, exp.Avg)


@dataclass(frozen=True, slots=True)
class _Total:
    """The expression a confidential column is totalled in, and the column that weighs it there, if any."""

    argument: exp.Expr
    weight: exp.Column | None


def check_totals(select: exp.Select, owner: Owner, chosen: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Counts of those behind each confidential total, still of all rows. Where rows are `chosen` by what is
    confidential of them, anything else that is known of each row would tell which they are. Raises
    QueryRefused."""
    found: dict[str, _Total] = {}
    for total in totals_in(select):
        names = owner.columns_in(total)
        if chosen and not _tells_of_no_row(total, owner):
            text = total.sql("duckdb", comments=False)[:80]
            refuse(
                owner.use,
                f"count what it chooses by count(*), or total what is confidential alone; not {text}",
            )
        if names:
            _check_kind(total, owner)
        for name in sorted(names):
            one = _total_of(total.this, name, owner)
            other = found.setdefault(name, one)
            if other.argument != one.argument:
                refuse(owner.use, f"total {name} in one way only, not both {_text(other)} and {_text(one)}")
    return [_people_behind(total) for total in found.values()]


def totals_in(select: exp.Select) -> Iterator[exp.Expr]:
    parts = (select.args.get("having"), select.args.get("order"))
    for part in (*select.selects, *(part for part in parts if part is not None)):
        yield from part.find_all(*AGGREGATES)


def _tells_of_no_row(total: exp.Expr, owner: Owner) -> bool:
    spoken_of = list(total.find_all(exp.Column))
    return all(map(owner.columns_in, spoken_of)) if spoken_of else isinstance(total, exp.Count)


def _check_kind(total: exp.Expr, owner: Owner) -> None:
    if not isinstance(total, _ALLOWED):
        refuse(owner.use, f"ask for its count, sum or avg, not for {name_of(total)}()")
    if isinstance(total.this, exp.Distinct) or argument_of(total) is None or total.expressions:
        refuse(owner.use, f"leave out {total.sql('duckdb', comments=False)[:80]}")


def _total_of(argument: exp.Expr, name: str, owner: Owner) -> _Total:
    """Raises QueryRefused unless it stands in one term, times numbers and one other column at most."""
    terms = [term for term in _split(argument, exp.Add, exp.Sub) if name in owner.columns_in(term)]
    factors = list(_split(terms[0], exp.Mul))
    columns = [factor for factor in factors if isinstance(factor, exp.Column)]
    others = [column for column in columns if not owner.columns_in(column)]
    is_plain = all(isinstance(factor, (exp.Column, exp.Literal)) for factor in factors)
    if len(terms) > 1 or not is_plain or len(columns) - len(others) > 1 or len(others) > 1:
        text = argument.sql("duckdb", comments=False)[:80]
        refuse(owner.use, f"multiply it by numbers and one other column at most, not as in {text}")
    return _Total(argument, others[0] if others else None)


def _split(node: exp.Expr, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
    if isinstance(node, (exp.Paren, exp.Neg)):
        yield from _split(node.this, *kinds)
    elif isinstance(node, kinds):
        yield from _split(node.args["this"], *kinds)
        yield from _split(node.args["expression"], *kinds)
    else:
        yield node


def _people_behind(total: _Total) -> exp.Expr:
    """As many as weigh as much as the heaviest: five equal ones are five, one of a thousand and four of one
    are one."""
    is_there = exp.Not(this=exp.Is(this=exp.paren(total.argument.copy()), expression=exp.Null()))
    if total.weight is None:
        return _where(exp.Count(this=exp.Star()), is_there)
    weight = exp.Abs(this=exp.cast(total.weight.copy(), "double"))
    heaviest = exp.Nullif(
        this=_where(exp.Max(this=weight.copy()), is_there), expression=exp.Literal.number(0)
    )
    number = exp.Div(this=_where(exp.Sum(this=weight), is_there), expression=heaviest)
    # Sums of binary fractions may fall short of the whole number they are.
    whole = exp.Floor(this=exp.Add(this=number, expression=exp.Literal.number("0.000001")))
    return exp.Coalesce(this=whole, expressions=[exp.Literal.number(0)])


def filtered(node: exp.Expr, conditions: Sequence[exp.Expr]) -> exp.Expr:
    """The same with each total in it of those rows alone for which the conditions hold."""
    if not conditions:
        return node
    condition = exp.and_(*(exp.paren(item.copy()) for item in conditions))
    holder = exp.Tuple(expressions=[node])
    for total in list(holder.find_all(*AGGREGATES)):
        outer = total.parent
        if isinstance(outer, exp.Filter):
            there = outer.args["expression"].this
            outer.args["expression"].set("this", exp.and_(there.copy(), condition.copy()))
        else:
            total.replace(_where(total.copy(), condition.copy()))
    return next(holder.iter_expressions()).pop()


def _where(total: exp.Expr, condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=total, expression=exp.Where(this=condition))


def _text(total: _Total) -> str:
    return str(total.argument.sql("duckdb", comments=False))[:60]
