"""Customers nobody has ever met: names of no language, addresses at domains that cannot exist."""

from datetime import date, timedelta

import numpy as np

from examples.larkspur_data.days import FIRST_DAY, Ints, days_until, stream
from examples.larkspur_data.stores import Store

FIRST_CUSTOMERS = 5200
_NEW_A_DAY = 4
_GIVEN = [
    "Abrin", "Belka", "Corvo", "Dalvi", "Erwyn", "Fiorla", "Gannet", "Halko", "Ivenna", "Jorrit",
    "Kestra", "Lumi", "Marlok", "Neska", "Orrin", "Pilva", "Quenn", "Rosko", "Silvo", "Tamsel", "Ulvar",
    "Venna", "Wilmo", "Xantho", "Yorrel", "Zeldin",
]  # fmt: skip
_FAMILY_START = [
    "Bracken", "Cinder", "Dewy", "Gorse", "Hether", "Juniper", "Kelp", "Lichen", "Mossy", "Nettle",
    "Otter", "Pebble", "Quartz", "Russet", "Sedge", "Thistle",
]  # fmt: skip
_FAMILY_END = [
    "beck", "brook", "fell", "gate", "hollow", "lantern", "marsh", "moor", "ridge", "spindle", "stow",
    "tarn", "thwaite", "vale", "wick",
]  # fmt: skip
_CITY_AS_TYPED = {"Alderton": "ALDERTON", "Saltmere": "Salt Mere", "Lakemouth": "lakemouth"}
_BIRTHDAY_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y")

CUSTOMER_COLUMNS = ["customer_id", "name", "email", "phone", "birth_date", "city", "trail_club", "joined"]


def customers_by_day(last: date) -> dict[date, int]:
    """How many there are at the end of each day, from the first one on."""
    known, total = {}, FIRST_CUSTOMERS
    for day in days_until(last):
        total += _new_on(day)
        known[day] = total
    return known


def _new_on(day: date) -> int:
    return int(2 * _NEW_A_DAY * stream("new customers", day).random())


def customer_id(number: int) -> str:
    return f"C{number + 1:06d}"


def customer_rows(stores: tuple[Store, ...], last: date) -> list[list[object]]:
    """In the order of their ids; four stand twice."""
    towns = sorted({store.city for store in stores})
    rows: list[list[object]] = []
    rng = stream("customers", FIRST_DAY)
    drawn = rng.random((FIRST_CUSTOMERS, 8))
    for draws in drawn:
        joined = FIRST_DAY - timedelta(days=1 + int(draws[6] * 2900))
        rows.append(_row(len(rows), draws, joined, towns))
    for day in days_until(last):
        for draws in stream("customers", day).random((_new_on(day), 8)):
            rows.append(_row(len(rows), draws, day, towns))
    twice = [rows[number] for number in (41, 902, 2718, 4104)]
    return [*rows, *twice]


def _row(number: int, draws: np.ndarray, joined: date, towns: list[str]) -> list[object]:
    given = _GIVEN[int(draws[0] * len(_GIVEN))]
    family = _FAMILY_START[int(draws[1] * len(_FAMILY_START))] + _FAMILY_END[int(draws[2] * len(_FAMILY_END))]
    born = date(1945, 1, 1) + timedelta(days=int(draws[3] * 22_000))
    city = towns[int(draws[4] * len(towns))]
    member = draws[5] < 0.46
    return [
        customer_id(number),
        f"{given} {family}",
        f"{given}.{family}.{number + 1}@{('customers', 'mail', 'post')[number % 3]}.example".lower(),
        # Numbers from 555 01 00 on belong to nobody.
        ("n/a" if number % 70 == 0 else f"+00 555 01{number % 100:02d} {number // 100:03d}"),
        "unknown" if number % 90 == 11 else born.strftime(_BIRTHDAY_FORMATS[number % 3]),
        _CITY_AS_TYPED.get(city, city) if number % 12 == 0 else city,
        ("yes", "Y", "TRUE")[number % 3] if member else ("no", "N", "FALSE")[number % 3],
        joined.isoformat(),
    ]


def draw_customers(rng: np.random.Generator, known: int, orders: int) -> Ints:
    """Who orders: the longer somebody has been a customer, the more often."""
    return np.floor(known * rng.random(orders) ** 1.6).astype(np.int64)
