"""What a reply says of its ticket is a rule: plainly solved, plainly not, or a question like any other."""

import pytest

from ledger.ticket_replies import Meaning, read_reply


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes!",
        "solved",
        "thanks, works",
        "Thanks, it works again now :tada:",
        "Thank you very much",
        "yes, solved. thanks",
        "That\u2019s fixed",
        "works for me",
    ],
)
def test_a_confirmation_is_understood(text: str) -> None:
    reply = read_reply(text)
    assert reply is not None
    assert (reply.meaning, reply.asks) == (Meaning.SOLVED, False)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "No, sorry.",
        "no, still not",
        "still not working",
        "It is still broken, error 809",
        "again",
        "It happened again this morning",
        "not yet",
        "It didn\u2019t help",
        "it isn't really resolved yet",
        "yes but it still fails",
        "the printer is not working",
        "same error as before",
        "please reopen",
    ],
)
def test_a_denial_is_understood(text: str) -> None:
    reply = read_reply(text)
    assert reply is not None
    assert (reply.meaning, reply.asks) == (Meaning.NOT_SOLVED, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "ok",
        "great",
        "no worries",
        "no longer happens",
        "No, my manager asked how to request a badge",
        "It does not work, it was fixed for an hour",
        "is the VPN still down?",
        "yes?",
        "yes, please tell me",
        "I still have a wish",
        "How do I reset my password?",
        "yes " * 15,
    ],
)
def test_what_is_plainly_neither_is_a_question(text: str) -> None:
    assert read_reply(text) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Thanks! And how do I add a printer?", Meaning.SOLVED),
        ("Still not working. What can I do?", Meaning.NOT_SOLVED),
    ],
)
def test_a_question_beside_it_is_noticed(text: str, meaning: Meaning) -> None:
    reply = read_reply(text)
    assert reply is not None
    assert (reply.meaning, reply.asks) == (meaning, True)
