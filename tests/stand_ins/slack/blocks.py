"""The limits Slack puts on a message's or view's blocks; what breaks one is refused whole."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
BLOCK_TYPES = frozenset(
    {"actions", "context", "context_actions", "divider", "file", "header", "image"}
    | {"input", "markdown", "rich_text", "section", "table", "video"}
)
TEXT_TYPES = frozenset({"plain_text", "mrkdwn"})


class BlocksRefused(Exception):
    """One sentence per broken rule, with the place in the blocks."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def check_blocks(blocks: object, *, max_blocks: int = MAX_MESSAGE_BLOCKS) -> tuple[Mapping[str, Any], ...]:
    """The blocks as given; raises BlocksRefused naming every broken rule."""
    if not isinstance(blocks, list):
        raise BlocksRefused(["blocks is not a list"])
    problems = list(_problems(blocks, max_blocks))
    if problems:
        raise BlocksRefused(problems)
    return tuple(blocks)


def _problems(blocks: list[Any], max_blocks: int) -> Iterator[str]:
    if len(blocks) > max_blocks:
        yield f"no more than {max_blocks} items allowed [json-pointer:/blocks]"
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        place = f"/blocks/{position}"
        if not isinstance(block, dict) or block.get("type") not in BLOCK_TYPES:
            yield f"unsupported block type [json-pointer:{place}/type]"
            continue
        block_id = block.get("block_id")
        if block_id is not None and (block_id in seen or len(block_id) > 255):
            yield f"block_id is repeated or too long [json-pointer:{place}/block_id]"
        seen.add(str(block_id))
        yield from _block_problems(block, place)


def _block_problems(block: Mapping[str, Any], place: str) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _section_problems(block, place)
        case "header":
            yield from _text_problems(block.get("text"), f"{place}/text", 150, plain=True)
        case "markdown":
            if not 0 < len(str(block.get("text", ""))) <= 12_000:
                yield f"must be between 1 and 12000 characters [json-pointer:{place}/text]"
        case "actions":
            yield from _element_problems(block.get("elements"), f"{place}/elements", 25)
        case "context":
            elements = block.get("elements")
            if not isinstance(elements, list) or not 0 < len(elements) <= 10:
                yield f"must have between 1 and 10 items [json-pointer:{place}/elements]"


def _section_problems(block: Mapping[str, Any], place: str) -> Iterator[str]:
    fields = block.get("fields", [])
    if block.get("text") is None and not fields:
        yield f"missing required field: text or fields [json-pointer:{place}]"
    if block.get("text") is not None:
        yield from _text_problems(block["text"], f"{place}/text", 3000)
    if not isinstance(fields, list) or len(fields) > 10:
        yield f"no more than 10 items allowed [json-pointer:{place}/fields]"
        return
    for position, text in enumerate(fields):
        yield from _text_problems(text, f"{place}/fields/{position}", 2000)
    if "accessory" in block:
        yield from _element_problems([block["accessory"]], f"{place}/accessory", 1)


def _element_problems(elements: object, place: str, max_elements: int) -> Iterator[str]:
    if not isinstance(elements, list) or not 0 < len(elements) <= max_elements:
        yield f"must have between 1 and {max_elements} items [json-pointer:{place}]"
        return
    seen: set[str] = set()
    for position, element in enumerate(elements):
        at = f"{place}/{position}"
        action_id = element.get("action_id")
        if action_id is not None and (action_id in seen or len(action_id) > 255):
            yield f"action_id is repeated or too long [json-pointer:{at}/action_id]"
        seen.add(action_id)
        if element.get("type") == "button":
            yield from _text_problems(element.get("text"), f"{at}/text", 75, plain=True)
            if len(element.get("value") or "") > 2000:
                yield f"must be less than 2001 characters [json-pointer:{at}/value]"
            if element.get("style", "primary") not in ("primary", "danger"):
                yield f"unknown style [json-pointer:{at}/style]"


def _text_problems(text: object, place: str, max_chars: int, *, plain: bool = False) -> Iterator[str]:
    kinds = {"plain_text"} if plain else TEXT_TYPES
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"must be a text object of type {' or '.join(sorted(kinds))} [json-pointer:{place}]"
        return
    if not 0 < len(str(text.get("text", ""))) <= max_chars:
        yield f"must be between 1 and {max_chars} characters [json-pointer:{place}/text]"
