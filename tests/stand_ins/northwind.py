"""A workspace over the Northwind tables, with the catalog an analyst would write for them.

Products are declared as any workspace declares them, so a real load reads them too; `publish_northwind` puts
the same rows straight into a warehouse.
"""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from knowledge.warehouse.spec import FileLocation, ViewLocation
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import LoadState, ProductLoad, record_load
from ledger.db import Database
from ledger.ids import new_id
from tests.stand_ins.northwind_models import MODELS
from tests.stand_ins.warehouse import ARROW_TYPES, open_shop, write_workspace

DATA = Path(__file__).parents[3] / "shared" / "data" / "northwind"

# Each table's key and columns; a type that is not text after a colon, `!` where it is personal.
_TABLES: Mapping[str, tuple[str, str, str]] = {
    "categories": ("category_id", "The groups products are sorted into",
        "category_id:integer category_name description"),
    "customers": ("customer_id", "The companies that buy from Northwind",
        "customer_id company_name contact_name! contact_title address! city region postal_code!"
            " country phone! "
        "fax!"),
    "employees": ("employee_id", "Everybody who works for Northwind",
        "employee_id:integer last_name first_name title birth_date:date! hire_date:date address! city region "
        "postal_code! country home_phone! reports_to:integer"),
    "order_details": ("order_id product_id", "What was ordered: one row for each product of an order",
        "order_id:integer product_id:integer unit_price:decimal quantity:integer discount:decimal"),
    "orders": ("order_id", "Every order a customer placed",
        "order_id:integer customer_id employee_id:integer order_date:date required_date:date"
            " shipped_date:date "
        "ship_via:integer freight:decimal ship_name! ship_address! ship_city ship_region ship_postal_code! "
        "ship_country"),
    "products": ("product_id", "What Northwind sells, and how much of it is in stock",
        "product_id:integer product_name supplier_id:integer category_id:integer quantity_per_unit "
        "unit_price:decimal units_in_stock:integer units_on_order:integer reorder_level:integer "
        "discontinued:integer"),
    "region": ("region_id", "The four sales regions", "region_id:integer region_description"),
    "shippers": ("shipper_id", "The companies that carry orders", "shipper_id:integer company_name phone"),
    "suppliers": ("supplier_id", "The companies that Northwind buys from",
        "supplier_id:integer company_name contact_name! contact_title address! city region"
            " postal_code country "
        "phone! fax!"),
    "territories": ("territory_id", "The areas employees are responsible for",
        "territory_id territory_description region_id:integer"),
    "us_states": ("state_id", "The states of the USA",
        "state_id:integer state_name state_abbr state_region"),
}  # fmt: skip

_VIEWS: Mapping[str, tuple[str, str, str, str]] = {
    "order_lines": ("order_id product_id", "What was ordered, with the order's date and parties",
        "order_id:integer product_id:integer unit_price:decimal quantity:integer discount:decimal"
            " order_date:date "
        "customer_id employee_id:integer ship_via:integer",
        """SELECT d.order_id, d.product_id, d.unit_price, d.quantity, d.discount, o.order_date, o.customer_id,
           o.employee_id, o.ship_via FROM northwind.order_details AS d
           JOIN northwind.orders AS o ON o.order_id = d.order_id"""),
    "customer_activity": ("customer_id", "Customers, with how many orders each has placed",
        "customer_id company_name contact_name! contact_title city region country phone!"
            " orders_placed:integer",
        """SELECT c.customer_id, c.company_name, c.contact_name, c.contact_title, c.city, c.region, c.country,
           c.phone, count(o.order_id) AS orders_placed FROM northwind.customers AS c
           LEFT JOIN northwind.orders AS o ON o.customer_id = c.customer_id
           GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""),
    "staff": ("employee_id", "Employees, with the name of whom each reports to",
        "employee_id:integer full_name title city country hire_date:date birth_date:date!"
            " home_phone! manager",
        """SELECT e.employee_id, e.first_name || ' ' || e.last_name AS full_name, e.title, e.city, e.country,
           e.hire_date, e.birth_date, e.home_phone, m.first_name || ' ' || m.last_name AS manager
           FROM northwind.employees AS e
           LEFT JOIN northwind.employees AS m ON m.employee_id = e.reports_to"""),
}  # fmt: skip


def write_northwind(folder: Path) -> None:
    """The whole workspace, with copies of the tables under `data/`."""
    files = {f"products/{name}.yaml": yaml.safe_dump(spec) for name, spec in _products().items()}
    files |= {f"metrics/{name}.yaml": text for name, text in MODELS.items()}
    write_workspace(folder, ["everyone"], files)
    (folder / "data").mkdir(exist_ok=True)
    for name in _TABLES:
        shutil.copyfile(DATA / f"{name}.csv", folder / "data" / f"{name}.csv")


def publish_northwind(db: Database, folder: Path) -> Warehouse:
    """Of a workspace that `write_northwind` wrote."""
    warehouse = open_shop(db, folder)
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA northwind")
    for product in sorted(
        warehouse.catalog.products.values(), key=lambda item: isinstance(item.location, ViewLocation)
    ):
        if isinstance(product.location, FileLocation):
            source = (
                f"SELECT * FROM read_csv('{folder / product.location.path}', all_varchar=true, nullstr='')"
            )
        else:
            assert isinstance(product.location, ViewLocation)
            source = product.location.sql
        typed = ", ".join(
            f"CAST({column.name} AS {_SQL_TYPES[column.type.value]}) AS {column.name}"
            for column in product.columns
        )
        connection.execute(f"CREATE TABLE {product.name} AS SELECT {typed} FROM ({source})")
        rows = connection.sql(f"SELECT * FROM {product.name}").to_arrow_table()
        schema = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in product.columns])
        _publish(warehouse, product.name, rows.cast(schema))
    connection.close()
    return warehouse


_SQL_TYPES = {
    "string": "VARCHAR", "integer": "BIGINT", "decimal": "DECIMAL(18, 2)", "float": "DOUBLE",
    "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
}  # fmt: skip


def _publish(warehouse: Warehouse, name: str, rows: pa.Table) -> None:
    load_id = new_id()
    path = warehouse.folder / name / f"{load_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    record_load(
        warehouse.db,
        ProductLoad(
            id=load_id,
            product=name,
            state=LoadState.PUBLISHED,
            reason=None,
            schema_version=1,
            columns=tuple((field.name, str(field.type)) for field in rows.schema),
            loaded_at=warehouse.db.clock.now(),
            as_of=datetime(1998, 5, 6, tzinfo=UTC),
            rows=rows.num_rows,
            kept_back=0,
            size_bytes=path.stat().st_size,
            file=f"{name}/{load_id}.parquet",
            fingerprint=load_id,
        ),
    )


def _products() -> dict[str, dict[str, Any]]:
    found = {}
    for name, (key, description, columns) in _TABLES.items():
        location = {"format": "csv", "path": f"data/{name}.csv"}
        found[name] = _product(name, key, description, columns, location)
    for name, (key, description, columns, sql) in _VIEWS.items():
        found[name] = _product(
            name, key, description, columns, {"format": "view", "sql": " ".join(sql.split())}
        )
    return found


def _product(name: str, key: str, description: str, columns: str, location: dict[str, str]) -> dict[str, Any]:
    return {
        "name": f"northwind.{name}",
        "owner": "Sales operations",
        "steward": "The data desk",
        "description": description,
        "origin": "The order system of Northwind Traders",
        "location": location,
        "version": 1,
        "refresh": "by hand",
        "columns": [_column(text) for text in columns.split()],
        "primary_key": key.split(),
    }


def _column(text: str) -> dict[str, str]:
    name, _, kind = text.rstrip("!").partition(":")
    spelled = name.replace("_", " ")
    return {
        "name": name,
        "type": kind or "string",
        "description": spelled[:1].upper() + spelled[1:],
        "classification": "pii" if text.endswith("!") else "internal",
    }
