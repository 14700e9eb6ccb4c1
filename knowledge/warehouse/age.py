"""How old data is, and how that is told: `4 hours old, limit 26 hours`."""

from datetime import datetime, timedelta

from knowledge.warehouse.spec import DataProduct, parse_duration


def limit_of(product: DataProduct) -> timedelta | None:
    return parse_duration(product.freshness.within) if product.freshness else None


def is_late(product: DataProduct, as_of: datetime | None, now: datetime) -> bool | None:
    """None where the product has no limit, or nothing tells its age."""
    limit = limit_of(product)
    return None if limit is None or as_of is None else now - as_of > limit


def tell_duration(duration: timedelta) -> str:
    """In minutes below two hours, in hours below three days, else in days."""
    minutes = max(0, int(duration.total_seconds() // 60))
    if minutes < 120:
        return _counted(minutes, "minute")
    if minutes < 3 * 24 * 60:
        return _counted(minutes // 60, "hour")
    return _counted(minutes // (24 * 60), "day")


def tell_freshness(product: DataProduct, as_of: datetime | None, now: datetime) -> str:
    limit = limit_of(product)
    age = "of unknown age" if as_of is None else f"{tell_duration(now - as_of)} old"
    return f"{age}, limit {tell_duration(limit)}" if limit is not None else f"{age}, no limit"


def _counted(count: int, unit: str) -> str:
    return f"{count:,} {unit}" if count == 1 else f"{count:,} {unit}s"
