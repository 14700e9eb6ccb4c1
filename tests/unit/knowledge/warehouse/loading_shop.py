"""A shop whose products are loaded from files its tests write, with checks of two kinds made here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import duckdb

from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.loading.load import load_products
from knowledge.warehouse.loading.quarantine import SUFFIX, KeptBackRow, KeptBackSummary, read_kept_back
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import ProductLoad
from ledger.db import Database
from ledger.workspace import open_workspace
from tests.stand_ins.warehouse import open_shop, write_workspace

_HEAD = """\
owner: sales@shop.example
steward: data@shop.example
description: What customers ordered
origin: the web shop
version: 1
"""
ORDERS = "shop.orders"


@dataclass(slots=True)
class Shop:
    """`now` is the database's clock unless a load is told otherwise."""

    db: Database
    folder: Path
    warehouse: Warehouse

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    def load(
        self,
        *names: str,
        now: datetime | None = None,
        connections: Mapping[str, str] | None = None,
    ) -> ProductLoad:
        """The last of what was loaded."""
        moment = now or self.db.clock.now()
        return load_products(
            self.warehouse,
            names or None,
            moment,
            lambda _: None,
            connections=connections,
        )[-1]

    def redefine(self, name: str, **parts: str) -> None:
        """Another file for the product `name`; its record of loads stays."""
        path = self.folder / "catalog" / "products" / f"{name}.yaml"
        path.write_text(product_file(name, **parts))
        catalog = load_catalog(open_workspace(self.folder))
        self.warehouse = Warehouse(self.db, catalog, self.warehouse.folder)

    def rows(self, name: str = ORDERS, columns: str = "*") -> list[tuple[Any, ...]]:
        """What is served, in the order of its first column."""
        path = self.warehouse.file_of(self.warehouse.served()[name])
        return duckdb.sql(f"SELECT {columns} FROM '{path}' ORDER BY 1").fetchall()

    def held(self, load: ProductLoad) -> tuple[KeptBackSummary, tuple[KeptBackRow, ...]]:
        path = self.warehouse.folder / load.product / f"{load.id}{SUFFIX}"
        return read_kept_back(path, self.warehouse.catalog.products[load.product], 100)


def product_file(name: str, columns: str, location: str, rest: str = "", head: str = _HEAD) -> str:
    """`columns` are items of YAML; `location` and `rest` stand as they are."""
    items = indent(dedent(columns).strip(), "  ")
    return f"name: {name}\n{head}location: {location}\ncolumns:\n{items}\n{dedent(rest)}"


def make_shop(db: Database, folder: Path, **products: Mapping[str, str]) -> Shop:
    """`products` by name with `__` for the point."""
    named = {name.replace("__", "."): parts for name, parts in products.items()}
    files = {f"products/{name}.yaml": product_file(name, **parts) for name, parts in named.items()}
    write_workspace(folder, ("everyone",), files)
    return Shop(db, folder, open_shop(db, folder))


def column(name: str, kind: str = "string", **rest: str) -> str:
    """One item of YAML; `rest` stand as they are."""
    parts = {"name": name, "type": kind, "description": name, **rest}
    return "- {" + ", ".join(f"{key}: {value}" for key, value in parts.items()) + "}"
