"""Who may read what a report stands on: the groups of each piece of its evidence, from the stored rights.

Of a data product also the groups by whose rules whoever asked sees rows and columns of it: somebody who is
in none of them would see less, and is not to approve what they could not look up. What is
in the web is for anybody.
"""

from collections.abc import Iterable, Iterator

from crews.step_context import StepContext
from knowledge.warehouse.spec import DataProduct
from ledger.documents import find_document
from ledger.errors import NotFound
from ledger.evidence import FIGURES, WEB_PAGE, Evidence


def readers_of_evidence(context: StepContext, evidence: Iterable[Evidence]) -> tuple[tuple[str, ...], ...]:
    """Each list once. What cannot be looked up any more is for nobody."""
    lists: dict[tuple[str, ...], None] = {}
    for item in evidence:
        if item.finding.kind == FIGURES:
            lists |= dict.fromkeys(_of_figures(context, item))
        elif item.finding.kind != WEB_PAGE:
            lists[_of_document(context, item)] = None
    return tuple(lists)


def _of_document(context: StepContext, item: Evidence) -> tuple[str, ...]:
    found = find_document(context.db, str(item.finding.details.get("document_id")))
    return () if found is None else tuple(sorted(found.document.allowed_groups))


def _of_figures(context: StepContext, item: Evidence) -> Iterator[tuple[str, ...]]:
    try:
        products = context.numbers.warehouse.catalog.products
    except NotFound:
        products = {}
    for name in item.finding.source.split(", "):
        product = products.get(name)
        if product is None:
            yield ()
        else:
            yield from _of_product(product, context.claim.principal.groups)


def _of_product(product: DataProduct, groups: frozenset[str]) -> Iterator[tuple[str, ...]]:
    access = product.access
    yield tuple(sorted(access.groups))
    named = [rule.groups for rule in access.rows] + list(access.unmasked.values())
    for one in named:
        if groups.intersection(one):
            yield tuple(sorted(one))
