"""A phrase of the question with the one of its meanings that is tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge.warehouse.resolve.cues import Cue
from knowledge.warehouse.resolve.lexicon import Meaning, MeaningKind
from knowledge.warehouse.resolve.segments import Segment
from knowledge.warehouse.resolve.shape import Shape
from knowledge.warehouse.resolve.words import is_content, stem

_LIGHT_VERB = stem("sell")


@dataclass(frozen=True, slots=True)
class Mention:
    """A segment with the meaning chosen for it."""

    place: int
    segment: Segment
    meaning: Meaning
    cue: Cue
    negated: bool
    aside: bool
    stems: tuple[str, ...]
    is_verb: bool = False

    @property
    def kind(self) -> MeaningKind:
        return self.meaning.kind

    @property
    def name(self) -> str:
        return self.meaning.name

    @property
    def model(self) -> str:
        return self.meaning.model


def mentions_of(shape: Shape, chosen: Sequence[Meaning]) -> list[Mention]:
    mentions = [_mention(shape, place, meaning) for place, meaning in enumerate(chosen)]
    measured = any(item.kind is MeaningKind.METRIC and not item.meaning.counts for item in mentions)
    if shape.superlative is None or measured or Cue.MOST in shape.cues or Cue.COUNT in shape.cues:
        return mentions
    return [_ranking(item, mentions) for item in mentions]


def _ranking(mention: Mention, mentions: Sequence[Mention]) -> Mention:
    """`orders` in "top 5 customers by orders" is what they are ranked by."""
    follows = any(other.cue is Cue.WHICH and other.place < mention.place for other in mentions)
    is_rows = mention.meaning.counts or mention.kind is MeaningKind.ENTITY
    return replace(mention, cue=Cue.MOST) if follows and is_rows and mention.cue is Cue.GROUP else mention


def _mention(shape: Shape, place: int, meaning: Meaning) -> Mention:
    segment = shape.segments[place]
    tokens = shape.tokens[segment.start : segment.end]
    following = shape.tokens[segment.end] if segment.end < len(shape.tokens) else None
    counted = following is not None and following.key in ("count", "counts")
    return Mention(
        place=place,
        segment=segment,
        meaning=meaning,
        cue=Cue.COUNT if counted else shape.cues[place],
        negated=shape.negated[place],
        aside=all(token.aside for token in tokens),
        stems=tuple(token.stem for token in tokens if is_content(token) or len(tokens) == 1),
        is_verb=len(tokens) == 1 and tokens[0].stem == _LIGHT_VERB and tokens[0].key not in ("sales", "sale"),
    )
