"""Visits to the online shop by day, device and where they came from; the orders are those of the sales."""

from datetime import date

import numpy as np

from examples.larkspur_data.days import Floats, cumulate, days_until, pick, stream
from examples.larkspur_data.sales import ONLINE, Sales

DEVICES = ("mobile", "desktop", "tablet")
SOURCES = ("search", "direct", "e-mail", "social", "adverts")
_VISITS = np.outer([0.62, 0.32, 0.06], [0.36, 0.22, 0.12, 0.13, 0.17]).ravel()
# Orders by a hundred visits.
_CONVERSION = np.outer([1.9, 3.4, 2.6], [1.0, 1.3, 1.5, 0.5, 0.7]).ravel() / 100
_YEARLY_GAIN = 0.03


def web_columns(sales: Sales, last: date) -> dict[str, list[object]]:
    orders_on = np.bincount(sales.day[sales.channel == ONLINE], minlength=last.toordinal() + 1)
    columns: dict[str, list[object]] = {
        name: [] for name in ("day", "device", "source", "sessions", "product_views", "carts", "orders")
    }
    cells = [(device, source) for device in DEVICES for source in SOURCES]
    for day in days_until(last):
        rng = stream("web", day)
        orders, sessions = _visits(rng, int(orders_on[day.toordinal()]), day)
        views = np.floor(sessions * (3.2 + rng.random(len(cells)))).astype(np.int64)
        carts = orders + np.floor(sessions * 0.05 * (0.8 + 0.4 * rng.random(len(cells)))).astype(np.int64)
        columns["day"] += [day] * len(cells)
        columns["device"] += [device for device, _ in cells]
        columns["source"] += [source for _, source in cells]
        for name, values in (
            ("sessions", sessions),
            ("product_views", views),
            ("carts", carts),
            ("orders", orders),
        ):
            columns[name] += values.tolist()
    return columns


def _visits(rng: np.random.Generator, orders: int, day: date) -> tuple[np.ndarray, np.ndarray]:
    """Orders by cell, and visits around what these need at the usual conversion."""
    shares: Floats = cumulate(_VISITS * _CONVERSION)
    by_cell = np.bincount(pick(shares, rng.random(orders)), minlength=len(_VISITS))
    usual = float((_VISITS * _CONVERSION).sum()) * (1 + _YEARLY_GAIN) ** (day.year - 2024)
    swing = 0.9 + 0.2 * rng.random(len(_VISITS))
    sessions = np.floor(max(orders, 12) / usual * _VISITS * swing).astype(np.int64)
    return by_cell, np.maximum(sessions, by_cell)
