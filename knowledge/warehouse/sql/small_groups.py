"""Confidential columns in free SQL: totals over groups of at least `smallest_group` people, and nothing else.

Two things are guaranteed for the one shape that is accepted, a plain SELECT of totals. Whoever is in a group
that is too small by what anybody may know of its people is in no figure, and nothing that comes out goes by
what is confidential of them, not even which other groups are shown. And each confidential column is told of
in one total for each group, over people enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from knowledge.warehouse.errors import QueryTooLarge
from knowledge.warehouse.result import Value
from knowledge.warehouse.small_groups import Cell, Key, left_out
from knowledge.warehouse.sql.binding import Bound
from knowledge.warehouse.sql.child_process import Answer
from knowledge.warehouse.sql.confidential import Owner, conditions_of, owner_of, refuse
from knowledge.warehouse.sql.families import Families
from knowledge.warehouse.sql.functions import AGGREGATES
from knowledge.warehouse.sql.one_row_each import check_joins
from knowledge.warehouse.sql.totals import check_totals, filtered


@dataclass(frozen=True, slots=True)
class Grouping:
    """`tree` is the statement with more columns than the `shown` first ones: what the groups are made by, for
    each whether that `is_public`, then how many people a group has, and how many stand behind its figures.
    `limit` and `offset` are for after the small ones are gone."""

    tree: exp.Select
    shown: int
    is_public: tuple[bool, ...]
    smallest: int
    limit: int | None
    offset: int
    sentence: str

    def told(self, answer: Answer) -> tuple[Answer, int]:
        """What may be shown of an answer, and how many groups may not. Raises QueryTooLarge."""
        if answer.truncated:
            raise QueryTooLarge(
                f"These are more than {len(answer.rows):,} groups, among which small ones would have to be "
                "found: group by fewer or coarser columns."
            )
        cells, people = self._cells(answer.rows)
        hidden, too_small = left_out(cells, people, self.smallest)
        kept = [
            row[: self.shown]
            for place, row in enumerate(answer.rows)
            if place not in hidden and cells[place].people
        ]
        end = None if self.limit is None else self.offset + self.limit
        return Answer(
            answer.columns[: self.shown], tuple(kept[self.offset : end]), truncated=False
        ), too_small

    def _cells(self, rows: Sequence[tuple[Value, ...]]) -> tuple[list[Cell], dict[Key, int]]:
        """Where rows are chosen by something confidential, groups none of whose rows are still come along:
        with no one behind them."""
        cells: list[Cell] = []
        people: dict[Key, int] = {}
        width = self.shown + len(self.is_public)
        for row in rows:
            key, (all_of_them, chosen, *behind) = row[self.shown : width], map(_number, row[width:])
            public = tuple(value for value, is_open in zip(key, self.is_public, strict=True) if is_open)
            people[public] = people.get(public, 0) + all_of_them
            cells.append(Cell(public, key, min([chosen, *(count for count in behind if count)])))
        return cells, people


def group_confidential(bound: Bound) -> Grouping | None:
    """None where nothing confidential is used. Raises QueryRefused for any other shape."""
    owner = owner_of(bound)
    if owner is None:
        return None
    select = _plain_totals(bound, owner)
    check_joins(bound, select, owner)
    for condition in conditions_of(select):
        if not owner.is_plain(condition):
            text = condition.sql("duckdb", comments=False)[:120]
            refuse(
                owner.use,
                f"hold it against values alone, in a term of its own joined by AND, not as in {text}",
            )
    chosen = [item for item in conditions_of(select) if owner.columns_in(item)]
    keys = list(select.args["group"].expressions) if select.args.get("group") else []
    mixed = next((key for key in keys if not owner.is_plain(key)), None)
    if mixed is not None:
        refuse(owner.use, f"group by it alone, not by {mixed.sql('duckdb', comments=False)[:120]}")
    by_confidential = [key for key in keys if owner.columns_in(key)]
    _check_having(select, owner, chosen + by_confidential)
    behind = check_totals(select, owner, chosen + by_confidential)
    Families(bound, owner.use).check(select)
    return _grouping(bound, select, owner, keys, chosen, behind)


def _plain_totals(bound: Bound, owner: Owner) -> exp.Select:
    select, use = bound.tree, owner.use
    if not isinstance(select, exp.Select) or len(bound.scopes) > 1:
        refuse(use, "write one SELECT without WITH, UNION or a SELECT within it")
    for part, words in (("qualify", "QUALIFY"), ("windows", "WINDOW"), ("distinct", "DISTINCT")):
        if select.args.get(part):
            refuse(use, f"leave out {words}")
    if not (select.args.get("group") or any(item.find(*AGGREGATES) for item in select.selects)):
        refuse(use, "it cannot be listed row by row; name the other columns, or ask for totals")
    return select


def _check_having(select: exp.Select, owner: Owner, chosen: Sequence[exp.Expr]) -> None:
    """Groups that are left out for their figures would give away those left out for their size."""
    having = select.args.get("having")
    if having is not None and (chosen or owner.columns_in(having)):
        refuse(owner.use, "groups cannot be chosen by it; leave out HAVING")


def _grouping(
    bound: Bound,
    select: exp.Select,
    owner: Owner,
    keys: Sequence[exp.Expr],
    chosen: Sequence[exp.Expr],
    behind: Sequence[exp.Expr],
) -> Grouping:
    tree = _of_all_rows(select, owner, chosen)
    everybody = exp.Count(this=exp.Star())
    counts = [everybody, *(filtered(count.copy(), chosen) for count in (everybody, *behind))]
    for number, column in enumerate([*(key.copy() for key in keys), *counts]):
        tree.append("expressions", exp.alias_(column, f"group_{number}", quoted=True))
    smallest = owner.relation.smallest_group
    named = ", ".join(sorted({str(use) for use in bound.uses if use.is_sensitive}))
    return Grouping(
        tree,
        len(select.selects),
        tuple(not owner.columns_in(key) for key in keys),
        smallest,
        _whole_number(tree.args.pop("limit", None)),
        _whole_number(tree.args.pop("offset", None)) or 0,
        f"Groups of fewer than {smallest} rows are left out, and others that would give them away, because "
        f"of what is confidential: {named}.",
    )


def _of_all_rows(select: exp.Select, owner: Owner, chosen: Sequence[exp.Expr]) -> exp.Select:
    """The statement with each confidential condition moved from the rows into the totals, so that groups and
    their sizes are what they are for everybody."""
    tree = select.copy()
    if not chosen:
        return tree
    joins = tree.args.get("joins") or ()
    for join in joins:
        join.set("on", None)
    for join in joins:
        join.set("kind", "CROSS")
    public = [item.copy() for item in conditions_of(select) if not owner.columns_in(item)]
    tree.set("where", exp.Where(this=exp.and_(*public)) if public else None)
    tree.set("expressions", [filtered(item, chosen) for item in tree.expressions])
    order = tree.args.get("order")
    if order is not None:
        tree.set("order", filtered(order, chosen))
    return tree


def _whole_number(node: exp.Expr | None) -> int | None:
    return None if node is None else int(node.args["expression"].name)


def _number(value: Value) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
