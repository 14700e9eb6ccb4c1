"""What `crewdesk catalog check`, `lineage` and `impact` print with `--json`.

Renaming or removing a field here breaks other people's programs; adding one does not.
"""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from cli.catalog_shapes import CheckView


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class QualityNote(_Shape):
    """What counts besides the product's own checks: its age, a load that was kept back, what it is made
    of."""

    product: str
    owner: str
    check: str
    verdict: str
    sentence: str


class CheckedProduct(_Shape):
    """`verdict` is pass, warn or block; `score` the share of checks that hold."""

    product: str
    owner: str
    verdict: str
    score: float
    as_of: datetime | None
    checks: tuple[CheckView, ...]
    notes: tuple[QualityNote, ...]


class CatalogChecks(_Shape):
    """`verdict` is the worst of them."""

    verdict: str
    products: tuple[CheckedProduct, ...]


class LineageBranch(_Shape):
    """`verb` stands between the two: upstream, the node before *is computed from* this one; downstream, this
    one from the node before."""

    kind: str
    name: str
    owner: str | None
    verb: str
    branches: tuple["LineageBranch", ...]


class LineageView(_Shape):
    kind: str
    name: str
    owner: str | None
    upstream: tuple[LineageBranch, ...]
    downstream: tuple[LineageBranch, ...]


class AffectedThing(_Shape):
    """`why` is the rest of a sentence that begins with the name."""

    kind: str
    name: str
    owner: str | None
    why: str


class ImpactReport(_Shape):
    """The nearest first; `owners` are all who have to know."""

    product: str
    change: str
    affected: tuple[AffectedThing, ...]
    owners: tuple[str, ...]
