"""How many orders a day brings, by where they are placed: seasons, weekdays, growth, and one flood.

The shares and the growth follow the board pack's (stores flat, online +8 %, rental and repair +18 %, the
North shrinking). Orders are one in twenty-five of what such a company has, so that the files stay small.
"""

from datetime import date, timedelta

import numpy as np

from examples.larkspur_data.days import Floats, years_since_first
from examples.larkspur_data.stores import Store

# The flood at Millbrook's third hall, which feeds the stores of one region.
FLOOD_REGION = "Lakes"
FLOOD_FIRST, FLOOD_LAST = date(2026, 5, 4), date(2026, 5, 12)
FLOOD_LEFT = 0.18

CHANNELS = ("store", "online", "rental_repair")
_STORE_ORDERS, _ONLINE_ORDERS, _DESK_ORDERS = 54.5, 29.2, 15.6

_MONTHS = {
    "store": (0.95, 0.80, 0.85, 0.95, 1.05, 1.10, 1.08, 1.02, 1.00, 1.05, 1.10, 1.50),
    "online": (1.00, 0.82, 0.86, 0.94, 1.02, 1.05, 1.04, 0.98, 1.00, 1.08, 1.35, 1.45),
    "rental_repair": (1.20, 1.25, 0.95, 0.80, 0.95, 1.10, 1.30, 1.25, 0.95, 0.80, 0.90, 1.15),
}
_WEEKDAYS = {
    "store": (0.78, 0.74, 0.80, 0.90, 1.15, 1.75, 0.88),
    "online": (1.10, 1.00, 0.98, 0.97, 0.88, 0.87, 1.20),
    "rental_repair": (0.80, 0.75, 0.85, 1.05, 1.45, 1.50, 0.60),
}
# Growth of the number of orders a year; prices rise on top.
_GROWTH = {"North": -0.045, "Coast": -0.025, "Lakes": -0.010, "South": 0.010}
_ONLINE_GROWTH, _DESK_GROWTH = 0.055, 0.165


def expected_orders(day: date, stores: tuple[Store, ...]) -> Floats:
    """For each store, then the online shop, then each store's desk."""
    years = years_since_first(day)
    size = np.array([store.size_sqm for store in stores], dtype=np.float64)
    growth = np.array([(1 + _GROWTH[store.region]) ** years for store in stores])
    desk = np.array([3.0 if store.has_desk else 1.0 for store in stores])
    flooded = np.array([FLOOD_LEFT if _is_flooded(day, store) else 1.0 for store in stores])
    tills = _STORE_ORDERS * size / size.sum() * growth * flooded * _level("store", day)
    online = _ONLINE_ORDERS * (1 + _ONLINE_GROWTH) ** years * _level("online", day) * _black_week(day)
    desks = _DESK_ORDERS * desk / desk.sum() * (1 + _DESK_GROWTH) ** years * flooded
    return np.concatenate([tills, [online], desks * _level("rental_repair", day)])


def discount_chance(day: date) -> float:
    """Of a line being sold below its list price: sales in January and July, fewer markdowns since 2026."""
    by_month = (0.52, 0.36, 0.20, 0.19, 0.20, 0.26, 0.48, 0.36, 0.20, 0.21, 0.36, 0.30)[day.month - 1]
    year = {2024: 1.12, 2025: 1.05}.get(day.year, 0.92)
    return min(by_month * year * (1.5 if _black_week(day) > 1 else 1.0), 0.8)


def _level(channel: str, day: date) -> float:
    closed = 0.0 if channel != "online" and (day.month, day.day) in ((1, 1), (12, 25)) else 1.0
    return _MONTHS[channel][day.month - 1] * _WEEKDAYS[channel][day.weekday()] * closed


def _is_flooded(day: date, store: Store) -> bool:
    return store.region == FLOOD_REGION and FLOOD_FIRST <= day <= FLOOD_LAST


def _black_week(day: date) -> float:
    """The Friday after the fourth Thursday of November, and the days about it."""
    first = date(day.year, 11, 1)
    friday = first + timedelta(days=(3 - first.weekday()) % 7 + 22)
    return 1.7 if timedelta(days=-4) <= day - friday <= timedelta(days=3) else 1.0
