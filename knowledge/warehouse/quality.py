"""Whether a number may be given: what is known of a product's rows now, held against its contract.

A product that blocks gives no number at all, and so does whatever is made of it. Nothing here is kept: the
verdict is made anew from the record of loads each time it is asked for.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.result import Quality, QualityFinding, Verdict
from knowledge.warehouse.search import quality_score
from knowledge.warehouse.spec import DataProduct, ViewLocation, parse_duration
from knowledge.warehouse.sql_lineage import parse_select, products_in
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import LoadState, ProductLoad, current_loads

_WORST_LAST = (Verdict.PASS, Verdict.WARN, Verdict.BLOCK)
_OF_SEVERITY = {"warn": Verdict.WARN, "block": Verdict.BLOCK}
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A product as it stands: what is served of it, and the last load that was tried."""

    product: DataProduct
    served: ProductLoad | None
    latest: ProductLoad | None
    now: datetime


def judge_quality(warehouse: Warehouse, products: Iterable[str], now: datetime) -> Quality:
    """Of all these products together, and of what they are made of: the worst verdict, and why. Raises
    UnknownData where the catalog has no such product."""
    catalog, (served, latest) = warehouse.catalog, current_loads(warehouse.db)
    findings: list[QualityFinding] = []
    for name, through in _with_upstream(catalog, products):
        known = _Known(catalog.products[name], served.get(name), latest.get(name), now)
        for check, verdict, sentence in _look_at(known):
            told = f"{through} is made of {name}: {sentence}" if through else sentence
            findings.append(QualityFinding(name, known.product.owner, check, verdict, told))
    worst = max((finding.verdict for finding in findings), key=_WORST_LAST.index, default=Verdict.PASS)
    return Quality(worst, tuple(findings))


def score(load: ProductLoad) -> float:
    """The share of its checks that hold, 0 to 1, of those that could be made; 1 where there are none."""
    share = quality_score(load)
    return 1.0 if share is None else share


def upstream_of(catalog: Catalog, product: DataProduct) -> tuple[str, ...]:
    """What it is made of at first hand: as declared, and as its view reads. Systems besides products."""
    found = dict.fromkeys(product.upstream)
    if isinstance(product.location, ViewLocation):
        # A view that cannot be read cannot be loaded either, and says so itself.
        with suppress(QueryRefused):
            found |= dict.fromkeys(sorted(products_in(parse_select(product.location.sql, catalog.products))))
    return tuple(name for name in found if name != product.name)


def _with_upstream(catalog: Catalog, names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """Each product once, with the one that leads to it; those asked for first, and without."""
    waiting: deque[tuple[str, str | None]] = deque((name, None) for name in dict.fromkeys(names))
    seen = {name for name, _ in waiting}
    while waiting:
        name, through = waiting.popleft()
        product = catalog.products.get(name)
        if product is None:
            raise UnknownData(f"There is no data product {name} in the catalog.")
        yield name, through
        for other in upstream_of(catalog, product):
            if other in catalog.products and other not in seen:
                seen.add(other)
                waiting.append((other, name))


def _look_at(known: _Known) -> Iterator[tuple[str, Verdict, str]]:
    """What a reader has to know of one product: check, verdict and sentence."""
    load = known.served
    if load is None:
        yield "load", Verdict.BLOCK, _never_loaded(known)
        return
    if (late := _too_old(known, load)) is not None:
        yield late
    for check in load.failed:
        yield check.check, _OF_SEVERITY.get(check.severity, Verdict.BLOCK), check.sentence
    if known.product.target is not None and score(load) < known.product.target:
        kept = f"{score(load):.0%} of its checks hold, and {known.product.target:.0%} are promised"
        yield "target", Verdict.WARN, f"Of {known.product.name}, {kept}."
    if load.kept_back:
        yield "conforming", Verdict.WARN, _left_out(known.product, load)
    newer = known.latest
    if newer is not None and newer.state is LoadState.KEPT_BACK:
        yield "load", Verdict.WARN, f"Newer data {_kept_back(newer, known.now)}"


def _never_loaded(known: _Known) -> str:
    sentence = f"{known.product.name} has not been loaded"
    return f"{sentence}: data {_kept_back(known.latest, known.now)}" if known.latest else f"{sentence}."


def _left_out(product: DataProduct, load: ProductLoad) -> str:
    rows, verb = ("1 row", "is") if load.kept_back == 1 else (f"{load.kept_back:,} rows", "are")
    all_rows = load.rows + load.kept_back
    return f"{rows} of {all_rows:,} of {product.name} did not conform and {verb} not counted in."


def _kept_back(load: ProductLoad, now: datetime) -> str:
    reason = (load.reason or "no reason is known").strip().rstrip(".")
    return f"came on {_day(load.loaded_at, now)} and was kept back: {reason}."


def _too_old(known: _Known, load: ProductLoad) -> tuple[str, Verdict, str] | None:
    freshness = known.product.freshness
    if freshness is None:
        return None
    limit = parse_duration(freshness.within)
    verdict = _OF_SEVERITY[freshness.severity]
    who, are, they = _called(known.product.name)
    should = f"{they} should be at most {_in_words(limit)} old"
    if load.as_of is None:
        return "freshness", verdict, f"Nobody can tell how old {who.lower()} {are}; {should}."
    age = known.now - load.as_of
    if age <= limit:
        return None
    words = _in_words(age)
    told = f"more than {words}" if words == _in_words(limit) else words
    return "freshness", verdict, f"{who} {are} {told} old; {should}."


def _called(name: str) -> tuple[str, str, str]:
    """A product's name within a sentence, with the verb and the pronoun it takes."""
    words = name.partition(".")[2].replace("_", " ").capitalize()
    is_plural = words.endswith("s") and not words.endswith(("ss", "us", "is"))
    return (words, "are", "they") if is_plural else (words, "is", "it")


def _in_words(span: timedelta) -> str:
    """Whole hours up to two days, then whole days, always the lesser."""
    is_days = span >= 2 * _DAY or span == _DAY
    number, unit = (span // _DAY, "day") if is_days else (span // _HOUR, "hour")
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _day(moment: datetime, now: datetime) -> str:
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment.day} {moment:%B}{year}"
