"""What `crewdesk catalog ...` prints with `--json`.

Renaming or removing a field here breaks other people's programs; adding one does not.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProductSummary(_Shape):
    """`status` is `kept_back` where the newest load was, whatever is served; `is_late` where that is
    over its limit, None where nothing says. `quality` is the share of its checks that passed."""

    name: str
    description: str
    owner: str
    status: Literal["served", "late", "kept_back", "not_loaded"]
    reason: str | None
    rows: int | None
    quality: float | None
    freshness: str
    is_late: bool | None
    as_of: datetime | None


class ProductList(_Shape):
    products: tuple[ProductSummary, ...]


class ColumnView(_Shape):
    name: str
    type: str
    description: str
    unit: str | None
    classification: str


class CheckView(_Shape):
    """`state` is pass, fail or unknown. `examples` are a few failing rows without personal or confidential
    values."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    check: str
    severity: str
    state: str
    sentence: str
    measured: float | None
    examples: tuple[dict[str, Any], ...]


class PastCheckView(_Shape):
    load_id: str
    checked_at: datetime
    outcome: CheckView


class CheckHistory(_Shape):
    """The newest first."""

    product: str
    checks: tuple[PastCheckView, ...]


class LoadView(_Shape):
    """`changed` counts what conforming did, by column and rule; `*` stands for whole rows."""

    load_id: str
    state: str
    reason: str | None
    loaded_at: datetime
    as_of: datetime | None
    rows: int
    kept_back: int
    changed: dict[str, dict[str, int]]
    checks: tuple[CheckView, ...]


class ProductView(ProductSummary):
    """`served` is what is read; `latest` the newest load where that was kept back."""

    steward: str
    origin: str
    version: int
    refresh: str
    target: float | None
    groups: tuple[str, ...]
    known_issues: tuple[str, ...]
    upstream: tuple[str, ...]
    consumers: tuple[str, ...]
    access_patterns: tuple[str, ...]
    columns: tuple[ColumnView, ...]
    served: LoadView | None
    latest: LoadView | None


class LoadOutcome(_Shape):
    product: str
    state: Literal["published", "unchanged", "kept_back"]
    reason: str | None
    rows: int
    kept_back: int
    failed: tuple[CheckView, ...]


class LoadReport(_Shape):
    loads: tuple[LoadOutcome, ...]


class KeptBackExample(_Shape):
    """Personal and confidential values are masked."""

    columns: dict[str, Any]
    reasons: tuple[str, ...]


class KeptBackView(_Shape):
    """`failed` are the checks that do not hold, `file` has the rows that did not conform as they came, the
    first of them at least."""

    product: str
    load_id: str | None
    loaded_at: datetime | None
    state: str | None
    reason: str | None
    kept_back: int
    reasons: dict[str, int]
    examples: tuple[KeptBackExample, ...]
    failed: tuple[CheckView, ...]
    file: str | None
