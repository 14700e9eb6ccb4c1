"""The names a query may use: the metrics and dimensions one scope can reach, and by which joins.

What rests on a product the scope may not read is not here, and is told of as if it did not exist.
"""

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.errors import QueryRefused, UnknownData
from knowledge.warehouse.metric_spec import Dimension, Join, Metric, SemanticModel

T = TypeVar("T")

# More joins than this in a row are a mistake in the models, or a circle.
_MOST_JOINS = 4


@dataclass(frozen=True, slots=True)
class MetricRef:
    model: SemanticModel
    name: str

    @property
    def metric(self) -> Metric:
        return self.model.metrics[self.name]

    @property
    def full_name(self) -> str:
        return f"{self.model.name}.{self.name}"

    @property
    def label(self) -> str:
        return label_of(self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """From one model by a join, called `name`, to the next."""

    name: str
    join: Join
    start: SemanticModel
    model: SemanticModel


@dataclass(frozen=True, slots=True)
class Place:
    """A model as it is reached from another one: by these joins, one after the other."""

    model: SemanticModel
    joins: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        return self.joins[-1].name if self.joins else self.model.name

    @property
    def alias(self) -> str:
        return "_".join(["joined", *(step.name for step in self.joins)])


@dataclass(frozen=True, slots=True)
class DimensionRef:
    place: Place
    name: str
    dimension: Dimension

    @property
    def expression(self) -> str:
        return self.dimension.expr or f"_.{self.name}"

    @property
    def full_name(self) -> str:
        return f"{self.place.name}.{self.name}"

    @property
    def label(self) -> str:
        return label_of(self.name)


class Vocabulary:
    """`visible` are the products this scope may read."""

    def __init__(self, catalog: Catalog, visible: Container[str]) -> None:
        self._catalog = catalog
        self._models = {name: model for name, model in catalog.models.items() if model.product in visible}

    def metrics(self) -> list[MetricRef]:
        return [MetricRef(model, name) for model in self._models.values() for name in model.metrics]

    def metric(self, asked: str) -> MetricRef:
        """By `model.metric`, or `metric` alone where one model has it. Raises UnknownData, QueryRefused."""
        found = [ref for ref in self.metrics() if asked in (ref.full_name, ref.name)]
        if not found:
            names = [ref.full_name for ref in self.metrics()]
            raise UnknownData(f"There is no metric '{asked}'.{_nearest(asked, names)}")
        return _only(found, asked, [ref.full_name for ref in found])

    def places(self, base: SemanticModel) -> list[Place]:
        """The model itself and those joined to it, nearest first."""
        found, waiting = [], deque([Place(base)])
        while waiting:
            place = waiting.popleft()
            found.append(place)
            if len(place.joins) < _MOST_JOINS:
                waiting.extend(self._joined(base, place))
        return found

    def dimensions(self, base: SemanticModel) -> list[DimensionRef]:
        return [
            DimensionRef(place, name, dimension)
            for place in self.places(base)
            for name, dimension in place.model.dimensions.items()
        ]

    def dimension(self, base: SemanticModel, asked: str) -> DimensionRef:
        """The nearest of that name. Raises UnknownData, or QueryRefused where two are equally near."""
        model, _, name = asked.rpartition(".")
        every = self.dimensions(base)
        found = [
            ref for ref in every if ref.name == name and model in ("", ref.place.name, ref.place.model.name)
        ]
        if not found:
            raise UnknownData(
                f"There is no dimension '{asked}' for {base.name}."
                + _nearest(asked, [ref.full_name for ref in every])
            )
        depth = len(found[0].place.joins)
        nearest = [ref for ref in found if len(ref.place.joins) == depth]
        return _only(nearest, asked, [ref.full_name for ref in nearest])

    def time_of(self, base: SemanticModel) -> DimensionRef | None:
        """What periods go by: the model's own time, or that of the nearest model joined to it."""
        timed = [place for place in self.places(base) if place.model.time]
        nearest = [place for place in timed if len(place.joins) == len(timed[0].joins)]
        if len(nearest) != 1 or nearest[0].model.time is None:
            return None
        place, name = nearest[0], nearest[0].model.time
        return DimensionRef(place, name, place.model.dimensions[name])

    def _joined(self, base: SemanticModel, place: Place) -> Iterable[Place]:
        passed = {base.name, *(step.model.name for step in place.joins)}
        for name, join in place.model.joins.items():
            model = self._models.get(join.model)
            if model is not None and model.name not in passed:
                yield Place(model, (*place.joins, Step(name, join, place.model, model)))


def label_of(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _only(found: list[T], asked: str, names: list[str]) -> T:
    if len(found) > 1:
        raise QueryRefused(f"'{asked}' may be {' or '.join(names)}: say which.")
    return found[0]


def _nearest(asked: str, names: list[str]) -> str:
    near = get_close_matches(asked, names, n=3, cutoff=0.5) or sorted(names)[:5]
    return f" There are {', '.join(near)}." if near else ""
