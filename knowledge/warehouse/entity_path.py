"""How a model's rows belong to an entity: by the key of the product that describes it, here or where a join
leads."""

from knowledge.warehouse.metric_spec import Dimension, Entity, SemanticModel
from knowledge.warehouse.vocabulary import DimensionRef, Vocabulary


def key_of_entity(words: Vocabulary, entity: Entity, model: SemanticModel) -> DimensionRef | None:
    """The nearest place where the entity's own key stands; None if there is none, or two are equally near."""
    there = [place for place in words.places(model) if place.model.product == entity.product]
    nearest = [place for place in there if len(place.joins) == len(there[0].joins)]
    if len(nearest) != 1:
        return None
    key = Dimension(description=entity.description, expr=f"_.{entity.key}")
    return DimensionRef(nearest[0], entity.key, key)
