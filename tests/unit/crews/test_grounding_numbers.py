"""Figures in many spellings: what is the same, what is properly rounded, and what is something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crews.grounding.numbers import foreign_figure, read_figures


def carried(claim: str, *evidence: str) -> bool:
    return foreign_figure(read_figures(claim), [read_figures(text) for text in evidence]) is None


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        # Separators, English and German.
        ("1,250 pieces", "1 250 pieces"),
        ("1,250", "1250.0"),
        ("1,250", "1\N{NO-BREAK SPACE}250"),
        ("1.234.567,89 EUR", "1,234,567.89"),
        ("12,5 %", "12.50 percent"),
        ("1'250 CHF", "CHF 1250"),
        ("0,5", "0.50"),
        ("007", "7"),
        # Scales and currencies.
        ("EUR 1.2 million", "1,234,567.89"),
        ("over 1.2 million", "1234567"),
        ("€3k", "3,000 EUR"),
        ("£1.5bn", "GBP 1,500 million"),
        ("USD 5m", "$5,000,000"),
        ("1,5 Mio. EUR", "EUR 1,500,000"),
        ("between 1 and 2 million EUR", "1,000,000 to 2,000,000 EUR"),
        # Shares.
        ("about 12 %", "share 0.118"),
        ("11.8 %", "0.118"),
        ("5 pp", "5 percentage points"),
        ("fell by 5 %", "-5 %"),
        # Times and durations.
        ("9:30", "09:30"),
        ("9:30 am", "09:30"),
        ("5 pm", "17:00"),
        ("2 weeks", "14 days"),
        ("12 months", "one year"),
        ("10-15 minutes", "10 to 15 minutes"),
        ("27 vacation days", "27 days of leave"),
        # Words and ordinals.
        ("three days", "3 days"),
        ("twenty-five days", "25 days"),
        ("the 3rd attempt", "the third attempt"),
        ("two ways to do it", "by post or in a store"),
        # Dates.
        ("on 5 January 2026", "2026-01-05"),
        ("January 5th, 2026", "5. Januar 2026"),
        ("05.01.2026", "5 January 2026"),
        ("01/05/2026", "2026-05-01"),
        ("in May 2026", "on 5 May 2026"),
        ("in Q3 2026", "2026-07-01 to 2026-09-30"),
        ("in the third quarter of 2026", "Q3 2026"),
        ("in 2026", "2026-01-05"),
        # Codes.
        ("see RC-217", "the error RC-217"),
        ("version 10.2.1", "version 10.2.1"),
        ("since mid-2026", "in 2026"),
    ],
)
def test_what_the_evidence_says_in_another_spelling_is_carried(claim: str, evidence: str) -> None:
    assert carried(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("1,250", "1,25"),
        ("27 days", "72 days"),
        ("27 days", "27 %"),
        ("27 days", "27 hours"),
        ("5 working days", "5 days"),
        ("10", "100"),
        ("EUR 1.3 million", "1,234,567.89"),
        ("EUR 1.25 million", "EUR 1.2 million"),
        ("about 30 %", "0.33"),
        ("3", "2.7"),
        ("40 EUR", "40 USD"),
        ("12 percentage points", "12 %"),
        ("-5 %", "5 %"),
        ("9:30", "9:03"),
        ("5 am", "17:00"),
        ("1:00:00", "1:00"),
        ("three days", "4 days"),
        ("10-20 minutes", "10 to 15 minutes"),
        ("on 6 January 2026", "2026-01-05"),
        ("on 5 January 2025", "2026-01-05"),
        ("2026-01-10", "2026-01-01"),
        ("3.1.2026", "3.10.2026"),
        ("in Q4 2026", "2026-07-01 to 2026-09-30"),
        ("see RC-217", "the error RC-271"),
        ("version 10.2.2", "version 10.2.1"),
        ("1 25", "125"),
    ],
)
def test_what_it_does_not_say_is_not(claim: str, evidence: str) -> None:
    assert not carried(claim, evidence)


def test_a_number_of_something_else_carries_nothing() -> None:
    evidence = "Support calls back in 30 minutes or so, they say. After 8 wrong passwords it is locked."
    assert carried("After 8 wrong passwords it is locked.", evidence)
    assert not carried("After 30 wrong passwords it is locked.", evidence)


def test_the_number_of_a_token_or_in_a_link_is_no_number() -> None:
    assert carried("Call [PHONE_1] by 9, or see https://shop.example/42.", "by 9")
    assert not carried("See [NOTE 3] by 9.", "by 9")


def test_a_sentence_ends_its_number() -> None:
    assert carried("It was 27. Then 1,250, and 3; see 4: (5)", "27 1250 3 4 5".replace(" ", "; "))


@given(st.integers(1, 10**9), st.sampled_from(["{:d}", "{:,}", "{:d}.0", "{:,}.00", "0{:d}"]))
def test_formats_of_a_whole_number_are_one(number: int, form: str) -> None:
    assert carried(f"it is {form.format(number)} pieces", f"{number} pieces")
    assert carried(f"it is {number} pieces", f"{number:,} pieces".replace(",", " "))


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_two_whole_numbers_are_never_taken_for_one(one: int, other: int) -> None:
    assert carried(f"exactly {one} pieces", f"{other} pieces") == (one == other)


@given(st.integers(13, 23), st.integers(0, 59), st.integers(13, 23), st.integers(0, 59))
def test_times_of_day_compare_by_their_parts(hour: int, minute: int, hour2: int, minute2: int) -> None:
    same = carried(f"at {hour:02}:{minute:02}", f"at {hour2}:{minute2:02}")
    assert same == ((hour, minute) == (hour2, minute2))


@given(st.text())
def test_any_text_can_be_read_and_carries_itself(text: str) -> None:
    assert carried(text, text)
