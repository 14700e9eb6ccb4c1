"""Writes the tables of one day, and only if they are not there yet."""

from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from examples.larkspur_data.assortment import (
    PRODUCT_COLUMNS,
    SUPPLIER_COLUMNS,
    Product,
    build_products,
    product_rows,
    supplier_rows,
)
from examples.larkspur_data.customers import CUSTOMER_COLUMNS, customer_rows
from examples.larkspur_data.days import FIRST_DAY
from examples.larkspur_data.orders import ORDER_COLUMNS, line_columns, order_ids, order_rows
from examples.larkspur_data.pipelines import pipeline_rows
from examples.larkspur_data.returns import return_rows
from examples.larkspur_data.sales import Sales, build_sales
from examples.larkspur_data.stock import STOCK_COLUMNS, stock_rows
from examples.larkspur_data.stores import STORE_COLUMNS, Store, build_stores, store_rows
from examples.larkspur_data.supply import (
    BOOKING_COLUMNS,
    booking_rows,
    open_order_rows,
)
from examples.larkspur_data.supply import ORDER_COLUMNS as PURCHASE_COLUMNS
from examples.larkspur_data.tables import (
    euros,
    write_csv,
    write_excel,
    write_json,
    write_json_lines,
    write_parquet,
    write_sqlite,
)
from examples.larkspur_data.tickets import TICKET_COLUMNS, ticket_rows
from examples.larkspur_data.web import web_columns

# Counted up when the tables change, so that folders written before are written again.
EDITION = 2
MARKER = "written-for"


def ensure_data(folder: Path, today: date) -> None:
    """Leaves figures up to and including yesterday in `folder`. Raises ValueError for a day before there are
    any."""
    wanted = f"{today.isoformat()} edition {EDITION}\n"
    marker = folder / MARKER
    if marker.is_file() and marker.read_text("utf-8") == wanted:
        return
    if today <= FIRST_DAY:
        raise ValueError(f"The sample's figures begin on {FIRST_DAY}; {today} is not after that.")
    folder.mkdir(parents=True, exist_ok=True)
    # Gone while files are half written: who is interrupted begins again.
    marker.unlink(missing_ok=True)
    _write(folder, today)
    marker.write_text(wanted, "utf-8")


def _write(folder: Path, today: date) -> None:
    last = today - timedelta(days=1)
    stores, products = build_stores(), build_products()
    sales = build_sales(stores, products, last)
    _write_sales(folder, sales, stores, products, last)
    write_csv(folder / "stores.csv", STORE_COLUMNS, store_rows(stores))
    write_csv(folder / "products.csv", PRODUCT_COLUMNS, product_rows(products, last.year), ";")
    write_csv(folder / "customers.csv", CUSTOMER_COLUMNS, customer_rows(stores, last))
    write_excel(folder / "suppliers.xlsx", "Suppliers", SUPPLIER_COLUMNS, supplier_rows())
    write_sqlite(folder / "inventory.sqlite", "stock", STOCK_COLUMNS, stock_rows(products, today))
    write_csv(folder / "stock_bookings.csv", BOOKING_COLUMNS, booking_rows(products, last))
    write_csv(folder / "purchase_orders.csv", PURCHASE_COLUMNS, open_order_rows(products, last))
    write_parquet(folder / "web_sessions.parquet", web_columns(sales, last))
    write_csv(folder / "support_tickets.csv", TICKET_COLUMNS, ticket_rows(last))
    write_json(folder / "pipeline_runs.json", pipeline_rows(today))


def _write_sales(
    folder: Path, sales: Sales, stores: tuple[Store, ...], products: tuple[Product, ...], last: date
) -> None:
    ids = order_ids(sales)
    # A file of a year that an earlier, later-dated writing left would count as this one's.
    for old in folder.glob("orders-*.csv"):
        old.unlink()
    for year, rows in groupby(order_rows(sales, stores, ids), key=lambda pair: pair[0]):
        write_csv(folder / f"orders-{year}.csv", ORDER_COLUMNS, (row for _, row in rows))
    money = {
        "unit_price": euros(sales.price),
        "discount": euros(sales.discount),
        "net_amount": euros(sales.net),
        "cost": euros(sales.cost),
    }
    write_parquet(folder / "order_lines.parquet", line_columns(sales, products, ids) | money)
    write_json_lines(folder / "returns.jsonl", return_rows(sales, products, ids, last))
