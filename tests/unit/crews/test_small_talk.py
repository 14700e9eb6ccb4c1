"""Messages that ask for nothing: which they are, and that they cost no search and no model."""

import pytest

from crews.router.small_talk import Said, read_small_talk
from ledger.library_health import read_library_health
from ledger.result import AbstainReason
from tests.stand_ins.provider import ScriptedProvider, Text
from tests.unit.crews.test_triage_workflow import Helped, helped  # noqa: F401 - pytest finds it here
from tests.unit.crews.world import ENGINEER, LEAVE_QUESTION, STAFF, Desk, candidate

VPN = "My VPN does not connect"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("thanks, works now", Said.THANKS),
        ("thank you!", Said.THANKS),
        ("great, that helped", Said.THANKS),
        ("Perfect, just what I needed :tada:", Said.THANKS),
        ("cheers, all good now", Said.THANKS),
        ("Thanks for your help", Said.THANKS),
        ("hello", Said.HELLO),
        ("Hi there", Said.HELLO),
        ("Hello, how are you?", Said.HELLO),
        ("Good morning everyone", Said.HELLO),
        ("ok", Said.ALL_RIGHT),
        ("got it", Said.ALL_RIGHT),
        ("ok, bye", Said.ALL_RIGHT),
        ("\U0001f44d", Said.ALL_RIGHT),
    ],
)
def test_what_is_made_of_such_words_alone_asks_for_nothing(text: str, said: Said) -> None:
    assert read_small_talk(text) is said


@pytest.mark.parametrize(
    "text",
    [
        "hello, my laptop does not start", "thanks, and in Q2?", "thanks, but it still fails", "the second",
        "nothing works", "never works", "works?", "is it fixed", "what works", "what is good", "ok help me",
        "help", "yes", "no", "great returns", "good returns policy", "work from home", "how long do I have",
        "hi, can I work from home", "is my ticket resolved", "???",
    ],
)  # fmt: skip
def test_in_doubt_it_is_a_question(text: str) -> None:
    assert read_small_talk(text) is None


def test_thanks_are_answered_in_kind_without_a_search_or_a_model(desk: Desk) -> None:
    with ScriptedProvider([Text("never asked for")]) as provider:
        run = desk.ask("thank you!", candidate(provider))
    assert list(provider.requests) == []
    assert (run.outcome, run.reason) == ("abstained", AbstainReason.NOTHING_ASKED)
    assert run.answer == "You're welcome. Ask whenever you need something."
    assert (run.how_found, run.evidence, run.model) == ((), (), None)
    kinds = {span.kind for span in desk.spans(run.run_id)}
    assert not kinds & {"tool", "generation"}


def test_a_greeting_is_answered_with_what_the_asker_may_read(desk: Desk) -> None:
    answer = desk.ask("hello", principal=STAFF).answer or ""
    assert answer.startswith("Hello. You can ask me what the documents say, such as “")
    assert "bonus" not in answer.lower()


def test_what_asked_for_nothing_is_no_unanswered_question(desk: Desk) -> None:
    desk.ask("thanks")
    desk.ask("What is the weather like on Mars today?")
    [unanswered] = read_library_health(desk.db).unanswered
    assert unanswered.question == "What is the weather like on Mars today?"


def test_a_follow_up_goes_on_from_what_was_asked_before_the_thanks(desk: Desk) -> None:
    desk.ask(LEAVE_QUESTION, thread="talk")
    desk.ask("thanks!", thread="talk")
    run = desk.ask("and with the portal?", thread="talk")
    assert run.understood_as == "How many days of annual leave do full-time staff have, with the portal?"


def test_a_word_on_the_threads_ticket_closes_it_and_opens_it_again(helped: Helped) -> None:  # noqa: F811
    thread = {"thread": "talk"}
    opened = helped.ask(VPN, STAFF, **thread)
    assert "Ticket 1 is open" in (opened.answer or "")
    # Whoever only thanks for the ticket does not say that it is solved.
    assert "welcome" in (helped.ask("thank you", STAFF, **thread).answer or "")
    assert helped.ticket(1).state == "open"
    for _ in range(2):
        assert helped.ask("thanks, works now", STAFF, **thread).answer == (
            "Glad it is solved. Ticket 1 is closed."
        )
        assert helped.ticket(1).state == "closed"
    events = [event.kind for event in helped.ticket(1).history]
    assert events.count("closed") == 1
    assert "is open again" in (helped.ask("it still does not work", STAFF, **thread).answer or "")
    assert helped.ticket(1).state == "reopened"


def test_somebody_elses_ticket_is_left_as_it_is(helped: Helped) -> None:  # noqa: F811
    helped.ask(VPN, STAFF, thread="C1:1", audience_groups=("everyone",))
    other = helped.ask("works now", ENGINEER, thread="C1:1", audience_groups=("everyone",))
    assert other.answer == "You're welcome. Ask whenever you need something."
    assert helped.ticket(1).state == "open"
