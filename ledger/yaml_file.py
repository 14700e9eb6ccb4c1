"""Reads a YAML file into a pydantic model, and names file, line and key when it does not fit.

Every file a person edits (people, documents' metadata, crews, workflows) comes in through `load_yaml`, so
all of them complain alike.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ledger.errors import WorkspaceInvalid

M = TypeVar("M", bound=BaseModel)
_MERGE = "tag:yaml.org,2002:merge"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, where plain YAML would silently keep the last, and takes
    `on`, `off`, `yes` and `no` for the words they are, as YAML 1.2 does: a join's key `on` is no truth, and
    10:00 no number to the base of 60."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice", key_node.start_mark
                )
            if isinstance(key, str):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            # 2026-02-30 looks like a date to YAML, and is none.
            raise yaml.constructor.ConstructorError(
                None, None, f"'{node.value}' cannot be read ({error})", node.start_mark
            ) from error


def _without_base_60(tag: str, pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(rf"(?!.*:)(?:{pattern.pattern})", pattern.flags) if tag in (_INT, _FLOAT) else pattern


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, _without_base_60(tag, pattern)) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(
    _BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load_yaml(path: Path, model: type[M]) -> M:
    """Raises WorkspaceInvalid with `file:line: key: what is wrong` if the file cannot be read or does not
    fit."""
    try:
        content = path.read_bytes()
        text = content.decode()
    except FileNotFoundError:
        raise WorkspaceInvalid(f"{path}: there is no such file.") from None
    except OSError as error:
        raise WorkspaceInvalid(f"{path}: it cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise WorkspaceInvalid(f"{path}:{line}: this is not UTF-8 text; save the file as UTF-8.") from error
    return parse_yaml(text, model, source=str(path))


def line_of(path: Path, *location: str | int) -> int:
    """The line of this key in a file that was read before, for what is wrong with it beside other files."""
    return 1 + _line_of(yaml.compose(path.read_text(), Loader=_StrictLoader), location)


def parse_yaml(text: str, model: type[M], *, source: str, first_line: int = 1) -> M:
    """`source` and `first_line` say where the text came from, for the error's sentence."""
    try:
        node, data = _read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + mark.line if mark else first_line
        trouble = ", ".join(part for part in (error.context, error.problem) if part)
        raise WorkspaceInvalid(f"{source}:{line}: this is not valid YAML: {trouble}.") from error
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise WorkspaceInvalid(
            f"{source}:{line}: this is not valid YAML: it contains a control character."
        ) from error
    except RecursionError as error:
        raise WorkspaceInvalid(f"{source}:{first_line}: this is nested too deeply.") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        line = first_line + _line_of(node, first["loc"])
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        raise WorkspaceInvalid(f"{source}:{line}: {key}: {_complaint(first)}.") from error


def _read(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree, which knows of lines, and what it stands for: a text is scanned once for both, as that takes
    nearly all of the time."""
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        return node, {} if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _complaint(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "this key is not known here; remove it or check its spelling"
    if error["type"] == "missing":
        return "this key is required and missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:] if message else "it does not fit"


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The zero-based line of the deepest part of `location` that is in the tree."""
    line = 0
    for part in location:
        if isinstance(node, yaml.MappingNode):
            # From behind: what is merged into a mapping stands before what it says itself.
            found = next(((k, v) for k, v in reversed(node.value) if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line
