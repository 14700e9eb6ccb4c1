"""What customers bring or send back, up to two months after they bought it."""

from datetime import date

import numpy as np

from examples.larkspur_data.assortment import Product
from examples.larkspur_data.days import FIRST_DAY, Ints, cumulate, pick, stream
from examples.larkspur_data.sales import ONLINE, Sales

_BY_CATEGORY = {
    "Footwear": 1.15,
    "Jackets": 1.2,
    "Layers": 1.1,
    "Packs": 0.55,
    "Camping": 0.5,
    "Climbing and snow": 0.25,
    "Accessories": 0.35,
}
_ONLINE, _STORE = 0.21, 0.06
_LONGEST_DAYS = 58
# As typed at different tills; the catalog brings each to one spelling.
_REASONS = (
    "wrong size",
    "not as expected",
    "faulty",
    "changed mind",
    "late delivery",
    "Wrong Size",
    "defect",
)
_REASON_SHARES = cumulate(np.array([0.36, 0.22, 0.11, 0.20, 0.05, 0.04, 0.02]))
_SHELVES = ("A", "B", "C", "D")
_SHELF_SHARES = cumulate(np.array([0.80, 0.12, 0.05, 0.03]))
# Rows of a till that had lost its connection: the orders they name do not exist.
_LOST_ORDERS = (date(2024, 6, 8), date(2025, 3, 15), date(2026, 2, 21))


def return_rows(
    sales: Sales, products: tuple[Product, ...], order_ids: list[str], last: date
) -> list[dict[str, object]]:
    """In the order in which they came back, those until `last`."""
    chance = np.array([_BY_CATEGORY.get(product.category, 0.0) for product in products])
    online = sales.channel[sales.of_order] == ONLINE
    chosen, draws = _draw(sales, chance[sales.product] * np.where(online, _ONLINE, _STORE))
    came = sales.day[sales.of_order][chosen] + 2 + (draws[1] ** 2 * _LONGEST_DAYS).astype(np.int64)
    in_order = np.lexsort((chosen, came))
    rows = [
        _row(sales, products, order_ids, int(chosen[at]), int(came[at]), draws[:, at])
        for at in in_order
        if came[at] <= last.toordinal()
    ]
    lost = [_lost_row(day, products) for day in _LOST_ORDERS if day <= last]
    return sorted([*rows, *lost], key=lambda row: str(row["returned_on"]))


def _draw(sales: Sales, chance: np.ndarray) -> tuple[Ints, np.ndarray]:
    """The lines that come back, and what is drawn for each; a day's lines have their own stream."""
    days = sales.day[sales.of_order]
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    drawn = [
        stream("returns", date.fromordinal(int(days[start]))).random((5, size))
        for start, size in zip(starts, np.diff(starts, append=len(days)), strict=True)
    ]
    draws = np.concatenate(drawn, axis=1)
    chosen = np.flatnonzero(draws[0] < chance)
    return chosen.astype(np.int64), draws[:, chosen]


def _row(
    sales: Sales, products: tuple[Product, ...], order_ids: list[str], at: int, came: int, draws: np.ndarray
) -> dict[str, object]:
    quantity = int(sales.quantity[at])
    back = 1 if draws[2] < 0.5 else quantity
    order = int(sales.of_order[at])
    return {
        "return_id": f"R-{order_ids[order]}-{int(sales.line[at])}",
        "order_id": order_ids[order],
        "line_no": int(sales.line[at]),
        "sku": products[int(sales.product[at])].sku,
        "returned_on": date.fromordinal(came).isoformat(),
        "quantity": back,
        # Text, because a JSON number is a floating one.
        "refund": f"{int(sales.net[at]) * back // quantity / 100:.2f}",
        "reason": _REASONS[int(pick(_REASON_SHARES, draws[3:4])[0])],
        "shelf": _SHELVES[int(pick(_SHELF_SHARES, draws[4:5])[0])],
    }


def _lost_row(day: date, products: tuple[Product, ...]) -> dict[str, object]:
    return {
        "return_id": f"R-LOST-{(day - FIRST_DAY).days}",
        "order_id": f"LOST-{(day - FIRST_DAY).days}",
        "line_no": 1,
        "sku": products[day.month].sku,
        "returned_on": day.isoformat(),
        "quantity": 1,
        "refund": "49.95",
        "reason": "changed mind",
        "shelf": "A",
    }
