"""A company that orders reports: two years of orders that anybody there may read, their margins for Finance
alone, one market report, and four people of whom two may approve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any

from crews.bootstrap import build_step_runner, publish_workflows
from crews.step_runner import StepRunner
from knowledge.ingest import ingest
from knowledge.library import Library
from knowledge.search.copying import copy_index_folder
from knowledge.search.edge_store import EdgeStore
from knowledge.warehouse.warehouse import open_warehouse
from ledger.db import Database
from ledger.ids import new_id
from ledger.migrate import migrate
from ledger.people import sync_people
from ledger.reading import RunView, get_run_for_delivery
from ledger.runs import RunRequest, submit_run
from ledger.schema import OPEN_RUN_STATES
from ledger.settings import ModelCandidate, WorkerSettings
from ledger.workspace import open_workspace
from tests.model_cache import lend_models, packaged_embedder
from tests.stand_ins.warehouse import publish

ASKER, BOSS, TREASURER, CLERK = (f"{name}@shop.example" for name in ("asker", "boss", "treasurer", "clerk"))
BRIEF = "Board pack for Q3 2025"

_PEOPLE = """\
groups: {everyone: All of us, finance: Money}
people:
  - {email: asker@shop.example, name: Ada Asker, groups: [everyone], roles: [employee, manager]}
  - {email: boss@shop.example, name: Bo Boss, groups: [everyone], roles: [employee, manager]}
  - {email: treasurer@shop.example, name: Tre Asurer, groups: [everyone, finance], roles: [employee, manager]}
  - {email: clerk@shop.example, name: Cle Rk, groups: [everyone], roles: [employee]}
  - {email: engineer@shop.example, name: Eng Ineer, groups: [everyone], roles: [engineer]}
"""
# What a passage says besides what answers, in a sentence too long to be quoted with it: no writer of a report
# may ever see it.
UNQUOTED = f"The tea in the harbour office is {'green and black and ' * 30}white on Thursdays."
_OUTLOOK = f"""\
---
title: Market outlook
owner: insight@shop.example
updated: 2025-08-01
review_by: 2099-01-01
---
# Market outlook

## How fast the market grows

The market will grow by 3.1 percent in 2025. Most of that growth comes from higher prices. {UNQUOTED}

## Sales channels

Sales channels in the market develop unevenly: online sales reach 41 percent of the market by the end of 2025.
"""
_ORDERS = """\
    name: sales.orders
    owner: Sales
    steward: Data team
    description: Every order.
    origin: the till
    location: {format: csv, path: data/orders.csv}
    version: 1
    primary_key: [order_id]
    access: {groups: [everyone]}
    columns:
      - {name: order_id, type: integer, description: Its number.}
      - {name: ordered_on, type: date, description: The day.}
      - {name: region, type: string, description: Where.}
      - {name: amount, type: decimal, unit: EUR, description: Net.}
    """
_MARGINS = """\
    name: finance.margins
    owner: Finance
    steward: Data team
    description: What is left of every order.
    origin: the ledger
    location: {format: csv, path: data/margins.csv}
    version: 1
    primary_key: [order_id]
    access: {groups: [finance]}
    columns:
      - {name: order_id, type: integer, description: Its number.}
      - {name: ordered_on, type: date, description: The day.}
      - {name: margin, type: decimal, unit: EUR, description: What is left.}
    """
_SALES_MODEL = """\
    name: sales
    product: sales.orders
    description: Orders and what they bring.
    entity: order
    time: ordered_on
    dimensions:
      ordered_on: {description: The day., is_time: true}
      region: {description: Where it was sold.}
    metrics:
      revenue: {description: Net amount of all orders, expr: _.amount.sum(), owner: Finance, unit: EUR,
                format: currency, good: up}
      orders: {description: Number of orders, expr: _.count(), owner: Sales, unit: orders, format: integer,
               decimals: 0, good: up}
    """
_MARGIN_MODEL = """\
    name: margins
    product: finance.margins
    description: What is left of orders.
    entity: order
    time: ordered_on
    dimensions:
      ordered_on: {description: The day., is_time: true}
    metrics:
      gross_margin: {description: Revenue less cost, expr: _.margin.sum(), owner: Finance, unit: EUR,
                     format: currency, good: up}
    """
_FILES = {
    "catalog/products/orders.yaml": _ORDERS,
    "catalog/products/margins.yaml": _MARGINS,
    "catalog/metrics/sales.yaml": _SALES_MODEL,
    "catalog/metrics/margins.yaml": _MARGIN_MODEL,
    "catalog/key_figures.yaml": """\
    metrics: [sales.revenue, margins.gross_margin, sales.orders]
    dimensions: [sales.region]
    """,
    "documents/market/_meta.yaml": "defaults: {collection: market, groups: [everyone]}\n",
    "documents/market/outlook.md": _OUTLOOK,
    "workspace.yaml": "name: Shop\n",
    "people.yaml": _PEOPLE,
}
_REGIONS = ("North", "South", "Coast")


def order_rows() -> list[dict[str, Any]]:
    """One order for each third day of two years and region; those of the South grow."""
    rows: list[dict[str, Any]] = []
    day = date(2024, 1, 1)
    while day <= date(2025, 12, 31):
        for at, region in enumerate(_REGIONS):
            growth = 25 if region == "South" and day.year == 2025 else 0
            amount = Decimal(100 + 10 * at + day.month + growth) + Decimal("0.40")
            number = len(rows) + 1
            rows.append({"order_id": number, "ordered_on": day, "region": region, "amount": amount})
        day += timedelta(days=3)
    return rows


def margin_rows() -> list[dict[str, Any]]:
    return [
        {"order_id": row["order_id"], "ordered_on": row["ordered_on"], "margin": row["amount"] / 4}
        for row in order_rows()
    ]


def revenue_of(first: date, last: date, region: str | None = None) -> Decimal:
    rows = (row for row in order_rows() if first <= row["ordered_on"] <= last)
    return sum((row["amount"] for row in rows if region in (None, row["region"])), Decimal())


@dataclass(frozen=True, slots=True)
class ReportShop:
    """A folder with the workspace in `company`, and in `var` all that Crewdesk keeps of it."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "company"

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.var / 'crewdesk.db'}"

    @property
    def files(self) -> Path:
        return self.var / "artifacts"

    def copy_to(self, folder: Path) -> "ReportShop":
        """The same with a ledger of its own."""
        copy_index_folder(self.folder, folder)
        return ReportShop(folder)

    def library(self, db: Database) -> Library:
        return Library(db, EdgeStore(self.var / "search"), packaged_embedder())

    def runner(self, db: Database, library: Library, *models: ModelCandidate) -> StepRunner:
        settings = WorkerSettings(var=self.var, workspace=self.workspace, models=models)
        return build_step_runner(settings, db, lambda: library)[0]


def make_report_shop(folder: Path, changes: Mapping[str, str] | None = None) -> ReportShop:
    """`changes` are other files, or other texts of these, by path."""
    shop = ReportShop(folder)
    for name, text in {**_FILES, **(changes or {})}.items():
        path = shop.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    lend_models(shop.var)
    db = Database(shop.url)
    migrate(db)
    workspace = open_workspace(shop.workspace)
    sync_people(db, workspace.people)
    publish_workflows(db, shop.workspace)
    warehouse = open_warehouse(db, workspace, shop.var)
    publish(warehouse, "sales.orders", order_rows())
    publish(warehouse, "finance.margins", margin_rows())
    library = shop.library(db)
    ingest(db, workspace, library, lambda _progress: None)
    library.close()
    db.close()
    return shop


def order_report(db: Database, brief: str = BRIEF, principal: str = ASKER, **changes: Any) -> str:
    request = {"workflow": "report", "principal": principal, "question": brief, "source": "api"}
    values = {**request, "external_id": new_id(), **changes}
    return submit_run(db, RunRequest.model_validate(values)).run_id


def ended(db: Database, run_id: str) -> RunView:
    view = get_run_for_delivery(db, run_id)
    assert view.state not in OPEN_RUN_STATES, view.progress
    return view
