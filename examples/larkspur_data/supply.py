"""What the purchasing system of Buying books: pieces in the distribution centres at the end of yesterday, and
purchase orders that are still under way.

Bookings do not wait for the counts of the stock system, whose interface fails; they are what receipts and
issues leave. An order is placed for a quarter of the range each Monday and stays as it was placed.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from examples.larkspur_data.assortment import SUPPLIERS, TRANSIT_DAYS, Product, supplier_ids
from examples.larkspur_data.days import FIRST_DAY, days_until, stream
from examples.larkspur_data.stock import count_stock

BOOKING_COLUMNS = ["booked_on", "centre", "sku", "on_hand", "reserved"]
ORDER_COLUMNS = ["order_line", "sku", "supplier_id", "centre", "ordered_on", "due_on", "pieces"]

_WEEKS_APART = 4
# Pieces of an article that sells as often as its weight says, in four weeks.
_USUAL_PIECES = 11
_CENTRES = (("Millbrook", 0.55), ("Osier Point", 0.45))


def booking_rows(products: tuple[Product, ...], last: date) -> Iterator[list[object]]:
    goods = [product for product in products if not product.is_service]
    for day, centre, sku, on_hand, reserved, _ in count_stock(last, goods):
        yield [day, centre, sku, on_hand, reserved]


def open_order_rows(products: tuple[Product, ...], last: date) -> Iterator[list[object]]:
    """Those placed up to and including the last day that are due after it."""
    goods = [product for product in products if not product.is_service]
    ids = supplier_ids()
    longest = max(_days_under_way(product) for product in goods)
    for monday in days_until(last, max(FIRST_DAY, last - timedelta(days=longest))):
        if monday.weekday():
            continue
        drawn = stream("purchase", monday).random(len(goods))
        for number, product in enumerate(goods):
            due = monday + timedelta(days=_days_under_way(product))
            is_turn = (monday.toordinal() // 7 + number) % _WEEKS_APART == 0
            if not is_turn or due <= last or product.launched > monday:
                continue
            pieces = product.weight * _USUAL_PIECES * (0.45 + 0.75 * drawn[number])
            for place, (centre, share) in enumerate(_CENTRES, start=1):
                line = f"B{monday:%y%m%d}-{number:03d}-{place}"
                ordered = max(1, round(pieces * share))
                yield [line, product.sku, ids[product.brand], centre, monday, due, ordered]


def _days_under_way(product: Product) -> int:
    return SUPPLIERS[product.brand][2] + TRANSIT_DAYS[SUPPLIERS[product.brand][1]]
