"""What customers ask Customer Care for: a sample of a busy desk's tickets, of which one or two in a hundred
have no category."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import numpy as np

from examples.larkspur_data.customers import customer_id, customers_by_day
from examples.larkspur_data.days import Floats, cumulate, days_until, pick, stream
from examples.larkspur_data.demand import FLOOD_FIRST, FLOOD_LAST

TICKET_COLUMNS = [
    "ticket_id",
    "opened_at",
    "closed_at",
    "customer_id",
    "channel",
    "category",
    "priority",
    "first_contact",
    "minutes_to_resolve",
    "satisfaction",
]
_A_DAY = 11.0
_WEEKDAYS = (1.35, 1.15, 1.05, 1.0, 0.95, 0.8, 0.7)
_MONTHS = (1.25, 0.9, 0.9, 0.95, 1.0, 1.0, 1.05, 1.0, 0.95, 1.0, 1.15, 1.5)
# The last ones are how some agents type them; the catalog brings each to one spelling.
_CATEGORIES = (
    "Delivery",
    "Returns and refunds",
    "Product advice",
    "Order change",
    "Rental and repair",
    "Account and Trail Club",
    "Privacy request",
    "Complaint",
    "delivery",
    "Returns & refunds",
)
_CATEGORY_WEIGHTS = (0.27, 0.22, 0.14, 0.09, 0.10, 0.08, 0.02, 0.04, 0.02, 0.02)
_NO_CATEGORY = ("", "n/a", "-")
_CHANNELS = ("e-mail", "phone", "chat")
_FIRST_CONTACT = {"e-mail": 0.46, "phone": 0.74, "chat": 0.66}


def ticket_rows(last: date) -> list[list[object]]:
    """In the order they came in; those still open at the end of `last` have no end."""
    known = customers_by_day(last)
    end = datetime.combine(last, time.max)
    return [row for day in days_until(last) for row in _tickets(day, known[day], end)]


def _tickets(day: date, known: int, end: datetime) -> Iterator[list[object]]:
    rng = stream("tickets", day)
    late = 2.2 if FLOOD_FIRST <= day <= FLOOD_LAST + timedelta(days=4) else 1.0
    expected = _A_DAY * _WEEKDAYS[day.weekday()] * _MONTHS[day.month - 1] * late
    count = int(expected * (0.8 + 0.4 * rng.random()) + rng.random())
    weights = np.array(_CATEGORY_WEIGHTS)
    weights[0] *= late * 1.5 - 0.5
    shares = cumulate(weights)
    minutes = np.sort(np.floor(7 * 60 + 13 * 60 * rng.random(count)))
    for number, (minute, draws) in enumerate(zip(minutes, rng.random((count, 10)), strict=True), 1):
        opened = datetime.combine(day, time.min) + timedelta(minutes=int(minute))
        yield _row(f"T{day:%y%m%d}-{number:03d}", opened, draws, shares, known, end)


def _row(
    number: str, opened: datetime, draws: np.ndarray, shares: Floats, known: int, end: datetime
) -> list[object]:
    channel = _CHANNELS[0 if draws[0] < 0.44 else 1 if draws[0] < 0.78 else 2]
    at_once = draws[1] < _FIRST_CONTACT[channel]
    took = int(6 + 110 * draws[2] ** 2) if at_once else int(180 + 11_000 * draws[2] ** 3)
    closed = opened + timedelta(minutes=took)
    done = closed <= end
    category = _CATEGORIES[int(pick(shares, draws[3:4])[0])]
    if draws[4] < 0.015:
        category = _NO_CATEGORY[int(draws[5] * len(_NO_CATEGORY))]
    return [
        number,
        # A handful were written down after a failure of the telephone system.
        "not recorded" if draws[6] < 0.0004 else f"{opened:%Y-%m-%d %H:%M}",
        f"{closed:%Y-%m-%d %H:%M}" if done else "",
        customer_id(int(draws[7] * known)) if draws[8] < 0.9 else "",
        channel,
        category,
        "high" if draws[9] < 0.08 else "normal" if draws[9] < 0.83 else "low",
        "" if not done else "yes" if at_once else "no",
        took if done else "",
        _satisfaction(at_once, took, draws) if done and draws[5] < 0.4 else "",
    ]


def _satisfaction(at_once: bool, took: int, draws: np.ndarray) -> int:
    mood = 4.2 if at_once else 3.9 - min(took / 5000, 1.8)
    return int(min(max(round(mood + 2 * (draws[7] - 0.5)), 1), 5))
