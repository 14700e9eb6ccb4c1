"""Finding data products: by words, domain, quality score and freshness, with what is served of each and what
was kept back."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from knowledge.warehouse.age import is_late, tell_freshness
from knowledge.warehouse.spec import DataProduct
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckState, LoadState, ProductLoad, current_loads

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ProductState:
    """`served` is what is read now, `kept_back` a newer load that is not, and None where the newest is
    served. `is_late` is None where the product has no limit, or nothing is served."""

    product: DataProduct
    served: ProductLoad | None
    kept_back: ProductLoad | None
    quality: float | None
    is_late: bool | None
    freshness: str


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """`words` have to be found all; `least_quality` is a share of checks; a product without checks, or that
    is not loaded, has no quality to speak of."""

    words: str = ""
    domain: str | None = None
    least_quality: float | None = None
    is_fresh: bool | None = None


def read_states(warehouse: Warehouse, now: datetime) -> list[ProductState]:
    """Of all products of the catalog, by name."""
    served, latest = current_loads(warehouse.db)
    return [
        read_state(product, served.get(name), latest.get(name), now)
        for name, product in sorted(warehouse.catalog.products.items())
    ]


def read_state(
    product: DataProduct, served: ProductLoad | None, latest: ProductLoad | None, now: datetime
) -> ProductState:
    as_of = served.as_of if served else None
    return ProductState(
        product=product,
        served=served,
        kept_back=latest if latest and latest.state is LoadState.KEPT_BACK else None,
        quality=quality_score(served),
        is_late=is_late(product, as_of, now) if served else None,
        freshness=tell_freshness(product, as_of, now) if served else "not loaded",
    )


def quality_score(load: ProductLoad | None) -> float | None:
    """The share of a load's checks that passed, of those that could be made."""
    made = [check for check in load.checks if check.state is not CheckState.UNKNOWN] if load else []
    return sum(check.state is CheckState.PASS for check in made) / len(made) if made else None


def find_products(warehouse: Warehouse, query: ProductQuery, now: datetime) -> list[ProductState]:
    """The best match first, then by name."""
    words = [word.casefold() for word in _WORD.findall(query.words)]
    found = [
        (score, state)
        for state in read_states(warehouse, now)
        if _fits(state, query) and (score := _score(state.product, words)) is not None
    ]
    return [state for _, state in sorted(found, key=lambda item: -item[0])]


def _fits(state: ProductState, query: ProductQuery) -> bool:
    if query.domain is not None and state.product.domain != query.domain:
        return False
    if query.least_quality is not None and (state.quality is None or state.quality < query.least_quality):
        return False
    return query.is_fresh is None or (state.served is not None and query.is_fresh is not state.is_late)


def _score(product: DataProduct, words: Iterable[str]) -> float | None:
    """None if a word is nowhere. A word counts most in the name, least in what is written around it."""
    fields = [
        (8.0, product.name.replace("_", " ")),
        (4.0, " ".join(column.name.replace("_", " ") for column in product.columns)),
        (3.0, " ".join(text for column in product.columns for text in column.synonyms)),
        (2.0, product.description),
        (1.0, " ".join(column.description for column in product.columns)),
        (1.0, " ".join((product.origin, product.owner, product.steward, *product.access_patterns))),
    ]
    held = [(weight, _WORD.findall(text.casefold())) for weight, text in fields]
    total = 0.0
    for word in words:
        best = max((weight * _likeness(word, texts) for weight, texts in held), default=0.0)
        if not best:
            return None
        total += best
    return total


def _likeness(word: str, texts: Iterable[str]) -> float:
    """1 for the word itself, less for one that begins alike: `order` is meant by `orders`."""
    stem = word.removesuffix("s")
    best = 0.0
    for text in texts:
        if text == word:
            return 1.0
        if text.removesuffix("s") == stem or (len(stem) >= 3 and text.startswith(stem)):
            best = 0.7
    return best
