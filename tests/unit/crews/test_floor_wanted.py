"""What kind of thing a question asks for, and which sentences say one."""

import pytest

from crews.floor.wanted import wanted_in

ANSWERED = [
    ("How many stores do we have?", "We have 38 stores."),
    ("How long does a repair take?", "A repair takes two weeks."),
    ("How often may I do that?", "You may do so once."),
    ("For how long is it good?", "It is good until further notice, but never longer than 3 years."),
    ("My phone was stolen, how quickly do I have to report it?", "Report it within 1 hour."),
    ("Can we take cards, and up to what amount?", "Cards are taken up to 50 EUR."),
    ("What is the booking limit?", "At most 5 tents."),
    ("How many hours of training does it take?", "It takes 2 days."),
    ("How many days of leave do I get?", "You have 27 days of leave."),
    ("What does a badge cost?", "The first one is free."),
    ("How much does it cost to rent a tent?", "A tent costs 12 EUR a day."),
    ("How much does the company pay?", "It pays half, at most 3 percent."),
    ("I clicked on a link, whom do I call?", "Call Security on extension 4999."),
    ("Which extension do I ring?", "Ring [PHONE_1]."),
    ("What is the phone number of the desk?", "Call 4400."),
]
BESIDE_IT = [
    ("How many stores do we have?", "Our stores are in town centres."),
    ("How long does a repair take?", "Repairs are done in the workshop."),
    ("How many hours of training does it take?", "The permit is renewed every 3 years."),
    ("How many days of leave do I get?", "Ask your manager for leave in 2 steps."),
    ("What does a badge cost?", "You get it on day 1."),
    ("How much does the company pay?", "For all staff on the payroll."),
    ("I clicked on a link, whom do I call?", "Do not warn colleagues by forwarding the message."),
    ("Which extension do I ring?", "Badges are made at the gate, window 2."),
]
ANYTHING = [
    "How do I reset my password?",
    "Can I find out how far apart two stores are?",
    "Is it possible to see how much I have used?",
    "Who approves it?",
    "What happens if I call in sick?",
    "May I bring my dog?",
    "",
]


@pytest.mark.parametrize(("question", "sentence"), ANSWERED)
def test_a_sentence_that_says_such_a_thing_may_answer(question: str, sentence: str) -> None:
    says = wanted_in(question)
    assert says is not None
    assert says(sentence)


@pytest.mark.parametrize(("question", "sentence"), BESIDE_IT)
def test_a_sentence_on_the_matter_that_says_none_does_not(question: str, sentence: str) -> None:
    says = wanted_in(question)
    assert says is not None
    assert not says(sentence)


@pytest.mark.parametrize("question", ANYTHING)
def test_where_the_words_do_not_say_what_is_wanted_any_sentence_may_answer(question: str) -> None:
    assert wanted_in(question) is None
