"""Masking is total and lets no known secret through."""

import json
import math
import threading
import time
from types import EllipsisType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.masking import MASK, mask_secrets, mask_text

SECRETS = [
    "sk-proj-abcdefghijklmnop_1234",
    "sk-lf-12345678-abcd",
    "pk-lf-12345678-abcd",
    "xoxb-1234567890-abcdefghij",
    "xapp-1-A0123-4567-abcdef",
    "cd_0123456789ab_" + "a" * 43,
    *(f"gh{kind}_" + "a" * 36 for kind in "pousr"),
    "AKIA" + "A" * 16,
    "AIza" + "a" * 35,
    "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]
SURROUNDINGS = ["{}", "key={} and more", '"{}"', "({})", "a\n{}\nb", "https://host/?token={}", "schlüssel:{}"]

secrets = st.sampled_from(SECRETS)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
anything = st.recursive(
    plain | secrets,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(plain | st.tuples(plain) | secrets, inner, max_size=4)
        | st.frozensets(plain, max_size=3)
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", SURROUNDINGS)
def test_a_known_secret_is_masked_wherever_it_stands(secret: str, around: str) -> None:
    masked = mask_text(around.format(secret))
    assert MASK in masked
    assert secret[4:20] not in masked


@pytest.mark.parametrize("secret", [secret for secret in SECRETS if "\n" not in secret])
def test_a_secret_is_masked_inside_json_inside_json(secret: str) -> None:
    inner = json.dumps({"text": f"first line\n{secret}\tand"})
    for _ in range(2):
        assert secret not in mask_text(inner), inner
        inner = json.dumps({"arguments": inner})


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://user:s3cret@db:5432/x", f"postgresql://{MASK}@db:5432/x"),
        ("redis://:s3cret@cache/0", f"redis://{MASK}@cache/0"),
        ("https://user:s3@cret@host/a@b", f"https://{MASK}@host/a@b"),
        ('{"url":"http://host:8080","mail":"employee@larkspur.example"}', None),
        ("http://host:8080/path and employee@larkspur.example", None),
        ("see https://larkspur.example/a:b", None),
    ],
)
def test_a_password_in_a_url_is_masked_and_nothing_else(url: str, masked: str | None) -> None:
    assert mask_text(url) == (masked or url)


def test_a_bearer_token_is_masked() -> None:
    assert mask_text("Authorization: Bearer abcdefghijklmnop1234") == f"Authorization: Bearer {MASK}"


@pytest.mark.parametrize(
    "text", ["", "task-force and risk-averse", "sk-short", "eyJ", "What is a bearer bond?"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask_text(text) == text


@given(anything)
def test_whatever_comes_in_json_without_secrets_comes_out(value: Any) -> None:
    masked = mask_secrets(value)
    written = json.dumps(masked, allow_nan=False)
    assert not [secret for secret in SECRETS if json.dumps(secret)[1:-1] in written]
    assert json.loads(written) == masked


@given(anything)
def test_masking_twice_changes_nothing_more(value: Any) -> None:
    once = mask_secrets(value)
    assert mask_secrets(once) == once


def test_containers_are_copied_and_plain_values_kept() -> None:
    given = {"a": [1, 2.5, True, None, "text"], "b": {"c": ("x",)}}
    masked = mask_secrets(given)
    assert masked == {"a": [1, 2.5, True, None, "text"], "b": {"c": ["x"]}}
    assert masked["a"] is not given["a"]


def test_numbers_json_does_not_know_become_text() -> None:
    assert mask_secrets([math.nan, math.inf, -math.inf]) == ["nan", "inf", "-inf"]


def test_what_contains_itself_or_is_very_deep_ends_somewhere() -> None:
    ring: list[Any] = ["sk-abcdefghijklmnopqrstuvwxyz"]
    ring.append(ring)
    deep: Any = "leaf"
    for _ in range(5_000):
        deep = {"in": deep}
    for value in (ring, deep):
        assert "[nested too deeply]" in json.dumps(mask_secrets(value))


def test_an_object_that_cannot_be_printed_is_named() -> None:
    class Grumpy:
        def __str__(self) -> str:
            raise LookupError("no")

    assert mask_secrets({"it": Grumpy()}) == {"it": "[unprintable Grumpy]"}


def test_a_dictionary_that_grows_meanwhile_does_no_harm() -> None:
    growing: dict[str, Any] = {str(number): [number] for number in range(100)}
    stop = threading.Event()

    def grow() -> None:
        number = 100
        while not stop.is_set() and number < 20_000:
            growing[str(number)] = number
            number += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(10):
            mask_secrets(growing)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("unit", ["eyJ-", "sk-", "a://", "-----BEGIN", "bearer ", "xoxb-", "://:"])
def test_text_made_to_be_slow_is_not(unit: str) -> None:
    started = time.process_time()
    mask_text(unit * (100_000 // len(unit)))
    assert time.process_time() - started < 2


def test_what_is_to_be_changed_further_is_changed_after_secrets_and_everywhere() -> None:
    seen: list[str] = []

    def shout(text: str) -> str:
        seen.append(text)
        return text.upper()

    value = {"to": ["jo", {"key": SECRETS[0]}], 4: (1, None, "a"), "at": EllipsisType}
    assert mask_secrets(value, shout) == {
        "TO": ["JO", {"KEY": MASK.upper()}],
        "4": [1, None, "A"],
        "AT": str(EllipsisType).upper(),
    }
    assert not any(SECRETS[0] in text for text in seen)
