"""Priorities by rule: what raises a request, what does not although it sounds so, and what is denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crews.triage.priority import Priority, judge_priority
from crews.triage.spec import CategoriesFile, Category, Level

SEED_CASE = (
    "I'm having trouble accessing the quarterly financial reports that were supposed to be ready yesterday, "
    "and I need them for the board meeting this afternoon"
)
NETWORK = Category(name="network", title="Network", description="VPN", group="it")
FILE = CategoriesFile.model_validate(
    {
        "cues": {"impact": {"high": ["board meeting", "cannot sell"], "medium": ["till"]}},
        "categories": [NETWORK.model_dump(), {**NETWORK.model_dump(), "name": "security", "impact": "high"}],
    }
)


def judged(text: str, category: Category = NETWORK) -> Priority:
    return judge_priority(text, FILE, category)


def levels(text: str) -> tuple[str, str]:
    found = judged(text)
    return found.impact, found.urgency


def test_the_seed_case_is_the_most_pressing_and_says_why() -> None:
    found = judged(SEED_CASE)
    assert (found.level, found.impact, found.urgency) == (1, "high", "high")
    assert found.reason == (
        "Priority 1: impact high (“board meeting”: as declared), "
        "urgency high (“this afternoon”: needed today)."
    )


@pytest.mark.parametrize(
    ("text", "impact"),
    [
        ("My VPN does not connect.", "low"),
        ("12 people report that the VPN is slow.", "high"),
        ("Twelve of us cannot open the file share.", "high"),
        ("Three colleagues have the same error.", "medium"),
        ("My whole team cannot log in.", "medium"),
        ("The scanner fails for everyone.", "high"),
        ("Nobody can open the portal.", "high"),
        ("The entire office is offline.", "high"),
        ("It is not just me, others have the error too.", "medium"),
        ("The till shows an error.", "medium"),
        ("I cannot work at all.", "medium"),
        # What only sounds like many.
        ("Not everyone is affected by the error.", "low"),
        ("The error is only on my laptop, nobody else has it.", "low"),
        ("Nobody answered my mail about the broken mouse.", "low"),
        ("Does everyone get a laptop?", "low"),
        ("The e-mail to 12 customers went out fine.", "low"),
        ("The report has 300 rows and one error.", "low"),
        ("We cannot agree on a date for the party.", "low"),
        ("This has nothing to do with the board meeting.", "low"),
    ],
)
def test_impact_is_how_many_are_affected(text: str, impact: str) -> None:
    assert judged(text).impact == impact


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("My VPN does not connect.", "medium"),
        ("I need the figures this afternoon.", "high"),
        ("It has to be fixed by 5 pm.", "high"),
        ("The presentation starts in 20 minutes and my screen is black.", "high"),
        ("We open tomorrow and the scanner is dead.", "medium"),
        ("Please order it by Friday.", "medium"),
        ("Urgent: the portal shows an error", "high"),
        ("The portal is down.", "high"),
        ("The report was due on the 3rd.", "medium"),
        ("I can't work.", "high"),
        ("How do I set up the VPN?", "low"),
        ("I would like a second monitor.", "low"),
        ("I need it sometime next month.", "low"),
        # Denied, past, or about something else.
        ("This is not urgent, my mouse is broken.", "low"),
        ("It isn't really urgent: the printer smears.", "low"),
        ("No rush, but my chair squeaks.", "low"),
        ("Whenever you have time, the clock in the hall is wrong.", "low"),
        ("It can wait until next month.", "low"),
        ("There is no outage, I just have a slow screen.", "medium"),
        ("The portal is not down, only slow.", "medium"),
        ("I do not need it today.", "medium"),
        ("My screen flickers since this morning, please look at it.", "medium"),
        ("The mouse worked until it stopped today.", "medium"),
        ("Sales are down 5% in the dashboard.", "medium"),
        ("It can't wait, I need it today.", "high"),
        # Said to be calm, and yet something presses.
        ("Not urgent for me, but the portal is down.", "medium"),
    ],
)
def test_urgency_is_how_soon(text: str, urgency: str) -> None:
    assert judged(text).urgency == urgency


def test_a_category_has_levels_of_its_own_that_words_can_raise_and_lower() -> None:
    security = FILE.categories[1]
    assert judged("Odd mail in my inbox.", security).impact is Level.HIGH
    assert judged("Three colleagues have an odd mail and an error.", security).impact is Level.HIGH
    assert judged("Odd mail with an error, only me.", security).impact is Level.LOW


@given(st.text(max_size=200))
def test_any_text_has_a_priority_and_a_reason(text: str) -> None:
    found = judged(text)
    assert found.level == FILE.priorities[found.impact][found.urgency]
    assert str(found.level) in found.reason


BASE = st.sampled_from(
    ["My VPN does not connect.", "The portal is down.", "I need it today.", "Three colleagues have an error."]
)


@given(BASE, st.sampled_from(["12 people report it.", "Everyone is affected.", "I need it this afternoon."]))
def test_a_heavier_word_more_never_makes_it_less_pressing(text: str, more: str) -> None:
    assert judged(f"{text} {more}").level <= judged(text).level


@given(BASE, st.sampled_from(["This is not urgent.", "No rush.", "It can wait."]))
def test_a_word_of_calm_never_makes_it_more_pressing(text: str, calm: str) -> None:
    assert judged(f"{text} {calm}").level >= judged(text).level
