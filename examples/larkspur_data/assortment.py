"""What Larkspur sells, rents and repairs, and who supplies it."""

from dataclasses import dataclass
from datetime import date

from examples.larkspur_data.days import FIRST_DAY, stream

PRICE_RISE = 0.025
# Freight and duty, on top of what the makers charge.
_LANDED = 1.05

# Brand: supplier's name, country, lead time in days, rebate in percent, terms of payment in days. The rebates
# are those of the page on supplier rebates.
SUPPLIERS = {
    "Larkspur": ("Larkspur Label Sourcing", "Portugal", 42, 0.0, 30),
    "Northfell": ("Northfell Footwear", "Vietnam", 110, 3.0, 60),
    "Cairnline": ("Cairnline Packs", "Vietnam", 95, 2.5, 45),
    "Brightwater": ("Brightwater Textiles", "Bangladesh", 88, 4.0, 60),
    "Tarn": ("Tarn Tents", "China", 75, 0.0, 45),
    "Skerrick": ("Skerrick Optics", "China", 80, 6.0, 30),
    "Fellhorn": ("Fellhorn Alpine", "Portugal", 55, 1.5, 30),
    "Moorlight": ("Moorlight Stoves", "China", 84, 1.0, 30),
}
# From departure to the distribution centre, in days, by where the goods come from.
TRANSIT_DAYS = {"Portugal": 6, "Vietnam": 38, "Bangladesh": 34, "China": 36}
_MODELS = ("Ridge", "Hollow", "Summit", "Heath", "Drift", "Scree", "Glade", "Torrent")

# Category: what is sold as, its price in euros, share of the price that is cost, how often it sells, brands.
_GOODS = {
    "Footwear": (
        ("Hiking Boot", 189, 0.50, 5, "Northfell Larkspur Fellhorn Northfell"),
        ("Hiking Shoe", 139, 0.49, 7, "Northfell Northfell Larkspur Fellhorn"),
        ("Trail Running Shoe", 129, 0.48, 9, "Northfell Fellhorn Northfell"),
        ("Winter Boot", 169, 0.50, 3, "Northfell Larkspur"),
        ("Sandal", 79, 0.47, 3, "Northfell Larkspur"),
    ),
    "Jackets": (
        ("Rain Jacket", 159, 0.46, 6, "Larkspur Brightwater Fellhorn Larkspur"),
        ("Three-Layer Jacket", 319, 0.51, 3, "Larkspur Brightwater Fellhorn"),
        ("Down Jacket", 249, 0.50, 3, "Larkspur Brightwater Fellhorn"),
        ("Softshell", 119, 0.46, 4, "Larkspur Brightwater"),
        ("Wind Jacket", 89, 0.45, 3, "Larkspur Brightwater"),
    ),
    "Layers": (
        ("Merino Shirt", 69, 0.46, 8, "Larkspur Brightwater Larkspur"),
        ("Fleece", 79, 0.44, 7, "Larkspur Brightwater Brightwater"),
        ("Base Layer Set", 89, 0.47, 4, "Larkspur Brightwater"),
        ("Hiking Trousers", 99, 0.45, 7, "Larkspur Brightwater Fellhorn"),
        ("Shorts", 59, 0.44, 4, "Larkspur Brightwater"),
    ),
    "Packs": (
        ("Day Pack 22", 89, 0.48, 7, "Cairnline Larkspur Cairnline"),
        ("Trekking Pack 60", 219, 0.50, 3, "Cairnline Cairnline Larkspur"),
        ("Bike Pack 14", 79, 0.48, 3, "Cairnline Larkspur"),
        ("Child Carrier", 279, 0.55, 1, "Cairnline"),
    ),
    "Camping": (
        ("Two-Person Tent", 299, 0.53, 3, "Tarn Larkspur Tarn"),
        ("Family Tent", 549, 0.56, 1, "Tarn Tarn"),
        ("Sleeping Bag", 149, 0.50, 4, "Tarn Larkspur Brightwater"),
        ("Sleeping Mat", 89, 0.49, 4, "Tarn Larkspur"),
        ("Gas Stove", 59, 0.52, 4, "Moorlight Moorlight"),
        ("Cook Set", 49, 0.50, 3, "Moorlight Larkspur"),
    ),
    "Climbing and snow": (
        ("Rope 60 m", 169, 0.56, 2, "Fellhorn Fellhorn"),
        ("Harness", 79, 0.55, 2, "Fellhorn Fellhorn"),
        ("Helmet", 69, 0.55, 2, "Fellhorn Skerrick"),
        ("Avalanche Set", 349, 0.59, 1, "Fellhorn"),
        ("Snowshoes", 179, 0.54, 1, "Fellhorn Tarn"),
        ("Goggles", 99, 0.48, 2, "Skerrick Skerrick Skerrick"),
    ),
    "Accessories": (
        ("Wool Socks", 19, 0.40, 12, "Larkspur Brightwater Larkspur"),
        ("Bottle", 25, 0.42, 9, "Larkspur Moorlight"),
        ("Trekking Poles", 89, 0.49, 4, "Cairnline Larkspur Fellhorn"),
        ("Head Torch", 45, 0.47, 5, "Skerrick Moorlight"),
        ("Sunglasses", 79, 0.45, 4, "Skerrick Skerrick"),
        ("Gloves", 39, 0.43, 5, "Larkspur Brightwater"),
        ("Hat", 29, 0.41, 6, "Larkspur Brightwater"),
    ),
}
# Prices by the rental terms (a week) and the workshop's list.
_SERVICES = {
    "Rental": (
        ("Rental Tent for Two", 60, 0.45, 4),
        ("Rental Backpack", 32, 0.42, 3),
        ("Rental Sleeping Bag and Mat", 48, 0.45, 3),
        ("Rental Avalanche Set", 75, 0.48, 3),
        ("Rental Ski Touring Set", 140, 0.50, 4),
        ("Rental Snowshoes and Poles", 42, 0.44, 3),
    ),
    "Repair": (
        ("Repair Zip, Jacket", 24, 0.62, 5),
        ("Repair Zip, Tent Door", 34, 0.62, 2),
        ("Repair Patch", 12, 0.55, 5),
        ("Repair Seam, Metre", 7, 0.55, 3),
        ("Repair Wash and Reproof", 19, 0.50, 6),
        ("Repair Boots Resoled", 79, 0.60, 4),
        ("Repair Tent Pole Section", 16, 0.58, 2),
        ("Repair Ski Edges and Wax", 39, 0.48, 4),
    ),
}
CATEGORIES = (*_GOODS, *_SERVICES)
_CATEGORY_AS_TYPED = {5: "footwear", 31: "JACKETS", 47: "Base layers", 66: "Back packs", 90: "camping "}
# Not in the range from the start: from when.
_LAUNCHED = {12: date(2025, 3, 1), 40: date(2024, 9, 1), 63: date(2025, 9, 1), 88: date(2026, 2, 1)}


@dataclass(frozen=True, slots=True)
class Product:
    """`price` and `cost` are in cents, in the first year; `weight` is how often it sells."""

    sku: str
    name: str
    category: str
    brand: str
    price: int
    cost: int
    weight: float
    launched: date

    @property
    def is_service(self) -> bool:
        return self.category in _SERVICES

    def price_in(self, year: int) -> int:
        """Services keep their listed price; goods get dearer each January, always to 95 cents or a euro."""
        if self.is_service:
            return self.price
        raised = self.price * (1 + PRICE_RISE) ** (year - FIRST_DAY.year)
        return round(raised / 100) * 100 - (5 if self.price < 10_000 else 0)

    def cost_in(self, year: int) -> int:
        return round(self.cost * (1 + PRICE_RISE * 0.9) ** (year - FIRST_DAY.year))


def build_products() -> tuple[Product, ...]:
    """In the order of their stock-keeping units."""
    rng = stream("products", FIRST_DAY)
    products: list[Product] = []

    def add(name: str, category: str, brand: str, euros: float, share: float, weight: float) -> None:
        number = len(products)
        cents = round(euros * 100)
        launched = _LAUNCHED.get(number, date(2019 + number % 4, 1 + number % 12, 1))
        sku = f"LO-{number + 101:04d}"
        products.append(Product(sku, name, category, brand, cents, round(cents * share), weight, launched))

    for category, kinds in _GOODS.items():
        for kind, euros, share, weight, brands in kinds:
            for place, brand in enumerate(brands.split()):
                model = _MODELS[(len(products) + place) % len(_MODELS)]
                price = round(euros * (0.85 + 0.4 * rng.random()))
                own = 0.93 if brand == "Larkspur" else 1.0
                popular = weight * (0.6 + 0.8 * rng.random())
                add(f"{brand} {model} {kind}", category, brand, price, share * own * _LANDED, popular)
    for category, services in _SERVICES.items():
        for name, euros, share, weight in services:
            add(name, category, "Larkspur", euros, share, weight)
    return tuple(products)


def product_rows(products: tuple[Product, ...], year: int) -> list[list[object]]:
    """At this year's prices; two rows stand twice."""
    suppliers = supplier_ids()
    rows: list[list[object]] = [
        [
            product.sku,
            product.name,
            _CATEGORY_AS_TYPED.get(number, product.category),
            product.brand,
            "own label" if product.brand == "Larkspur" else "branded",
            f"{product.price_in(year) / 100:.2f}",
            f"{product.cost_in(year) / 100:.2f}",
            "" if product.is_service else suppliers[product.brand],
            product.launched.isoformat(),
        ]
        for number, product in enumerate(products)
    ]
    return [*rows, rows[17], rows[58]]


PRODUCT_COLUMNS = [
    "sku",
    "name",
    "category",
    "brand",
    "range",
    "list_price",
    "unit_cost",
    "supplier_id",
    "launched",
]


def supplier_ids() -> dict[str, str]:
    return {brand: f"V{number:03d}" for number, brand in enumerate(SUPPLIERS, 1)}


def supplier_rows() -> list[list[object]]:
    ids = supplier_ids()
    return [
        [
            ids[brand],
            name,
            brand,
            country,
            days,
            TRANSIT_DAYS[country],
            rebate,
            terms,
            f"orders@{brand.lower()}.example",
        ]
        for brand, (name, country, days, rebate, terms) in SUPPLIERS.items()
    ]


SUPPLIER_COLUMNS = [
    "supplier_id",
    "name",
    "brand",
    "country",
    "lead_time_days",
    "transit_days",
    "rebate_percent",
    "payment_days",
    "contact_email",
]
