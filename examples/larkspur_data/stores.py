"""The 38 stores by region, and the online shop, which sells as one store more."""

from dataclasses import dataclass
from datetime import date

from examples.larkspur_data.days import FIRST_DAY, stream

ONLINE = "S900"
# Town, floor space in square metres, year of opening; a star marks a store with a rental desk.
_STORES = {
    "North": (
        "Harwick 240 2009, Stonebeck* 620 1996, Garrowfell 380 2004, Ashgarth 450 2001, "
        "Kellbridge* 710 1999, Ravenhope 330 2012, Dunsett 410 2007, Thornholt* 540 2003, Millrigg 290 2015"
    ),
    "Coast": (
        "Tolland Quay 310 2010, Saltmere* 780 1994, Gullhaven 460 2002, Pennsand 520 2006, "
        "Marrow Bay* 640 1998, Kestrel Point 350 2013, Brackwater 430 2005, "
        "Shingleton* 560 2000, Seaforde Cross 390 2011, Anchorholm 480 2008, Driftwell 300 2017"
    ),
    "Lakes": (
        "Denmoor 230 2011, Lakemouth* 820 1993, Tarnside* 690 1995, Birkwater 370 2006, Mereford* 580 2001, "
        "Heronsea 340 2014, Rushmere End 410 2009, Elderpool* 500 2004"
    ),
    "South": (
        "Alderton Old Market* 900 1987, Alderton Station 420 2010, Fernleigh* 650 1997, Hazelbury 440 2003, "
        "Oakhurst Green 360 2012, Wickenford* 600 2000, Larchester* 840 1991, Downsbury 470 2005, "
        "Copperfield Row 310 2016, Vinestead 390 2008"
    ),
}
# As different people typed it; the catalog brings each to one spelling.
_REGION_AS_TYPED = {
    "Ravenhope": "north",
    "Driftwell": "The Coast",
    "Heronsea": "LAKES",
    "Vinestead": "South ",
}


@dataclass(frozen=True, slots=True)
class Store:
    id: str
    name: str
    city: str
    region: str
    opened: date
    size_sqm: int
    has_desk: bool


def build_stores() -> tuple[Store, ...]:
    """In the order of their ids, without the online shop."""
    stores: list[Store] = []
    rng = stream("stores", FIRST_DAY)
    for region, towns in _STORES.items():
        for town in towns.split(", "):
            name, size, year = town.rsplit(" ", 2)
            place = name.rstrip("*")
            city = "Alderton" if place.startswith("Alderton") else place
            opened = date(int(year), 1 + int(rng.random() * 12), 1 + int(rng.random() * 28))
            stores.append(
                Store(f"S{len(stores) + 1:03d}", place, city, region, opened, int(size), name.endswith("*"))
            )
    return tuple(stores)


def store_rows(stores: tuple[Store, ...]) -> list[list[object]]:
    rows: list[list[object]] = [
        [
            store.id,
            store.name,
            store.city,
            _REGION_AS_TYPED.get(store.name, store.region),
            "store",
            store.opened.isoformat(),
            store.size_sqm,
            "yes" if store.has_desk else "no",
        ]
        for store in stores
    ]
    rows.append([ONLINE, "Online shop", "Osier Point", "Online", "online shop", "2011-03-07", "", "no"])
    return rows


STORE_COLUMNS = ["store_id", "name", "city", "region", "kind", "opened", "size_sqm", "rental_desk"]
