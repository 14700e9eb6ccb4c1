"""Material that waits for its place in a report: each piece is taken once, by the first part that asks for
it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from crews.reports.document import Block, Callout, Paragraph, Quote, Tile, Tiles
from crews.reports.material import ComputedFinding, Material, NarrativeClaim
from crews.reports.sources import QuerySource
from crews.reports.tables import Chart, Table
from crews.reports.template import Fill, PartSpec, ReportTemplate, SectionSpec

T = TypeVar("T")
Piece = Tile | ComputedFinding | NarrativeClaim | Table | Chart | Quote

_SENTENCES_A_PARAGRAPH = 4
_TILES_A_BLOCK = 12


class Waiting:
    def __init__(self, template: ReportTemplate, material: Material) -> None:
        self._metrics = {
            source.id: {metric.name for metric in source.metrics}
            for source in material.sources
            if isinstance(source, QuerySource)
        }
        self._homes = material.homes
        self._titles = {source.id: source.title for source in material.sources}
        self._pieces: dict[Fill, list[Piece]] = {
            Fill.TILES: [*material.tiles],
            Fill.NARRATIVE: [*material.narrative],
            Fill.FINDINGS: [*material.findings],
            Fill.CHARTS: [*material.charts],
            Fill.TABLES: [*material.tables],
            Fill.QUOTES: [*material.quotes],
        }
        with_words = [
            section.key
            for section in template.sections
            if any(part.fill is Fill.NARRATIVE for part in section.parts)
        ]
        self._home = with_words[0] if with_words else None

    def take(self, section: SectionSpec) -> tuple[Block, ...]:
        return tuple(block for part in section.parts for block in self._take(section, part))

    def names_left(self) -> list[str]:
        """What found no place, by its title; sentences by their number."""
        left = [piece for pieces in self._pieces.values() for piece in pieces]
        claims = sum(isinstance(piece, NarrativeClaim) for piece in left)
        names = [_name(piece, self._titles) for piece in left if not isinstance(piece, NarrativeClaim)]
        return names + ([f"{claims:,} sentence{'s' if claims > 1 else ''}"] if claims else [])

    def _take(self, section: SectionSpec, part: PartSpec) -> list[Block]:
        waiting = self._pieces[part.fill]
        fitting = [at for at, piece in enumerate(waiting) if self._fits(piece, section, part)]
        taken = fitting[: part.at_most]
        self._pieces[part.fill] = [piece for at, piece in enumerate(waiting) if at not in taken]
        return to_blocks(part.fill, [waiting[at] for at in taken])

    def _fits(self, piece: Piece, section: SectionSpec, part: PartSpec) -> bool:
        """Words go to the section they were written for, those for none to the first that takes words."""
        if isinstance(piece, NarrativeClaim) and (piece.section or self._home) != section.key:
            return False
        if isinstance(piece, Quote) and self._homes.get(piece.cites[0], section.key) != section.key:
            return False
        stands_on = {metric for source in piece_cites(piece) for metric in self._metrics.get(source, ())}
        return not part.metrics or bool(stands_on & set(part.metrics))


def piece_cites(piece: Piece) -> tuple[str, ...]:
    if isinstance(piece, ComputedFinding):
        return tuple(source for sentence in piece.sentences for source in sentence.cites)
    return piece.cites


def to_blocks(fill: Fill, pieces: Sequence[Piece]) -> list[Block]:
    """As they stand in a section, in their order."""
    if fill is Fill.TILES:
        tiles = [piece for piece in pieces if isinstance(piece, Tile)]
        return [Tiles(tiles=tuple(group)) for group in _groups(tiles, _TILES_A_BLOCK)]
    if fill is Fill.NARRATIVE:
        claims = [piece.sentence() for piece in pieces if isinstance(piece, NarrativeClaim)]
        return [Paragraph(sentences=tuple(group)) for group in _groups(claims, _SENTENCES_A_PARAGRAPH)]
    if fill is Fill.FINDINGS:
        return [_box(piece) for piece in pieces if isinstance(piece, ComputedFinding)]
    return [piece for piece in pieces if isinstance(piece, Table | Chart | Quote)]


def _name(piece: Tile | ComputedFinding | Table | Chart | Quote, titles: Mapping[str, str]) -> str:
    if isinstance(piece, Tile):
        return f"“{piece.label}”"
    if isinstance(piece, Quote):
        return f"a quote of “{titles[piece.cites[0]]}”"
    return f"“{piece.title}”"


def _box(finding: ComputedFinding) -> Callout:
    return Callout(tone=finding.tone, title=finding.title, sentences=finding.sentences, notes=finding.notes)


def _groups(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]
