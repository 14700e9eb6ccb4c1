"""The workspace's catalog: its data products, the metrics over them, entities and the calendar, each checked
against the others when it is read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from knowledge.warehouse.check_spec import Reference
from knowledge.warehouse.metric_spec import CalendarFile, Entity, KeyFiguresFile, Metric, SemanticModel
from knowledge.warehouse.spec import DataProduct
from knowledge.warehouse.supply.spec import SupplySpec
from ledger.errors import WorkspaceInvalid
from ledger.workspace import CATALOG, Workspace
from ledger.yaml_file import line_of, load_yaml

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Products by name, models by name, entities by name; `supply` where stock is planned. `folder` is the
    workspace's, which locations are relative to."""

    folder: Path
    products: Mapping[str, DataProduct] = field(default_factory=dict)
    models: Mapping[str, SemanticModel] = field(default_factory=dict)
    entities: Mapping[str, Entity] = field(default_factory=dict)
    calendar: CalendarFile = field(default_factory=CalendarFile)
    key_figures: KeyFiguresFile | None = None
    supply: SupplySpec | None = None

    def metrics(self) -> Iterator[tuple[str, SemanticModel, Metric]]:
        """Each with the name it is asked for by, `model.metric`."""
        for model in self.models.values():
            for name, metric in model.metrics.items():
                yield f"{model.name}.{name}", model, metric


def load_catalog(workspace: Workspace) -> Catalog:
    """Empty where the workspace has no catalog. Raises WorkspaceInvalid naming file, line and key."""
    folder = workspace.folder / CATALOG
    products = _read(folder / "products", DataProduct, lambda product: product.name)
    models = _read(folder / "metrics", SemanticModel, lambda model: model.name)
    entities = _read(folder / "entities", Entity, lambda entity: entity.name)
    calendar, key_figures = folder / "calendar.yaml", folder / "key_figures.yaml"
    supply = folder / "supply.yaml"
    catalog = Catalog(
        folder=workspace.folder,
        products={name: product for name, (_, product) in products.items()},
        models={name: model for name, (_, model) in models.items()},
        entities={name: entity for name, (_, entity) in entities.items()},
        calendar=load_yaml(calendar, CalendarFile) if calendar.exists() else CalendarFile(),
        key_figures=load_yaml(key_figures, KeyFiguresFile) if key_figures.exists() else None,
        supply=load_yaml(supply, SupplySpec) if supply.exists() else None,
    )
    for path, product in products.values():
        _check_product(path, product, catalog, frozenset(workspace.people.groups))
    for path, model in models.values():
        _check_model(path, model, catalog)
    for path, entity in entities.values():
        _check_entity(path, entity, catalog)
    _check_key_figures(key_figures, catalog)
    if catalog.supply is not None:
        _check_supply(supply, catalog.supply, catalog)
    return catalog


def _read(folder: Path, shape: type[M], name_of: Callable[[M], str]) -> dict[str, tuple[Path, M]]:
    found: dict[str, tuple[Path, M]] = {}
    stray = next((path for path in sorted(folder.rglob("*.y*ml")) if not _is_read(path, folder)), None)
    if stray is not None:
        raise WorkspaceInvalid(f"{stray}: this file is not read; put it into {folder} with the ending .yaml.")
    for path in sorted(folder.glob("*.yaml")):
        item = load_yaml(path, shape)
        name = name_of(item)
        if name in found:
            raise WorkspaceInvalid(f"{path}: name: {name} is already defined in {found[name][0]}.")
        found[name] = (path, item)
    return found


def _is_read(path: Path, folder: Path) -> bool:
    return path.suffix == ".yaml" and path.parent == folder


def _wrong(path: Path, location: Sequence[str | int], sentence: str) -> WorkspaceInvalid:
    """With file, line and key."""
    key = ".".join(map(str, location))
    return WorkspaceInvalid(f"{path}:{line_of(path, *location)}: {key}: {sentence}")


def _check_product(path: Path, product: DataProduct, catalog: Catalog, groups: frozenset[str]) -> None:
    access = product.access
    named: list[tuple[tuple[str | int, ...], str]]
    named = [(("access", "groups"), group) for group in access.groups]
    named += [(("access", "rows", n), group) for n, rule in enumerate(access.rows) for group in rule.groups]
    named += [(("access", "unmasked", column), to) for column, many in access.unmasked.items() for to in many]
    for key, group in named:
        if group not in groups:
            raise _wrong(path, key, f"the group '{group}' is not declared under groups in people.yaml.")
    for number, check in enumerate(product.checks):
        if isinstance(check, Reference):
            other = catalog.products.get(check.to_product)
            if other is None or other.column(check.to_column) is None:
                raise _wrong(path, ("checks", number), f"there is no {check.to} in the catalog.")


def _check_model(path: Path, model: SemanticModel, catalog: Catalog) -> None:
    product = catalog.products.get(model.product)
    if product is None:
        there = _listed(catalog.products)
        raise _wrong(path, ("product",), f"there is no data product {model.product}; there are {there}.")
    for name, join in model.joins.items():
        other = catalog.models.get(join.model)
        if other is None:
            there = _listed(catalog.models)
            at = ("joins", name, "model")
            raise _wrong(path, at, f"there is no model {join.model}; there are {there}.")
        theirs = catalog.products.get(other.product)
        for mine, its in join.on.items():
            if product.column(mine) is None or theirs is None or theirs.column(its) is None:
                needed = f"{model.product} has to have a column {mine} and {other.product} a column {its}."
                raise _wrong(path, ("joins", name, "on"), needed)


def _check_entity(path: Path, entity: Entity, catalog: Catalog) -> None:
    product = catalog.products.get(entity.product)
    if product is None:
        raise _wrong(path, ("product",), f"there is no data product {entity.product}.")
    for key, column in (("key", entity.key), *(("attributes", name) for name in entity.attributes)):
        if product.column(column) is None:
            raise _wrong(path, (key,), f"{entity.product} has no column {column}.")
    metrics = {name for name, _, _ in catalog.metrics()}
    for name, feature in entity.features.items():
        if feature.metric not in metrics:
            at = ("features", name, "metric")
            raise _wrong(path, at, f"there is no metric {feature.metric}; there are {_listed(metrics)}.")


def _check_key_figures(path: Path, catalog: Catalog) -> None:
    if catalog.key_figures is None:
        return
    metrics = {name for name, _, _ in catalog.metrics()}
    dimensions = {f"{model.name}.{name}" for model in catalog.models.values() for name in model.dimensions}
    named = (
        ("metrics", catalog.key_figures.metrics, metrics),
        ("dimensions", catalog.key_figures.dimensions, dimensions),
    )
    for key, names, known in named:
        for number, name in enumerate(names):
            if name not in known:
                there = _listed(known)
                raise _wrong(path, (key, number), f"there is no {key[:-1]} {name}; there are {there}.")


def _check_supply(path: Path, supply: SupplySpec, catalog: Catalog) -> None:
    metrics = {name for name, _, _ in catalog.metrics()}
    for (part, key), name in supply.names():
        if key == "metric" and name not in metrics:
            raise _wrong(path, (part, key), f"there is no metric {name}; there are {_listed(metrics)}.")
        if key != "metric":
            metric = getattr(supply, part).metric
            _check_dimension(path, (part, key), name, catalog.models.get(metric.partition(".")[0]), catalog)
    if catalog.models[supply.demand.metric.partition(".")[0]].time is None:
        raise _wrong(path, ("demand", "metric"), f"{supply.demand.metric} has no time to go by.")


def _check_dimension(
    path: Path, at: tuple[str, str], name: str, model: SemanticModel | None, catalog: Catalog
) -> None:
    place, _, dimension = name.partition(".")
    if model is not None and place in model.joins:
        model = catalog.models.get(model.joins[place].model)
    elif model is not None and place != model.name:
        model = None
    if model is None or dimension not in model.dimensions:
        raise _wrong(path, at, f"the metric cannot be cut by {name}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
