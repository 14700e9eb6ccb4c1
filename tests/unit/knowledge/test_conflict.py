"""Which sentences disagree, and - more of them - which only look as if they did."""

import pytest

from knowledge.relevance.conflict import Difference, Statement, find_conflict
from knowledge.relevance.quantities import read_statement


def difference(
    question: str, one: str, other: str, headings: tuple[str, str] = ("Rules", "Rules")
) -> Difference | None:
    first, second = Statement("a.md", headings[0], one), Statement("b.md", headings[1], other)
    found = find_conflict(question, [first], [first, second])
    mirrored = find_conflict(question, [second], [second, first])
    assert (found is None) == (mirrored is None)
    return found.difference if found else None


@pytest.mark.parametrize(
    ("question", "one", "other", "expected"),
    [
        (
            "How much may a hotel cost per night on a business trip?",
            "The hotel cap is EUR 140 per night including breakfast.",
            "The hotel cap is EUR 160 per night including breakfast.",
            "number",
        ),
        (
            "How long to return goods?",
            "Unused goods can be returned within 60 days.",
            "You can return unused goods within 30 days.",
            "number",
        ),
        (
            "How long to return goods?",
            "Unused goods can be returned within two weeks.",
            "Unused goods can be returned within 30 days.",
            "number",
        ),
        (
            "When does the shop open on Sunday?",
            "The shop opens at 9:00 on Sundays.",
            "On Sundays the shop opens at 10:00.",
            "number",
        ),
        (
            "How fast is support?",
            "Support answers requests within 30 minutes.",
            "Support answers requests within 2 hours.",
            "number",
        ),
        (
            "What is the revenue of the outlet?",
            "Outlet revenue was EUR 51.8 million.",
            "Outlet revenue was EUR 49 million.",
            "number",
        ),
        (
            "Until when do I take carried leave?",
            "Carried leave must be taken by 31 March.",
            "Carried leave must be taken by 30 April.",
            "date",
        ),
        (
            "When does the portal close?",
            "The portal closes on 2027-03-01.",
            "The portal closes on March 2, 2027.",
            "date",
        ),
        (
            "Are dogs allowed in the office?",
            "Dogs are allowed in the office.",
            "Dogs are not allowed in the office.",
            "yes_no",
        ),
        (
            "Are dogs allowed in the office?",
            "Dogs are permitted in the office.",
            "Dogs are forbidden in the office.",
            "yes_no",
        ),
        (
            "Is the safety course mandatory?",
            "The safety course is mandatory.",
            "The safety course is optional.",
            "yes_no",
        ),
        ("What is the deposit?", "The deposit is EUR 40.", "The deposit is EUR 45.", "number"),
    ],
)
def test_two_sources_disagree(question: str, one: str, other: str, expected: str) -> None:
    assert difference(question, one, other) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Other products, places, cases
        ("A rented tent costs EUR 18 per day.", "A rented bike costs EUR 22 per day."),
        ("The hotel cap is EUR 140 per night.", "The hotel cap abroad is EUR 185 per night."),
        ("A tent costs EUR 18 per day.", "A tent costs EUR 60 per week."),
        ("A tent for two costs EUR 18.", "A tent for three costs EUR 22."),
        ("The tent is delivered in 3 days.", "The tent is delivered in 3 working days."),
        ("Error RC-217 takes 5 minutes on a tent.", "Error RC-301 takes 9 minutes on a tent."),
        ("Priority 1 tents ship within a day.", "Priority 2 tents ship within a day."),
        ("Tents cost EUR 18 in 2025.", "Tents cost EUR 20 in 2026."),
        ("The tent is blue.", "The tent is green."),
        # Other bounds
        ("Rent a tent at least 7 days ahead.", "Rent a tent at most 30 days ahead."),
        ("Before 20:00 a tent costs EUR 18.", "After 20:00 a tent costs EUR 20."),
        # The same, said in other words
        ("Unused tents can be returned within two weeks.", "Unused tents can be returned within 14 days."),
        ("The rented tent costs 1,250 EUR.", "The rented tent costs EUR 1250.00."),
        ("Tents close at 09:30 pm today.", "Tents close at 21:30 today."),
        ("Tent rental ends on 31 March.", "Tent rental ends on 31 March 2027."),
        ("A tent takes 60 minutes to rent.", "A tent takes 1 hour to rent."),
        ("Renting a tent is not forbidden.", "Renting a tent is allowed."),
        # More than one thing differs, or what is measured does
        ("Up to 3 tents cost EUR 18 each.", "Up to 5 tents cost EUR 16 each."),
        ("The rented tent costs EUR 18.", "The rented tent weighs 2 kg."),
        ("The rented tent costs EUR 18.", "The rented tent costs USD 20."),
        ("", "The rented tent costs EUR 18."),
    ],
)
def test_two_sources_do_not_disagree(one: str, other: str) -> None:
    assert difference("What does it cost to rent a tent?", one, other) is None


def test_a_short_sentence_leans_on_its_heading() -> None:
    words = ("What is the deposit?", "The deposit is EUR 40.", "The deposit is EUR 60.")
    assert difference(*words, headings=("Tents", "Tents")) is Difference.NUMBER
    assert difference(*words, headings=("Tents", "Bikes")) is None
    assert difference(*words, headings=("", "")) is None


def test_what_the_question_is_not_about_is_no_conflict_of_the_answer() -> None:
    sentences = ("The shop opens at 9:00 on Sundays.", "The shop opens at 10:00 on Sundays.")
    assert difference("When does the shop open on Sunday?", *sentences) is Difference.NUMBER
    assert difference("How many days of annual leave do I have?", *sentences) is None
    assert difference("", *sentences) is None


def test_a_source_does_not_disagree_with_itself() -> None:
    one = Statement("a.md", "Tents", "The tent deposit paid is EUR 40.")
    other = Statement("a.md", "Tents", "The tent deposit paid is EUR 45.")
    assert find_conflict("What is the tent deposit?", [one], [one, other]) is None


def test_quantities_come_down_to_one_unit() -> None:
    stated = read_statement("Pay EUR 1.5 million within 2 weeks, or 12.5 % by 5 pm.")
    assert stated.quantities[:3] == (("EUR", "1.5e+06"), ("time", "1.2096e+06"), ("percent", "12.5"))
    assert read_statement("$40, 40 dollars").quantities == (("USD", "40"), ("USD", "40"))
