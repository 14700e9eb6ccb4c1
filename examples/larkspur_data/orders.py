"""The order files of each year, typed the way each year's till software did, and their lines."""

from collections.abc import Iterator
from datetime import date

import numpy as np

from examples.larkspur_data.assortment import Product
from examples.larkspur_data.customers import customer_id
from examples.larkspur_data.sales import PAYMENTS, Sales
from examples.larkspur_data.stores import ONLINE, Store

ORDER_COLUMNS = ["order_id", "ordered_on", "channel", "store_id", "customer_id", "payment", "order_total"]

_CHANNELS = ("Store", "Online", "Rental and repair")
_CHANNELS_AS_TYPED = ("STORE", "web shop", "rental/repair")
# Some tills wrote dates in their own way after the change of software.
_FORMATS = {2024: ("%d/%m/%Y",), 2025: ("%Y-%m-%d",)}
_LATER_FORMATS = ("%Y-%m-%d",) * 9 + ("%d.%m.%Y", "%d %b %Y")
# The first order of these days has a total its lines do not add up to; that of the others stands twice.
WRONG_TOTALS = (date(2025, 8, 14), date(2026, 3, 3), date(2026, 7, 20), date(2026, 9, 9))
TWICE = (date(2024, 4, 6), date(2024, 11, 30), date(2025, 6, 21), date(2026, 1, 17), date(2026, 8, 1))


def order_ids(sales: Sales) -> list[str]:
    prefix = {int(day): f"{date.fromordinal(int(day)):%y%m%d}" for day in np.unique(sales.day)}
    return [
        f"{prefix[day]}-{number:04d}"
        for day, number in zip(sales.day.tolist(), sales.number.tolist(), strict=True)
    ]


def order_rows(sales: Sales, stores: tuple[Store, ...], ids: list[str]) -> Iterator[tuple[int, list[object]]]:
    """Each with its year."""
    totals = np.bincount(sales.of_order, weights=sales.net, minlength=len(ids)).astype(np.int64).tolist()
    columns = (sales.day, sales.number, sales.channel, sales.store, sales.customer, sales.payment)
    days = {int(day): date.fromordinal(int(day)) for day in np.unique(sales.day)}
    written: dict[tuple[int, str], str] = {}
    for at, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        ordinal, number, channel, store, customer, payment = values
        day = days[ordinal]
        formats = _FORMATS.get(day.year, _LATER_FORMATS)
        style = formats[number % len(formats)]
        if (ordinal, style) not in written:
            written[ordinal, style] = day.strftime(style)
        wrong = 9 if number == 1 and day in WRONG_TOTALS else 0
        row: list[object] = [
            ids[at],
            written[ordinal, style],
            (_CHANNELS_AS_TYPED if number % 23 == 0 else _CHANNELS)[channel],
            ONLINE if store < 0 else stores[store].id,
            "" if customer < 0 else customer_id(customer),
            PAYMENTS[payment],
            f"{totals[at] / 100 + wrong:.2f}",
        ]
        yield day.year, row
        if number == 1 and day in TWICE:
            yield day.year, row


def line_columns(sales: Sales, products: tuple[Product, ...], ids: list[str]) -> dict[str, object]:
    """Money still in cents."""
    orders = sales.of_order.tolist()
    skus = [product.sku for product in products]
    return {
        "line_id": [f"{ids[order]}-{line}" for order, line in zip(orders, sales.line.tolist(), strict=True)],
        "order_id": [ids[order] for order in orders],
        "line_no": sales.line,
        "sku": [skus[product] for product in sales.product.tolist()],
        "quantity": sales.quantity,
    }
