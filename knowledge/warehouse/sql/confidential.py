"""Which parts of a statement speak of confidential columns, and how such a part is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from knowledge.warehouse.errors import QueryRefused
from knowledge.warehouse.sql.binding import Bound, ColumnUse
from knowledge.warehouse.sql.relation import Relation


@dataclass(frozen=True, slots=True)
class Owner:
    """The one product whose confidential columns a statement uses, known there as `alias`. `use` is the first
    of them."""

    alias: str
    relation: Relation
    use: ColumnUse

    def columns_in(self, *nodes: exp.Expr) -> frozenset[str]:
        """The confidential columns any of these parts speaks of."""
        return frozenset(
            column.name
            for node in nodes
            for column in node.find_all(exp.Column)
            if column.table == self.alias and column.name in self.relation.sensitive
        )

    def is_plain(self, node: exp.Expr) -> bool:
        """Whether it speaks of confidential columns alone or not at all: of both, it could choose by one
        person's value and by who it is."""
        spoken_of = {(column.table, column.name) for column in node.find_all(exp.Column)}
        return not self.columns_in(node) or len(spoken_of) == 1


def owner_of(bound: Bound) -> Owner | None:
    """None where nothing confidential is used. Raises QueryRefused where it is of several tables."""
    uses = [use for use in bound.uses if use.is_sensitive]
    if not uses or uses[0].relation is None:
        return None
    other = next((use for use in uses if use.node.table != uses[0].node.table), None)
    if other is not None:
        refuse(
            uses[0], f"use no confidential column of another table, such as {other}, in the same statement"
        )
    return Owner(uses[0].node.table, uses[0].relation, uses[0])


def conditions_of(select: exp.Select) -> Iterator[exp.Expr]:
    """What has to hold of each row, in WHERE and ON, each term joined by AND by itself."""
    where = select.args.get("where")
    waiting = [where.this] if where else []
    waiting += [join.args["on"] for join in select.args.get("joins") or () if join.args.get("on")]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, exp.And):
            waiting += [node.left, node.right]
        elif isinstance(node, exp.Paren):
            waiting.append(node.this)
        else:
            yield node


def argument_of(total: exp.Expr) -> exp.Expr | None:
    """None where it counts rows, or several columns at once."""
    argument = total.this
    if isinstance(argument, exp.Distinct):
        argument = argument.expressions[0] if len(argument.expressions) == 1 else None
    return None if argument is None or isinstance(argument, exp.Star) else argument


def refuse(use: ColumnUse, instead: str) -> NoReturn:
    raise QueryRefused(
        f"The column {use} is confidential, so that it can only be used in plain totals: {instead}."
    )
