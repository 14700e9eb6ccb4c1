"""A small shop for free SQL: some rows are only for some, names are masked, salaries are confidential, and
one product is nobody's who asks here. Whatever must not come out holds the word SECRET or the number 666."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from knowledge.search.access import AccessScope
from knowledge.warehouse.errors import NotLoaded, UnknownData
from knowledge.warehouse.result import Quality
from knowledge.warehouse.spec import Classification, DataProduct, MaskKind
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad
from ledger.db import Database
from tests.stand_ins.warehouse import open_shop, publish, write_workspace

NORTH = AccessScope(frozenset({"everyone", "north"}))
_HEAD = """\
owner: data@shop.example
steward: data@shop.example
description: For tests
origin: The till
location: {{format: csv, path: data/{name}.csv}}
version: 1
"""
_ORDERS = """\
name: commerce.orders
upstream: [crm.customers, board.plans, Till]
columns:
  - {name: id, type: integer, description: Number}
  - {name: customer_id, type: integer, description: Who}
  - {name: region, type: string, description: Where}
  - {name: net, type: decimal, description: How much, unit: EUR}
  - {name: day, type: date, description: When}
  - {name: at, type: timestamp, description: When exactly}
  - {name: paid, type: boolean, description: Whether it is paid}
access:
  rows:
    - {groups: [north], where: "region = 'north'"}
"""
_CUSTOMERS = """\
name: crm.customers
columns:
  - {name: id, type: integer, description: Number}
  - {name: name, type: string, description: Name, classification: pii, mask: partial}
  - {name: email, type: string, description: Address, classification: pii, mask: hash}
  - {name: phone, type: string, description: Number, classification: pii}
  - {name: segment, type: string, description: Kind}
primary_key: [id]
access:
  unmasked: {name: [board], email: [board], phone: [board]}
"""
_STAFF = """\
name: hr.staff
columns:
  - {name: id, type: integer, description: Number}
  - {name: name, type: string, description: Name}
  - {name: team, type: string, description: Team}
  - {name: hired, type: date, description: Since when}
  - {name: hours, type: integer, description: A week}
  - {name: salary, type: decimal, description: Pay, classification: confidential, unit: EUR}
  - {name: bonus, type: integer, description: On top, classification: confidential}
  - {name: grade, type: string, description: What step, classification: confidential}
primary_key: [id]
"""
_TEAM = """\
name: hr.teams
columns:
  - {name: team, type: string, description: Team}
  - {name: floor, type: integer, description: Where it sits}
primary_key: [team]
"""
_PLANS = """\
name: board.plans
columns:
  - {name: id, type: integer, description: Number}
  - {name: plan, type: string, description: What is planned}
access:
  groups: [board]
"""
_TEAMS = {"Tills": 6, "Stores": 7, "Legal": 2}


def make_shop(db: Database, folder: Path, hidden: str = "SECRET") -> Warehouse:
    """With another word for `hidden`, all that may not be seen is another, and there are more such rows."""
    files = {}
    products = {
        "orders": _ORDERS,
        "customers": _CUSTOMERS,
        "staff": _STAFF,
        "teams": _TEAM,
        "plans": _PLANS,
    }
    for name, text in products.items():
        first, _, rest = text.partition("\n")
        files[f"products/{name}.yaml"] = f"{first}\n{_HEAD.format(name=name)}{rest}"
    write_workspace(folder, ("everyone", "north", "board"), files)
    shop = open_shop(db, folder)
    publish(shop, "commerce.orders", orders(hidden))
    publish(shop, "crm.customers", customers(hidden), as_of=db.clock.now() - timedelta(days=1))
    publish(shop, "hr.staff", staff())
    publish(shop, "hr.teams", teams())
    publish(shop, "board.plans", [{"id": 666, "plan": "SECRET merger"}])
    return shop


def orders(hidden: str = "SECRET") -> list[dict[str, Any]]:
    """Every third is of the south, and is 666.00."""
    more = 0 if hidden == "SECRET" else 30
    return [
        {
            "id": number,
            "customer_id": number % 10,
            "region": f"{hidden} south" if number % 3 == 0 or number >= 60 else "north",
            "net": Decimal(666 + more) if number % 3 == 0 else Decimal(number) + Decimal("0.25"),
            "day": date(2026, 1, 1) + timedelta(days=number),
            "at": datetime(2026, 1, 1, 8) + timedelta(hours=number),  # noqa: DTZ001  as it is published
            "paid": number % 2 == 0,
        }
        for number in range(60 + more)
    ]


def customers(hidden: str = "SECRET") -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": f"{'AB'[number % 2] if hidden == 'SECRET' else 'Z'}-{hidden}-{number}",
            "email": f"{hidden}{number % 7 if hidden != 'SECRET' else number}@shop.example",
            "phone": f"666-{number}" if hidden == "SECRET" or number % 2 else None,
            "segment": "new" if number % 2 else "old",
        }
        for number in range(10)
    ]


def staff() -> list[dict[str, Any]]:
    people = [team for team, count in _TEAMS.items() for _ in range(count)]
    return [
        {
            "id": number,
            "name": f"Person {number}",
            "team": team,
            "hired": date(2020, 1, 1) + timedelta(days=40 * number),
            "hours": 40,
            "salary": Decimal("66600.00") if team == "Legal" else Decimal(1000 * (number + 1)),
            "bonus": 666 if team == "Legal" else number % 4 * 10 or None,
            "grade": "SECRET" if team == "Legal" else "ABB"[number % 3],
        }
        for number, team in enumerate(people)
    ]


def teams() -> list[dict[str, Any]]:
    return [{"team": team, "floor": min(number, 1)} for number, team in enumerate(_TEAMS)]


class FilePolicy:
    """The policy in SQL by hand: rows by rule, columns by mask, straight from the published file."""

    def __init__(self, warehouse: Warehouse, scope: AccessScope) -> None:
        self._warehouse, self._scope = warehouse, scope
        self._products = {
            name: product
            for name, product in warehouse.catalog.products.items()
            if scope.allows(product.access.groups)
        }

    def names(self) -> Sequence[str]:
        return tuple(self._products)

    def product(self, name: str) -> DataProduct:
        if name not in self._products:
            raise UnknownData(name)
        return self._products[name]

    def masked(self, name: str) -> Mapping[str, MaskKind]:
        product = self.product(name)
        unmasked = product.access.unmasked
        return {
            column.name: column.mask
            for column in product.columns
            if (column.name in unmasked or column.classification is Classification.PII)
            and not self._scope.allows(unmasked.get(column.name, ()))
        }

    def load(self, name: str) -> ProductLoad:
        loads = self._warehouse.served()
        if name not in loads:
            raise NotLoaded(name)
        return loads[name]

    def select_sql(self, name: str, columns: Sequence[str]) -> str:
        masked = self.masked(name)
        shown = ", ".join(f'{_shown(column, masked.get(column))} AS "{column}"' for column in columns)
        rules = [
            rule.where
            for rule in self.product(name).access.rows
            if not self._scope.groups.isdisjoint(rule.groups)
        ]
        where = " OR ".join(rules) or ("false" if self.product(name).access.rows else "true")
        path = self._warehouse.file_of(self.load(name))
        return f"SELECT {shown} FROM read_parquet('{path}') WHERE {where}"


@contextmanager
def file_policy(warehouse: Warehouse, scope: AccessScope) -> Iterator[FilePolicy]:
    yield FilePolicy(warehouse, scope)


def all_well(*_: object) -> Quality:
    return Quality()


def _shown(column: str, kind: MaskKind | None) -> str:
    if kind is None:
        return f'"{column}"'
    if kind is MaskKind.HASH:
        return f"md5('salt' || \"{column}\")"
    if kind is MaskKind.PARTIAL:
        return f"left(\"{column}\", 1) || '***'"
    return "NULL"
