"""Orders and their lines, day by day. Money is whole cents throughout."""

from dataclasses import dataclass, fields
from datetime import date
from functools import cache

import numpy as np

from examples.larkspur_data.assortment import CATEGORIES, Product
from examples.larkspur_data.customers import customers_by_day, draw_customers
from examples.larkspur_data.days import Floats, Ints, cumulate, days_until, draw_counts, pick, stream
from examples.larkspur_data.demand import discount_chance, expected_orders
from examples.larkspur_data.stores import Store

STORE, ONLINE, DESK = range(3)
PAYMENTS = ("card", "cash", "wallet", "invoice", "gift card")
_PAYMENT_SHARES = {
    STORE: np.array([0.70, 0.18, 0.08, 0.00, 0.04]),
    ONLINE: np.array([0.52, 0.00, 0.27, 0.19, 0.02]),
    DESK: np.array([0.82, 0.12, 0.06, 0.00, 0.00]),
}
_KNOWN_CUSTOMER = np.array([0.56, 1.0, 0.85])
_LINES = {False: cumulate(np.array([0.47, 0.28, 0.14, 0.07, 0.04])), True: cumulate(np.array([0.88, 0.12]))}
_PERCENT_OFF = np.array([10, 20, 30, 40])
_PERCENT_SHARES = cumulate(np.array([0.35, 0.37, 0.20, 0.08]))
# How much each category sells by month, from January on.
_CATEGORY_MONTHS = {
    "Footwear": (0.9, 0.9, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0, 1.1, 1.1, 1.0, 0.9),
    "Jackets": (1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.6, 0.7, 1.1, 1.4, 1.5, 1.4),
    "Layers": (1.1, 1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.1, 1.2, 1.3),
    "Packs": (0.7, 0.8, 1.0, 1.1, 1.2, 1.3, 1.3, 1.2, 1.0, 0.9, 0.8, 0.9),
    "Camping": (0.3, 0.4, 0.8, 1.2, 1.6, 1.8, 1.8, 1.4, 0.8, 0.5, 0.4, 0.6),
    "Climbing and snow": (1.7, 1.5, 1.0, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 1.2, 1.7),
    "Accessories": (1.0, 0.9, 0.9, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.4),
    "Rental": (1.6, 1.7, 1.0, 0.6, 0.8, 1.2, 1.6, 1.5, 0.7, 0.4, 0.6, 1.4),
    "Repair": (1.0, 0.9, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9, 1.0, 1.1, 1.3, 1.2),
}


@dataclass(frozen=True, slots=True)
class Sales:
    """Orders by row; `day` is an ordinal, `number` counts within it, `store` is -1 for the online shop and
    `customer` is -1 for nobody known. `of_order` to `cost` are lines, each with the row of its order."""

    day: Ints
    number: Ints
    channel: Ints
    store: Ints
    customer: Ints
    payment: Ints
    of_order: Ints
    line: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    net: Ints
    cost: Ints


def build_sales(stores: tuple[Store, ...], products: tuple[Product, ...], last: date) -> Sales:
    known = customers_by_day(last)
    days = [_sell(day, stores, products, known[day]) for day in days_until(last)]
    joined = {
        field.name: np.concatenate([getattr(day, field.name) for day in days]) for field in fields(Sales)
    }
    starts = np.cumsum([0, *(len(day.day) for day in days[:-1])])
    joined["of_order"] += np.repeat(starts, [len(day.of_order) for day in days])
    return Sales(**joined)


def _sell(day: date, stores: tuple[Store, ...], products: tuple[Product, ...], known: int) -> Sales:
    rng = stream("sales", day)
    counts = draw_counts(expected_orders(day, stores), rng)
    place = np.repeat(np.arange(len(counts)), counts)
    place = place[np.argsort(rng.random(len(place)), kind="stable")]
    channel = np.where(place < len(stores), STORE, np.where(place == len(stores), ONLINE, DESK))
    store = np.where(channel == STORE, place, np.where(channel == DESK, place - len(stores) - 1, -1))
    orders = len(place)
    buyer = draw_customers(rng, known, orders)
    drawn = rng.random((3, orders))
    customer = np.where(drawn[0] < _KNOWN_CUSTOMER[channel], buyer, -1)
    lines = 1 + np.where(channel == DESK, pick(_LINES[True], drawn[1]), pick(_LINES[False], drawn[1]))
    payment = np.zeros(orders, dtype=np.int64)
    for kind, shares in _PAYMENT_SHARES.items():
        payment = np.where(channel == kind, pick(cumulate(shares), drawn[2]), payment)
    of_order = np.repeat(np.arange(orders), lines)
    product = _choose(rng, day, products, channel[of_order], _has_desk(stores)[store[of_order]])
    priced = _price(rng, day, products, product, channel[of_order])
    first = np.cumsum(lines) - lines
    return Sales(
        day=np.full(orders, day.toordinal(), dtype=np.int64),
        number=np.arange(1, orders + 1),
        channel=channel.astype(np.int64),
        store=store.astype(np.int64),
        customer=customer.astype(np.int64),
        payment=payment,
        of_order=of_order,
        line=np.arange(len(of_order)) - first[of_order] + 1,
        product=product,
        **priced,
    )


def _choose(
    rng: np.random.Generator, day: date, products: tuple[Product, ...], channel: Ints, has_desk: Ints
) -> Ints:
    """Goods in the shops; repairs at every desk, and rentals where there is a rental desk."""
    drawn = rng.random(len(channel))
    goods, services, repairs = _ranges(products, day.year, day.month)
    at_desk = np.where(has_desk == 1, pick(services, drawn), pick(repairs, drawn))
    return np.where(channel == DESK, at_desk, pick(goods, drawn)).astype(np.int64)


def _price(
    rng: np.random.Generator, day: date, products: tuple[Product, ...], product: Ints, channel: Ints
) -> dict[str, Ints]:
    prices, costs = _prices(products, day.year)
    drawn = rng.random((3, len(product)))
    price = prices[product]
    several = np.where(price < 6_000, 0.20, 0.05)
    quantity = 1 + (drawn[0] < several).astype(np.int64) + (drawn[0] < several / 4).astype(np.int64)
    percent = _PERCENT_OFF[pick(_PERCENT_SHARES, drawn[2])]
    percent = np.where(channel == DESK, 10, percent)
    reduced = drawn[1] < np.where(channel == DESK, 0.30, discount_chance(day))
    gross = price * quantity
    discount = np.where(reduced, (gross * percent + 50) // 100, 0)
    return {
        "quantity": quantity,
        "price": price,
        "discount": discount,
        "net": gross - discount,
        "cost": costs[product] * quantity,
    }


@cache
def _has_desk(stores: tuple[Store, ...]) -> Ints:
    """By store; the last entry is the online shop's, which -1 picks."""
    return np.array([*(int(store.has_desk) for store in stores), 0])


@cache
def _prices(products: tuple[Product, ...], year: int) -> tuple[Ints, Ints]:
    prices = np.array([product.price_in(year) for product in products])
    return prices, np.array([product.cost_in(year) for product in products])


@cache
def _ranges(products: tuple[Product, ...], year: int, month: int) -> tuple[Floats, Floats, Floats]:
    """What sells in this month, as shares: goods, all services, repairs alone."""
    weights = np.array(
        [
            product.weight * _CATEGORY_MONTHS[product.category][month - 1]
            if product.launched <= date(year, month, 1)
            else 0.0
            for product in products
        ]
    )
    category = np.array([CATEGORIES.index(product.category) for product in products])
    rental, repair = CATEGORIES.index("Rental"), CATEGORIES.index("Repair")
    return (
        cumulate(np.where(category < rental, weights, 0)),
        cumulate(np.where(category >= rental, weights, 0)),
        cumulate(np.where(category == repair, weights, 0)),
    )
