"""`when:` expressions: what they say of outputs, and what is no expression."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.condition import MAX_CHARS, parse_condition

OUTPUTS: dict[str, Any] = {
    "route": {"kind": "both", "count": 3, "sure": True, "names": ["a"], "none": None, "deep": {"er": 1.5}},
    "skipped": None,
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("route.kind == 'both'", True),
        ('route.kind == "neither"', False),
        ("route.kind != 'both'", False),
        ("route.kind in ['one', 'both']", True),
        ("route.kind in ['one']", False),
        ("route.count > 2", True),
        ("route.count >= 3.0 and route.count <= 3", True),
        ("route.count < -1", False),
        ("route.count > '2'", False),
        ("route.kind > 'a'", True),
        ("route.sure", True),
        ("route.sure == true", True),
        ("route.sure == 1", False),
        ("route.count == true", False),
        ("route.names", True),
        ("route.none", False),
        ("route.none == null", True),
        ("route.nowhere == null", True),
        ("route.kind.deeper.still", False),
        ("route.deep.er == 1.5", True),
        ("skipped", False),
        ("skipped.kind == 'both'", False),
        ("skipped == null", True),
        ("not route.none", True),
        ("not not route.none", False),
        ("route.none or route.sure and route.count == 3", True),
        ("(route.sure or route.none) and route.none", False),
        ("route.sure or route.none and route.none", True),
    ],
)
def test_what_an_expression_says_of_outputs(text: str, holds: bool) -> None:
    condition = parse_condition(text)
    assert condition.holds(OUTPUTS) is holds
    assert condition.steps <= {"route", "skipped"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a step's output such as `route.kind` was expected, but it ends"),
        ("route.kind ==", "a text in quotes, a number, true, false or null was expected, but it ends"),
        ("route.kind = 'both'", "`=` at character 12 means nothing here"),
        ("route.kind == both", "a text in quotes, a number, true, false or null was expected, but `both`"),
        ("'both' == route.kind", "such as `route.kind` was expected, but `'both'` at character 1"),
        ("route.kind == 'both", "`'` at character 15 means nothing here"),
        ("(route.sure", "`)` was expected, but it ends"),
        ("route.sure route.kind", "the end, `and` or `or` was expected, but `route.kind` at character 12"),
        ("and", "such as `route.kind` was expected, but `and`"),
        ("route.kind in []", "was expected, but `]`"),
        ("__import__('os')", "the end, `and` or `or` was expected, but `(` at character 11"),
        ("route.kind == 'a' " * 40, f"characters and may have {MAX_CHARS}"),
    ],
)
def test_what_is_no_expression_is_said_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="condition") as caught:
        parse_condition(text)
    assert complaint in str(caught.value)


@given(st.text(alphabet="ab.()[]'\"<>=!,0 1notandri", max_size=60))
def test_any_text_is_an_expression_or_a_complaint(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ValueError:
        return
    assert condition.holds({}) in (True, False)


def test_deep_nesting_is_no_danger() -> None:
    depth = (MAX_CHARS - 1) // 2
    assert parse_condition("(" * depth + "a" + ")" * depth).holds({"a": 1})
