"""Stock counts of the two distribution centres: the last day of every month, and each day lately.

The newest count is always `STALE_DAYS` old: the interface from the stock system has failed since, which is
what the sample shows a blocked product with.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from examples.larkspur_data.assortment import Product
from examples.larkspur_data.days import Floats, days_until, is_month_end, stream

STALE_DAYS = 10
_RECENT_DAYS = 35
_CENTRES = {"Millbrook": 1.3, "Osier Point": 1.0}
_EMPTY_BELOW = 0.22

STOCK_COLUMNS = [
    "counted_on TEXT",
    "centre TEXT",
    "sku TEXT",
    "on_hand INTEGER",
    "reserved INTEGER",
    "reorder_point INTEGER",
]


def stock_rows(products: tuple[Product, ...], today: date) -> Iterator[tuple[object, ...]]:
    newest = today - timedelta(days=STALE_DAYS)
    goods = [product for product in products if not product.is_service]
    for day in days_until(newest):
        if is_month_end(day) or day > newest - timedelta(days=_RECENT_DAYS):
            yield from count_stock(day, goods)


def count_stock(day: date, goods: list[Product]) -> Iterator[tuple[object, ...]]:
    """Of one day: between the level of this week's Monday and that of the next, so that neighbouring days are
    alike."""
    monday = day - timedelta(days=day.weekday())
    share = day.weekday() / 7
    for centre, size in _CENTRES.items():
        this, following = (
            _levels(centre, monday, len(goods)),
            _levels(centre, monday + timedelta(days=7), len(goods)),
        )
        level = this * (1 - share) + following * share
        reserved = stream(f"reserved {centre}", day).random(len(goods))
        for number, product in enumerate(goods):
            if product.launched > day:
                continue
            usual = product.weight * 9 * size
            full = max(level[number] - _EMPTY_BELOW, 0.0)
            on_hand = int(usual * 2 * full)
            yield (
                day.isoformat(),
                centre,
                product.sku,
                on_hand,
                int(on_hand * 0.2 * reserved[number]),
                int(usual * 0.4),
            )


def _levels(centre: str, monday: date, goods: int) -> Floats:
    drawn: Floats = stream(f"stock {centre}", monday).random(goods)
    return np.sqrt(drawn)
