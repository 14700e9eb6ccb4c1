"""What the catalog's commands show, made of what the warehouse knows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from cli.catalog_shapes import (
    CheckView,
    ColumnView,
    KeptBackExample,
    KeptBackView,
    LoadOutcome,
    LoadReport,
    LoadView,
    ProductList,
    ProductSummary,
    ProductView,
)
from knowledge.warehouse.loading.quarantine import SUFFIX, read_kept_back
from knowledge.warehouse.search import ProductState
from knowledge.warehouse.warehouse import Warehouse
from ledger.data_products import CheckResult, LoadState, ProductLoad, latest_loads


def list_products(states: Iterable[ProductState]) -> ProductList:
    return ProductList(products=tuple(_summary(state) for state in states))


def view_product(state: ProductState) -> ProductView:
    product = state.product
    return ProductView(
        **dict(_summary(state)),
        steward=product.steward,
        origin=product.origin,
        version=product.version,
        refresh=product.refresh,
        target=product.target,
        groups=product.access.groups,
        known_issues=product.known_issues,
        upstream=product.upstream,
        consumers=tuple(f"{each.name} ({each.kind}, {each.owner})" for each in product.consumers),
        access_patterns=product.access_patterns,
        columns=tuple(
            ColumnView(
                name=column.name,
                type=column.type,
                description=column.description,
                unit=column.unit,
                classification=column.classification,
            )
            for column in product.columns
        ),
        served=_load(state.served) if state.served else None,
        latest=_load(state.kept_back) if state.kept_back else None,
    )


def report_loads(loads: Sequence[ProductLoad], begun: datetime) -> LoadReport:
    """Loads from before `begun` were served already: their sources are unchanged."""
    return LoadReport(
        loads=tuple(
            LoadOutcome(
                product=load.product,
                state="unchanged" if load.loaded_at < begun else _state(load),
                reason=load.reason,
                rows=load.rows,
                kept_back=load.kept_back,
                failed=tuple(_check(check) for check in load.failed),
            )
            for load in loads
        )
    )


def view_kept_back(warehouse: Warehouse, name: str, examples: int) -> KeptBackView:
    """Of the newest load. Raises NotLoaded if its rows are gone."""
    load = latest_loads(warehouse.db).get(name)
    path = warehouse.folder / name / f"{load.id}{SUFFIX}" if load and load.kept_back else None
    reasons: dict[str, int] = {}
    rows: tuple[KeptBackExample, ...] = ()
    if path is not None:
        summary, found = read_kept_back(path, warehouse.catalog.products[name], examples)
        reasons = summary.reasons
        rows = tuple(KeptBackExample(columns=row.columns, reasons=row.reasons) for row in found)
    return KeptBackView(
        product=name,
        load_id=load.id if load else None,
        loaded_at=load.loaded_at if load else None,
        state=load.state if load else None,
        reason=load.reason if load else None,
        kept_back=load.kept_back if load else 0,
        reasons=reasons,
        examples=rows,
        failed=tuple(_check(check) for check in load.failed) if load else (),
        file=str(path) if path else None,
    )


def _summary(state: ProductState) -> ProductSummary:
    served = state.served
    return ProductSummary(
        name=state.product.name,
        description=state.product.description,
        owner=state.product.owner,
        status=_status(state),
        reason=state.kept_back.reason if state.kept_back else None,
        rows=served.rows if served else None,
        quality=state.quality,
        freshness=state.freshness,
        is_late=state.is_late,
        as_of=served.as_of if served else None,
    )


def _status(state: ProductState) -> Literal["served", "late", "kept_back", "not_loaded"]:
    if state.kept_back is not None:
        return "kept_back"
    if state.served is None:
        return "not_loaded"
    return "late" if state.is_late else "served"


def _state(load: ProductLoad) -> Literal["published", "kept_back"]:
    return "published" if load.state is LoadState.PUBLISHED else "kept_back"


def _load(load: ProductLoad) -> LoadView:
    return LoadView(
        load_id=load.id,
        state=load.state,
        reason=load.reason,
        loaded_at=load.loaded_at,
        as_of=load.as_of,
        rows=load.rows,
        kept_back=load.kept_back,
        changed=load.counts,
        checks=tuple(_check(check) for check in load.checks),
    )


def _check(check: CheckResult) -> CheckView:
    return CheckView.model_validate(check)
