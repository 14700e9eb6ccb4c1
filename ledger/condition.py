"""`when:` of a step: a small expression over earlier outputs, and nothing that could run.

    condition   = conjunction { "or" conjunction }
    conjunction = clause { "and" clause }
    clause      = "not" clause | "(" condition ")" | path [ comparison ]
    comparison  = ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) literal | "in" "[" literal { "," literal } "]"
    path        = step { "." field }
    literal     = 'text' | "text" | number | true | false | null

What is not there is null. A path alone holds where its value is neither null nor false nor empty. Only
numbers are greater or less than numbers, and only texts than texts.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_CHARS = 300

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator>==|!=|<=|>=|<|>)"
    r"|(?P<mark>[()\[\],])|(?P<path>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*))"
)
_WORDS = {"true": True, "false": False, "null": None}
_RESERVED = frozenset({"and", "or", "not", "in", *_WORDS})
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed expression: the steps it reads, and whether it holds for their outputs."""

    steps: frozenset[str]
    holds: Callable[[Mapping[str, Any]], bool]


def parse_condition(text: str) -> Condition:
    """Raises ValueError with a sentence that says what was expected where."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"the condition has {len(text)} characters and may have {MAX_CHARS}")
    return _Parser(text).whole()


def value_at(path: str, outputs: Mapping[str, Any]) -> Any:
    """None where there is no such field."""
    value: Any = outputs
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens_of(text)
        self._at = 0
        self._steps: set[str] = set()

    def whole(self) -> Condition:
        holds = self._condition()
        if self._peek() is not None:
            raise self._unexpected("the end, `and` or `or`")
        return Condition(frozenset(self._steps), holds)

    def _condition(self) -> Callable[[Mapping[str, Any]], bool]:
        parts = [self._conjunction()]
        while self._takes("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda outputs: any(part(outputs) for part in parts)

    def _conjunction(self) -> Callable[[Mapping[str, Any]], bool]:
        parts = [self._clause()]
        while self._takes("and"):
            parts.append(self._clause())
        return parts[0] if len(parts) == 1 else lambda outputs: all(part(outputs) for part in parts)

    def _clause(self) -> Callable[[Mapping[str, Any]], bool]:
        if self._takes("not"):
            clause = self._clause()
            return lambda outputs: not clause(outputs)
        if self._takes("("):
            inner = self._condition()
            self._expect(")")
            return inner
        path = self._path()
        token = self._peek()
        if token is not None and token.kind == "operator":
            self._at += 1
            return _comparison(path, token.text, self._literal())
        if self._takes("in"):
            among = self._literals()
            return lambda outputs: any(_same(value_at(path, outputs), one) for one in among)
        return lambda outputs: value_at(path, outputs) not in (None, False, 0, "", [], {})

    def _path(self) -> str:
        token = self._peek()
        if token is None or token.kind != "path" or token.text in _RESERVED:
            raise self._unexpected("a step's output such as `route.kind`")
        self._at += 1
        self._steps.add(token.text.partition(".")[0])
        return token.text

    def _literals(self) -> list[Any]:
        self._expect("[")
        found = [self._literal()]
        while self._takes(","):
            found.append(self._literal())
        self._expect("]")
        return found

    def _literal(self) -> Any:
        token = self._peek()
        self._at += 1
        if token is not None and token.kind == "text":
            return token.text[1:-1]
        if token is not None and token.kind == "number":
            return float(token.text)
        if token is not None and token.text in _WORDS:
            return _WORDS[token.text]
        self._at -= 1
        raise self._unexpected("a text in quotes, a number, true, false or null")

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _takes(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.text != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise self._unexpected(f"`{text}`")

    def _unexpected(self, wanted: str) -> ValueError:
        token = self._peek()
        found = f"`{token.text}` at character {token.at + 1}" if token else "it ends"
        return ValueError(f"the condition `{self._text}` does not fit: {wanted} was expected, but {found}")


def _tokens_of(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise ValueError(
                f"the condition `{text}` does not fit: `{rest[:1]}` at character {len(text) - len(rest) + 1} "
                "means nothing here"
            )
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return tokens


def _comparison(path: str, sign: str, literal: Any) -> Callable[[Mapping[str, Any]], bool]:
    if sign == "==":
        return lambda outputs: _same(value_at(path, outputs), literal)
    if sign == "!=":
        return lambda outputs: not _same(value_at(path, outputs), literal)
    compare = _COMPARISONS[sign]

    def holds(outputs: Mapping[str, Any]) -> bool:
        value = value_at(path, outputs)
        return _kind(value) == _kind(literal) in ("number", "text") and compare(value, literal)

    return holds


def _same(value: Any, literal: Any) -> bool:
    # To Python, 1 and true are equal.
    return _kind(value) == _kind(literal) and bool(value == literal)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "nothing" if value is None else "other"
