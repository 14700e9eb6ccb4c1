"""The warehouse as the crews' tools use it: one for a process, for any run, within the rights of each."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from crews.follow_up import WHY_PREFIX
from knowledge.search.access import AccessScope
from knowledge.warehouse.entity_profile import profile_entity
from knowledge.warehouse.policy import policy_for
from knowledge.warehouse.query import MetricQuery
from knowledge.warehouse.query_metrics import query_metrics
from knowledge.warehouse.resolve.break_down import break_down
from knowledge.warehouse.resolve.follow_up import complete_question
from knowledge.warehouse.resolve.suggest import Suggestions, suggest_queries
from knowledge.warehouse.resolve.values import ValueIndex, index_values
from knowledge.warehouse.result import NumberResult, Value
from knowledge.warehouse.sql.run import run_sql
from knowledge.warehouse.tables import open_tables
from knowledge.warehouse.warehouse import Warehouse
from ledger.artifacts import ArtifactStore
from ledger.data_class import DataClass, strictest

_MOST_INDEXES = 32

_Key = tuple[AccessScope, frozenset[str]]


@dataclass(slots=True)
class NumberDesk:
    """Keeps what each scope's values are for as long as the same loads are served. Safe to share between
    threads."""

    warehouse: Warehouse
    artifacts: ArtifactStore
    _indexes: OrderedDict[_Key, ValueIndex] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def suggest(self, scope: AccessScope, question: str, now: datetime) -> Suggestions:
        """Of one that asks why a figure is as it is, the queries that cut it into parts."""
        visible, values = self.known_to(scope)
        catalog, today = self.warehouse.catalog, now.date()
        if question.startswith(WHY_PREFIX):
            figure = suggest_queries(catalog, values, question.removeprefix(WHY_PREFIX), today, visible).best
            parts = break_down(catalog, values, figure, visible) if figure else None
            if parts is not None:
                return parts
        return suggest_queries(catalog, values, question, today, visible)

    def known_to(self, scope: AccessScope) -> tuple[frozenset[str], ValueIndex]:
        """The products the scope may read and that were loaded, and the values it sees there."""
        with open_tables(self.warehouse, scope) as tables:
            # Of what was never loaded there is nothing to say.
            visible = frozenset(tables.names()) & self.warehouse.served().keys()
        return visible, self._values(scope)

    def complete(self, scope: AccessScope, previous: str, fragment: str, now: datetime) -> str | None:
        """The earlier question with what the fragment of a follow-up names in place of its own."""
        visible, values = self.known_to(scope)
        return complete_question(self.warehouse.catalog, values, previous, fragment, now.date(), visible)

    def query(self, scope: AccessScope, query: MetricQuery, now: datetime) -> NumberResult:
        """Raises UnknownData, NotLoaded, QueryRefused, QueryTooLarge."""
        return query_metrics(self.warehouse, scope, query, now)

    def sql(self, scope: AccessScope, sql: str, now: datetime) -> NumberResult:
        """Raises QueryRefused, QueryTooLarge, UnknownData, NotLoaded."""
        return run_sql(self.warehouse, scope, sql, now)

    def profile(self, scope: AccessScope, entity: str, key: Value, now: datetime) -> NumberResult:
        """Raises UnknownData, NotLoaded, QueryRefused."""
        return profile_entity(self.warehouse, scope, entity, key, now)

    def data_class(self, scope: AccessScope, products: Iterable[str]) -> DataClass:
        """The strictest class among the columns of these products that the scope sees unmasked."""
        classes = [DataClass.INTERNAL]
        for name in products:
            product = self.warehouse.catalog.products.get(name)
            policy = None if product is None else policy_for(product, scope)
            if product is None or policy is None:
                # Figures of before the catalog changed.
                return DataClass.CONFIDENTIAL
            shown = (column for column in product.columns if column.name not in policy.masked)
            classes += [DataClass(column.classification) for column in shown]
        return strictest(classes)

    def _values(self, scope: AccessScope) -> ValueIndex:
        loads = frozenset(load.id for load in self.warehouse.served().values())
        key = (scope, loads)
        with self._lock:
            if key in self._indexes:
                self._indexes.move_to_end(key)
                return self._indexes[key]
        with open_tables(self.warehouse, scope) as tables:
            index = index_values(self.warehouse.catalog, tables)
        with self._lock:
            self._indexes[key] = index
            while len(self._indexes) > _MOST_INDEXES:
                self._indexes.popitem(last=False)
        return index
