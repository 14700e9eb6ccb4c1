"""JSON and JSON lines: records as tables, other values as `key: value` lines under their keys as headings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from knowledge.loading.blocks import Block, BlockKind, FileStatus, Unreadable, make_block, make_table
from knowledge.loading.encoding import decode_text

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | bool | None"

_DEEPEST_HEADING = 6
# Records whose keys differ more than this share no header.
_MOST_COLUMNS = 60


def load_json(content: bytes) -> list[Block]:
    """Raises RecursionError if it is nested a few hundred deep."""
    blocks: list[Block | None] = []
    _read(_parse(decode_text(content)), 1, blocks)
    return [block for block in blocks if block]


def _parse(text: str) -> Json:
    """One value, or the list of those that stand one to a line. Numbers stay as they are written."""
    try:
        return _parse_value(text)
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or error.msg != "Extra data":
            raise Unreadable(FileStatus.CORRUPT, f"it is not valid JSON ({error})") from error
    try:
        return [_parse_value(line) for line in lines]
    except json.JSONDecodeError as error:
        raise Unreadable(FileStatus.CORRUPT, f"it is neither JSON nor JSON lines ({error})") from error


def _parse_value(text: str) -> Json:
    value: Json = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    return value


def _read(value: Json, level: int, blocks: list[Block | None]) -> None:
    match value:
        case Mapping():
            _read_mapping(value, level, blocks)
        case str() | bool() | None:
            blocks.append(make_block(BlockKind.PARAGRAPH, _plain(value)))
        case _ if value and all(map(_is_record, value)) and len(columns := _columns(value)) <= _MOST_COLUMNS:
            rows = [[_cell(record, column) for column in columns] for record in value]
            blocks.append(make_table([columns, *rows]))
        case _:
            for item in value:
                if _is_plain(item):
                    blocks.append(make_block(BlockKind.LIST_ITEM, f"- {_plain(item)}", 1))
                else:
                    _read(item, level, blocks)


def _read_mapping(mapping: Mapping[str, Json], level: int, blocks: list[Block | None]) -> None:
    lines = [f"{key}: {_plain(value)}" for key, value in mapping.items() if _is_plain(value)]
    blocks.append(make_block(BlockKind.PARAGRAPH, "\n".join(lines)))
    for key, value in mapping.items():
        if not _is_plain(value):
            blocks.append(make_block(BlockKind.HEADING, key, min(level, _DEEPEST_HEADING)))
            _read(value, level + 1, blocks)


def _is_scalar(value: Json) -> bool:
    return value is None or isinstance(value, str | bool)


def _is_plain(value: Json) -> bool:
    """Whether it fits on a line: a value, or a list of values."""
    if isinstance(value, Mapping):
        return False
    return value is None or isinstance(value, str | bool) or all(map(_is_scalar, value))


def _plain(value: Json) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return ", ".join(map(_plain, value))


def _is_record(value: Json) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(map(_is_plain, value.values()))


def _columns(records: Iterable[Json]) -> list[str]:
    """The keys of all records, in the order in which they first come."""
    return list(dict.fromkeys(key for record in records if isinstance(record, Mapping) for key in record))


def _cell(record: Json, column: str) -> str:
    return _plain(record.get(column)) if isinstance(record, Mapping) else ""
