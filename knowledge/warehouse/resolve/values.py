"""The values that dimensions take, so that "Germany" in a question is found to be a country.

It is built of the policed tables of one principal: a value they may not see is not in it, and cannot be
suggested, completed or confirmed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr import types as ir

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import NotLoaded
from knowledge.warehouse.expressions import bind_expression, columns_used
from knowledge.warehouse.policy import empty_table
from knowledge.warehouse.resolve.word_lists import STOP_WORDS
from knowledge.warehouse.resolve.words import Token, slips_between, tokens_of
from knowledge.warehouse.statement import run_statement, statement_of

MOST_VALUES = 2_000
_YES_AND_NO = frozenset({"yes", "no", "true", "false", "y", "n"})


class ValueKind(StrEnum):
    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class DimensionFacts:
    """`values` are the texts it takes, the most frequent first; `is_complete` says whether that is all of
    them. `earliest` and `latest` are of dimensions of time. `yes` and `no` are what a flag has for them."""

    kind: ValueKind
    values: tuple[str, ...] = ()
    is_complete: bool = True
    earliest: date | None = None
    latest: date | None = None
    yes: Any = True
    no: Any = False


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """The words from `start` to before `end` mean `value` of `dimension`; `strength` is 1 where they are it
    to the letter."""

    start: int
    end: int
    dimension: str
    value: str
    strength: float


class ReadableTables(Protocol):
    """What the index is built of: tables as one principal may see them, and where they are read."""

    @property
    def connection(self) -> Backend: ...

    def names(self) -> tuple[str, ...]: ...

    def table(self, name: str) -> ir.Table: ...

    def masked(self, name: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class ValueIndex:
    """By `model.dimension`, what is known of its values."""

    facts: Mapping[str, DimensionFacts] = field(default_factory=dict)

    def range_of(self, dimension: str) -> tuple[date, date] | None:
        """The first and the last day there is data for."""
        known = self.facts.get(dimension)
        if known is None or known.earliest is None or known.latest is None:
            return None
        return known.earliest, known.latest

    def matches(self, tokens: Sequence[Token]) -> list[ValueMatch]:
        """Every run of words that is a value, its plural or singular, or a slip of the keys away from one."""
        found: list[ValueMatch] = []
        words = [(place, token) for place, token in enumerate(tokens) if not token.is_mark]
        for first in range(len(words)):
            for last in range(first, min(first + self._longest, len(words))):
                found += self._match(
                    [token for _, token in words[first : last + 1]], words[first][0], words[last][0] + 1
                )
        return found

    def part_matches(self, token: Token, place: int) -> list[ValueMatch]:
        """Values of which this is one of several words, such as a surname; at most five a dimension."""
        by_dimension: dict[str, list[str]] = defaultdict(list)
        for dimension, value in self._by_word.get(token.key, ()):
            by_dimension[dimension].append(value)
        return [
            ValueMatch(place, place + 1, dimension, value, 0.85 if len(values) == 1 else 0.5)
            for dimension, values in by_dimension.items()
            if len(values) <= 5
            for value in values
        ]

    def _match(self, words: list[Token], start: int, end: int) -> list[ValueMatch]:
        if len(words) == 1 and not _may_be_value(words[0]):
            return []
        stems = tuple(word.stem for word in words)
        keys = tuple(word.key for word in words)
        exact = [
            ValueMatch(start, end, dimension, value, 1.0 if keys == theirs else 0.97)
            for dimension, value, theirs in self._by_stems.get(stems, ())
        ]
        return exact or self._misspelt(keys, start, end)

    def _misspelt(self, keys: tuple[str, ...], start: int, end: int) -> list[ValueMatch]:
        text = " ".join(keys)
        if len(text) < 6 or any(character.isdigit() for character in text):
            return []
        if keys[0] in STOP_WORDS or keys[-1] in STOP_WORDS:
            return []
        most = 2 if len(text) >= 9 else 1
        return [
            ValueMatch(start, end, dimension, value, 0.9)
            for dimension, value, theirs in self._by_letter.get((len(keys), text[0]), ())
            if 0 < slips_between(text, theirs, most) <= most
        ]

    @cached_property
    def _texts(self) -> list[tuple[str, str, list[Token]]]:
        found = []
        for dimension, known in self.facts.items():
            for value in known.values if known.kind is ValueKind.TEXT else ():
                words = [token for token in tokens_of(value) if not token.is_mark]
                if words:
                    found.append((dimension, value, words))
        return found

    @cached_property
    def _longest(self) -> int:
        return min(12, max((len(words) for _, _, words in self._texts), default=0))

    @cached_property
    def _by_stems(self) -> dict[tuple[str, ...], list[tuple[str, str, tuple[str, ...]]]]:
        found: dict[tuple[str, ...], list[tuple[str, str, tuple[str, ...]]]] = defaultdict(list)
        for dimension, value, words in self._texts:
            keys = tuple(word.key for word in words)
            found[tuple(word.stem for word in words)].append((dimension, value, keys))
        return dict(found)

    @cached_property
    def _by_letter(self) -> dict[tuple[int, str], list[tuple[str, str, str]]]:
        found: dict[tuple[int, str], list[tuple[str, str, str]]] = defaultdict(list)
        for dimension, value, words in self._texts:
            text = " ".join(word.key for word in words)
            found[len(words), text[0]].append((dimension, value, text))
        return dict(found)

    @cached_property
    def _by_word(self) -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for dimension, value, words in self._texts:
            for key in {word.key for word in words} if 1 < len(words) <= 5 else ():
                found[key].append((dimension, value))
        return dict(found)


def index_values(catalog: Catalog, tables: ReadableTables, most: int = MOST_VALUES) -> ValueIndex:
    """Of every dimension of every model whose product is readable and loaded; masked columns are left out.
    Raises ExpressionInvalid."""
    facts: dict[str, DimensionFacts] = {}
    readable = frozenset(tables.names())
    for model in catalog.models.values():
        if model.product not in readable:
            continue
        try:
            table = tables.table(model.product)
        except NotLoaded:
            continue
        masked = frozenset(tables.masked(model.product))
        # As it is declared: a mask may have left a column no type the expression could be bound to.
        declared = empty_table(catalog.products[model.product])
        for name, dimension in model.dimensions.items():
            expression = dimension.expr or f"_.{name}"
            if masked & columns_used(bind_expression(expression, declared), declared):
                continue
            column = bind_expression(expression, table)
            found = _facts(tables.connection, table.select(value=column), most)
            if found is not None:
                facts[f"{model.name}.{name}"] = found
    return ValueIndex(facts)


def _facts(connection: Backend, values: ir.Table, most: int) -> DimensionFacts | None:
    column = values.value
    kind = column.type()
    if kind.is_boolean():
        return DimensionFacts(ValueKind.FLAG)
    if kind.is_integer() and _rows(connection, values.aggregate(column.isin([0, 1]).all()))[0][0]:
        return DimensionFacts(ValueKind.FLAG, yes=1, no=0)
    if kind.is_numeric():
        return DimensionFacts(ValueKind.NUMBER)
    if kind.is_date() or kind.is_timestamp():
        first, last = _rows(connection, values.aggregate([column.min(), column.max()]))[0]
        return DimensionFacts(ValueKind.TIME, earliest=_day(first), latest=_day(last))
    return _texts(connection, values, most) if kind.is_string() else None


def _rows(connection: Backend, table: ir.Table) -> list[tuple[Any, ...]]:
    return run_statement(connection, statement_of(table)).rows


def _texts(connection: Backend, values: ir.Table, most: int) -> DimensionFacts:
    counted = values.filter(values.value.notnull()).group_by("value").aggregate(rows=lambda t: t.count())
    ordered = _rows(connection, counted.order_by([ibis.desc("rows"), "value"]).limit(most + 1))
    texts = tuple(text for text, _ in ordered[:most])
    if texts and {text.casefold() for text in texts} <= _YES_AND_NO:
        yes = next((text for text in texts if text.casefold()[0] in "yt"), "yes")
        no = next((text for text in texts if text.casefold()[0] in "nf"), "no")
        return DimensionFacts(ValueKind.FLAG, yes=yes, no=no)
    return DimensionFacts(ValueKind.TEXT, texts, is_complete=len(ordered) <= most)


def _day(moment: date | datetime | None) -> date | None:
    return moment.date() if isinstance(moment, datetime) else moment


def _may_be_value(token: Token) -> bool:
    """A stop word or a very short one counts only in capitals: US, IT."""
    if token.key in STOP_WORDS or len(token.key) < 3:
        return len(token.text) > 1 and token.text.isupper()
    return True
