"""What each phrase of the catalog may mean: metrics, dimensions, flags, and what a row is."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from knowledge.warehouse.catalog import Catalog
from knowledge.warehouse.metric_spec import Dimension, Metric, SemanticModel
from knowledge.warehouse.resolve.values import ValueIndex, ValueKind
from knowledge.warehouse.resolve.word_lists import STOP_WORDS, TURNING_WORDS
from knowledge.warehouse.resolve.words import all_stems, is_light, is_participle, stem, stems_of, words_of
from knowledge.warehouse.vocabulary import Vocabulary

Phrase = tuple[str, ...]

_DURATIONS = frozenset({"seconds", "minutes", "hours", "days", "weeks", "months", "years"})
_RATIO = re.compile(r"_\.(\w+) / _\.(\w+)")
_WHOLE, _CODE = 0.9, 0.91


class MeaningKind(StrEnum):
    METRIC = "metric"
    DIMENSION = "dimension"
    FLAG = "flag"
    ENTITY = "entity"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`name` is `model.metric` or `model.dimension`, of an entity the model; `strength` is 1 where the words
    are a name or synonym as it stands. A metric `counts` where it is the number of rows of something.
    `after_entity` where the phrase is the entity's word and then the dimension's, `of_entity` where it
    is the other way round, `is_participle` where it is a word such as `ordered`. Of a metric, `forms` say
    which words of the phrase are participles: tickets opened are other ones than open tickets."""

    kind: MeaningKind
    name: str
    strength: float = 1.0
    value: str | None = None
    counts: bool = False
    after_entity: bool = False
    of_entity: bool = False
    is_participle: bool = False
    forms: tuple[bool, ...] = ()

    @property
    def model(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`words` are, by name, all stems its definition is made of; `count_of` and `label_of`, by model, the
    metric that counts its rows and the dimension that names one; `titles` are, by name, the stems of its name
    and synonyms, `texts` each of its texts word by word; `reach`, by model, how many joins away each
    model is that it can be grouped by; `time_of`, by model, the dimension its periods go by."""

    catalog: Catalog
    phrases: Mapping[Phrase, tuple[Meaning, ...]]
    words: Mapping[str, frozenset[str]]
    titles: Mapping[str, frozenset[str]]
    texts: Mapping[str, tuple[Phrase, ...]]
    count_of: Mapping[str, str]
    label_of: Mapping[str, str]
    reach: Mapping[str, Mapping[str, int]]
    time_of: Mapping[str, str]

    @property
    def vocabulary(self) -> frozenset[str]:
        return frozenset(chain.from_iterable(self.phrases))

    def metric(self, name: str) -> Metric:
        model, _, metric = name.partition(".")
        return self.catalog.models[model].metrics[metric]

    def is_duration(self, name: str) -> bool:
        model, _, metric = name.partition(".")
        found = self.catalog.models[model].metrics.get(metric)
        return found is not None and (found.unit or "") in _DURATIONS

    def is_mean(self, name: str) -> bool:
        """Whether it is so much of one thing for each of another."""
        metric = self.metric(name)
        return metric.is_ratio and metric.format != "percent" and bool(_RATIO.fullmatch(metric.expr.strip()))

    def dimension(self, name: str) -> Dimension:
        model, _, dimension = name.partition(".")
        return self.catalog.models[model].dimensions[dimension]

    def says(self, name: str, words: Phrase) -> bool:
        """Whether these words stand side by side in its name, a synonym or its description."""
        return any(
            text[at : at + len(words)] == words
            for text in self.texts.get(name, ())
            for at in range(len(text))
        )

    def definition(self, name: str) -> str:
        model, _, part = name.partition(".")
        found = self.catalog.models[model]
        item = found.metrics.get(part) or found.dimensions.get(part)
        return item.description if item else found.description


def build_lexicon(catalog: Catalog, values: ValueIndex, visible: Container[str] | None = None) -> Lexicon:
    """Of the models whose products are `visible`; of all where nothing is said."""
    models = {
        name: model for name, model in catalog.models.items() if visible is None or model.product in visible
    }
    words = Vocabulary(catalog, {model.product for model in models.values()})
    found: dict[Phrase, dict[tuple[MeaningKind, str], Meaning]] = defaultdict(dict)
    for model in models.values():
        for phrase, meaning in _meanings(catalog, model, values):
            known = found[phrase].get((meaning.kind, meaning.name))
            if phrase and (known is None or known.strength < meaning.strength):
                found[phrase][meaning.kind, meaning.name] = meaning
    return Lexicon(
        catalog=catalog,
        phrases={phrase: _strongest(meanings.values()) for phrase, meanings in found.items() if phrase},
        words={name: words for model in models.values() for name, words in _words(model)},
        titles={name: words for model in models.values() for name, words in _titles(model)},
        texts={name: texts for model in models.values() for name, texts in _texts(model)},
        count_of={name: count for name, model in models.items() if (count := _count_of(catalog, model))},
        label_of={
            name: label for name, model in models.items() if (label := _label_of(catalog, model, values))
        },
        reach={name: _reach(words, model) for name, model in models.items()},
        time_of={name: time.full_name for name, model in models.items() if (time := words.time_of(model))},
    )


def _strongest(meanings: Iterable[Meaning]) -> tuple[Meaning, ...]:
    """The strongest first. What a phrase is only the end of counts for nothing where it is the whole of
    another."""
    ordered = sorted(meanings, key=lambda item: (-item.strength, item.name))
    is_whole = any(item.strength >= _WHOLE for item in ordered)
    return tuple(item for item in ordered if item.strength >= _WHOLE or not is_whole)


def _meanings(catalog: Catalog, model: SemanticModel, values: ValueIndex) -> Iterable[tuple[Phrase, Meaning]]:
    entities = _entity_phrases(catalog, model)
    for phrase in entities:
        yield phrase, Meaning(MeaningKind.ENTITY, model.name)
    counts = _count_of(catalog, model)
    for name, metric in model.metrics.items():
        full = f"{model.name}.{name}"
        for phrase, strength, forms in _phrases(name, metric.synonyms):
            is_count = full == counts or _is_count(metric)
            meaning = Meaning(MeaningKind.METRIC, full, strength, counts=is_count, forms=forms)
            yield phrase, meaning
            if flag := _flag_of(metric, model, phrase, values):
                yield phrase, Meaning(MeaningKind.FLAG, f"{model.name}.{flag}", 0.95 * strength)
            if len(phrase) == 2:
                # `value of the stock` for a stock value, `runs that failed` for failed runs.
                yield phrase[::-1], replace(meaning, of_entity=not forms[0], forms=forms[::-1])
    yield from _ratios(model)
    label = _label_of(catalog, model, values)
    for name, dimension in _seen(model, values):
        full = f"{model.name}.{name}"
        known = values.facts.get(full)
        is_flag = known.kind is ValueKind.FLAG if known else name.startswith(("is_", "has_", "was_"))
        kind = MeaningKind.FLAG if is_flag else MeaningKind.DIMENSION
        synonyms = (*dimension.synonyms, *_column_synonyms(catalog, model, name, dimension))
        participles = {stems_of(text) for text in (name, *synonyms) if is_participle(text.split("_")[-1])}
        for phrase, strength, _forms in _phrases(name, synonyms):
            if full == label and phrase in entities:
                # The entity's own word stands for it already.
                continue
            yield phrase, Meaning(kind, full, strength, is_participle=phrase in participles)
            if dimension.is_time and (state := _state(name)):
                yield state, Meaning(kind, full, 0.95, is_participle=True)
            for entity in entities if kind is MeaningKind.DIMENSION else ():
                yield from _with_entity(phrase, entity, Meaning(kind, full, strength))


def _ratios(model: SemanticModel) -> Iterable[tuple[Phrase, Meaning]]:
    """`revenue per order`, where a metric divides the one by the other."""
    for name, metric in model.metrics.items():
        parts = _RATIO.fullmatch(metric.expr.strip()) if metric.is_ratio else None
        above, below = (model.metrics.get(part) for part in parts.groups()) if parts else (None, None)
        if parts is None or above is None or below is None:
            continue
        for first, one, _ in _phrases(parts[1], above.synonyms):
            for second, other, _ in _phrases(parts[2], below.synonyms):
                meaning = Meaning(MeaningKind.METRIC, f"{model.name}.{name}", 0.98 * one * other)
                yield (*first, "per", *second), meaning


def _flag_of(metric: Metric, model: SemanticModel, phrase: Phrase, values: ValueIndex) -> str | None:
    """`members` are counted, and what is bought by members is told apart."""
    if any(word in TURNING_WORDS for word in phrase):
        return None
    column = metric.expr.removesuffix(".sum()")
    for name, item in model.dimensions.items() if column != metric.expr else ():
        known = values.facts.get(f"{model.name}.{name}")
        if (item.expr or f"_.{name}") == column and known and known.kind is ValueKind.FLAG:
            return name
    return None


def _state(name: str) -> Phrase | None:
    """`shipped` of a `shipped_date`."""
    first, _, rest = name.partition("_")
    return (stem(first),) if is_participle(first) and rest in ("date", "at", "on", "day", "time") else None


def _seen(model: SemanticModel, values: ValueIndex) -> Iterable[tuple[str, Dimension]]:
    """Dimensions that can be asked for: what is masked, or was never loaded, is not in the index."""
    for name, dimension in model.dimensions.items():
        if not values.facts or f"{model.name}.{name}" in values.facts:
            yield name, dimension


def _phrases(name: str, synonyms: Iterable[str]) -> Iterable[tuple[Phrase, float, tuple[bool, ...]]]:
    """Name and synonyms as they stand; and shortened to their last words, which is weaker: `revenue` for net
    revenue. A product number is not quite a product. With which words are participles."""
    for text in (name, *synonyms):
        words = words_of(text)
        phrase = tuple(word.stem for word in words)
        forms = tuple(is_participle(word.key) for word in words)
        is_code = re.search(r"\w[\s_](?:number|no)$", text, re.IGNORECASE)
        yield phrase, _CODE if is_code else 1.0, forms
        for cut in range(1, len(phrase)) if text == name else ():
            if not is_light(phrase[cut:]):
                yield phrase[cut:], 0.8, forms[cut:]


def _with_entity(phrase: Phrase, entity: Phrase, meaning: Meaning) -> Iterable[tuple[Phrase, Meaning]]:
    """`customer country` and `country of the customer` for a customer's country, and `country` for a
    dimension called `customer_country`."""
    if phrase[: len(entity)] == entity:
        if len(phrase) > len(entity):
            yield phrase[len(entity) :], Meaning(meaning.kind, meaning.name, 0.95 * meaning.strength)
        return
    if any(word in STOP_WORDS for word in phrase):
        return
    yield (*entity, *phrase), replace(meaning, after_entity=True)
    yield (*phrase, *entity), replace(meaning, of_entity=True)


def _entity_phrases(catalog: Catalog, model: SemanticModel) -> list[Phrase]:
    names = [model.entity, *model.synonyms]
    names += [entity.name for entity in catalog.entities.values() if entity.product == model.product]
    return list(dict.fromkeys(stems_of(name) for name in names))


def _column_synonyms(
    catalog: Catalog, model: SemanticModel, name: str, dimension: Dimension
) -> tuple[str, ...]:
    if dimension.expr not in (None, f"_.{name}"):
        return ()
    column = catalog.products[model.product].column(name)
    return column.synonyms if column else ()


def _is_count(metric: Metric) -> bool:
    expression = metric.expr.replace(" ", "")
    return expression == "_.count()" or expression.endswith(".nunique()")


def _count_of(catalog: Catalog, model: SemanticModel) -> str | None:
    """The metric that is the number of its rows: all of them, or the distinct values of the key."""
    keys = catalog.products[model.product].primary_key
    wanted = ["_.count()"]
    if len(keys) == 1:
        wanted += [f"_.{keys[0]}.nunique()", f"_.{keys[0]}.count()"]
    for expression in wanted:
        for name, metric in model.metrics.items():
            if metric.expr.replace(" ", "") == expression:
                return f"{model.name}.{name}"
    return None


def _label_of(catalog: Catalog, model: SemanticModel, values: ValueIndex) -> str | None:
    """What a row is called by: the dimension with the entity's own name, one that is a name, or the key."""
    entities = _entity_phrases(catalog, model)
    named = (stem("name"),)
    keys = catalog.products[model.product].primary_key
    found: dict[int, str] = {}
    for name, dimension in _seen(model, values):
        phrases = [stems_of(text) for text in (name, *dimension.synonyms)]
        fits = (
            any(entity in phrases for entity in entities),
            any((*entity, *named) in phrases for entity in entities),
            any(phrase[-1:] == named for phrase in phrases),
            keys == (name,),
        )
        if not dimension.is_time and any(fits):
            found.setdefault(fits.index(True), f"{model.name}.{name}")
    return found[min(found)] if found else None


def _words(model: SemanticModel) -> Iterable[tuple[str, frozenset[str]]]:
    yield model.name, _stems(model.entity, model.description, *model.synonyms)
    for name, metric in model.metrics.items():
        yield f"{model.name}.{name}", _stems(name, metric.description, *metric.synonyms)
    for name, dimension in model.dimensions.items():
        yield f"{model.name}.{name}", _stems(name, dimension.description, *dimension.synonyms)


def _titles(model: SemanticModel) -> Iterable[tuple[str, frozenset[str]]]:
    yield model.name, _stems(model.entity, *model.synonyms)
    for name, said, _description in _named(model):
        yield f"{model.name}.{name}", _stems(name, *said)


def _texts(model: SemanticModel) -> Iterable[tuple[str, tuple[Phrase, ...]]]:
    for name, said, description in _named(model):
        yield f"{model.name}.{name}", tuple(map(all_stems, (name, *said, description)))


def _named(model: SemanticModel) -> Iterable[tuple[str, tuple[str, ...], str]]:
    """Name, synonyms and description of each metric and dimension."""
    for name, metric in model.metrics.items():
        yield name, tuple(metric.synonyms), metric.description
    for name, dimension in model.dimensions.items():
        yield name, tuple(dimension.synonyms), dimension.description


def _stems(*texts: str) -> frozenset[str]:
    return frozenset(chain.from_iterable(stems_of(text) for text in texts))


def _reach(words: Vocabulary, start: SemanticModel) -> dict[str, int]:
    """Models by how many joins away they are; not those that two joins lead to equally far, since then a
    name would not say which is meant."""
    found: dict[str, list[int]] = defaultdict(list)
    for place in words.places(start):
        found[place.model.name].append(len(place.joins))
    return {name: min(far) for name, far in found.items() if far.count(min(far)) == 1}
