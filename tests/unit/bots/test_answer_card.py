"""A card says what the run says, cites what it stands on, and fits into a Slack message whatever is in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.answer_card import MAX_SOURCES, Card, render_notice, render_run
from ledger.reading import EvidenceView, RunView, Timings
from ledger.result import Claim, ModelUse
from tests.stand_ins.slack.blocks import check_blocks

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RUN_ID = "0193c0de-0000-7000-8000-00000badcafe"


def evidence(label: str, **details: Any) -> EvidenceView:
    given = {"title": "Working from home", "section": "Days > Limits", "owner": "People Team", **details}
    return EvidenceView(
        id=label,
        kind="passage",
        source="handbook/remote-work.md",
        locator="Days",
        text="Two days.",
        as_of="2026-05-01",
        details=given,
    )


def run(**changes: Any) -> RunView:
    view = {
        "run_id": RUN_ID,
        "workflow": "ask",
        "state": "answered",
        "outcome": "answered",
        "principal": "employee@shop.example",
        "source": "slack",
        "thread": None,
        "question": "How many days?",
        "answer": None,
        "claims": (),
        "evidence": (),
        "reason": None,
        "caveats": (),
        "suggestions": (),
        "specialist": "Help desk",
        "model": ModelUse(name="main", fallbacks=("fast: timed out",)),
        "failure": None,
        "created_at": NOW,
        "finished_at": NOW,
        "timings": Timings(queued_s=0.1, running_s=1.1, total_s=1.23, steps=()),
        "progress": {"state": "answered", "cancelling": False, "done": 3, "total": 3, "steps": ()},
    }
    return RunView.model_validate({**view, **changes})


def answered(*claims: Claim, **changes: Any) -> RunView:
    labels = sorted({label for claim in claims for label in claim.evidence})
    given: dict[str, Any] = {"answer": " ".join(claim.text for claim in claims), "claims": claims}
    return run(**{**given, "evidence": tuple(evidence(label) for label in labels), **changes})


def texts(card: Card) -> list[str]:
    found = []
    for block in card.blocks:
        found += [element["text"] for element in block.get("elements", [block.get("text")])]
    return found


def test_every_claim_is_followed_by_the_numbers_of_its_sources() -> None:
    card = render_run(
        answered(
            Claim(text="Two days a week.", evidence=("E4",)),
            Claim(text="Ask first.", evidence=("E2", "E4")),
            Claim(text="In writing.", evidence=("E2", "E4")),
        )
    )
    answer, sources, footer = texts(card)
    assert answer == "Two days a week. [1] Ask first. In writing. [1][2]"
    assert [line[:3] for line in sources.splitlines()] == ["[1]", "[2]"]
    assert footer == "Help desk · main (after: fast: timed out) · 1.2 s · run 0badcafe"
    assert answer in card.text
    assert sources in card.text


def test_a_source_says_where_whose_and_how_old_it_is() -> None:
    claim = Claim(text="Two days.", evidence=("E1",))
    old = evidence("E1", updated="2024-01-31", stale=True)
    card = render_run(answered(claim, evidence=(old,), caveats=("The page is old.",)))
    _, caveat, source, _ = texts(card)
    assert source == (
        "[1] Working from home › Days &gt; Limits · People Team · updated 2024-01-31, 2 years ago"
        " · :warning: may be out of date"
    )
    assert caveat == ":warning: The page is old."


def test_how_it_was_found_is_one_line_below_the_answer() -> None:
    claim = Claim(text="Two days.", evidence=("E1",))
    card = render_run(answered(claim, evidence=(evidence("E1"),), how_found=("It searched.", "It read.")))
    assert texts(card)[1] == ":mag: It searched. It read."
    assert "It searched. It read." in card.text


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel>",
        "<@U1>",
        "![x](https://evil.example/p.png)",
        "https://shоp.example/",
        "https://evil.example/?d=" + "x" * 400,
        "https://shop.example@evil.example/",
    ],
)
def test_a_title_that_would_act_is_words(hostile: str) -> None:
    claim = Claim(text="Two days.", evidence=("E1",))
    item = evidence("E1", title=f"Days {hostile}", section=hostile)
    card = render_run(answered(claim, evidence=(item,), caveats=(hostile,), how_found=(hostile,)))
    assert all(block.get("verbatim", True) for block in _text_objects(card))
    source = texts(card)[-2]
    assert not any(sign in source for sign in ("http", "![", "<", "@U1"))


def _text_objects(card: Card) -> list[dict[str, Any]]:
    return [
        text
        for block in card.blocks
        for text in [block.get("text"), *block.get("elements", ())]
        if isinstance(text, dict) and text.get("type") == "mrkdwn"
    ]


def test_the_answers_own_words_between_claims_are_kept() -> None:
    card = render_run(
        answered(Claim(text="Two days.", evidence=("E1",)), answer="**In short:**\nTwo days.\n\nGood luck!")
    )
    assert texts(card)[0] == "*In short:*\nTwo days. [1]\n\nGood luck!"


def test_claims_stand_alone_where_the_answer_words_them_otherwise() -> None:
    card = render_run(answered(Claim(text="Two days.", evidence=("E1",)), answer="It is 2."))
    assert texts(card)[0] == "Two days. [1]"


def test_an_honest_no_says_why_and_where_to_turn() -> None:
    card = render_run(
        run(
            state="abstained",
            answer="I found nothing.",
            reason="nothing_found",
            suggestions=("“VPN” (ask IT)",),
        )
    )
    shown = "\n".join(texts(card))
    assert "I found nothing." in shown
    assert "“VPN” (ask IT)" in shown
    assert "ask the team" in shown
    assert "[1]" not in shown


def test_a_no_without_words_gets_them_from_its_reason() -> None:
    card = render_run(run(state="abstained", answer="", reason="unavailable", model=None, specialist=None))
    assert "not available just now" in texts(card)[0]


@pytest.mark.parametrize(
    ("state", "failure", "said"),
    [
        ("failed", "The search was down.", "The search was down."),
        ("failed", None, "went wrong"),
        ("cancelled", None, "cancelled"),
    ],
)
def test_a_failed_run_says_so_and_names_itself(state: str, failure: str | None, said: str) -> None:
    card = render_run(run(state=state, failure=failure))
    assert said in texts(card)[0]
    assert "0badcafe" in card.text


HOSTILE = "<!channel> <@U1> <https://evil.example|pay here> &lt;!here&gt; *_~`"


def test_hostile_words_cannot_act_from_any_place_of_a_card() -> None:
    item = evidence("E1", title=HOSTILE, section=HOSTILE, owner=HOSTILE, updated=HOSTILE)
    for view in (
        answered(
            Claim(text=HOSTILE, evidence=("E1",)),
            evidence=(item,),
            caveats=(HOSTILE,),
            specialist=HOSTILE,
            model=ModelUse(name=HOSTILE, fallbacks=(HOSTILE,)),
        ),
        run(state="abstained", answer=HOSTILE, suggestions=(HOSTILE,)),
        run(state="failed", failure=HOSTILE),
    ):
        card = render_run(view)
        for shown in (card.text, *texts(card)):
            assert "<" not in shown
            assert ">" not in shown
    assert "<" not in render_notice(HOSTILE).text


def test_slack_is_told_to_make_no_links_of_any_text() -> None:
    card = render_run(answered(Claim(text="See https://evil.example now.", evidence=("E1",)), caveats=("x",)))
    for block in card.blocks:
        for element in block.get("elements", [block.get("text")]):
            assert element["verbatim"] is True


def test_a_very_long_answer_is_cut_and_says_where_the_rest_is() -> None:
    card = render_run(answered(Claim(text="word & " * 20_000, evidence=("E1",))))
    check_blocks(list(card.blocks))
    assert "crewdesk run show 0badcafe" in "".join(texts(card))
    assert len(card.text) <= 40_000


def test_more_sources_than_anybody_reads_are_counted() -> None:
    labels = [f"E{number}" for number in range(1, 41)]
    card = render_run(answered(*(Claim(text=f"Fact {label}.", evidence=(label,)) for label in labels)))
    assert f"and {40 - MAX_SOURCES} more sources" in "\n".join(texts(card))
    check_blocks(list(card.blocks))


WORDS = st.text(max_size=400)


# Texts of this length take a while to make up on a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(WORDS, max_size=4),
    WORDS,
    st.lists(WORDS, max_size=30),
    st.sampled_from(["answered", "abstained", "failed"]),
)
def test_whatever_a_run_holds_slack_takes_its_card(
    claims: list[str], answer: str, remarks: list[str], state: str
) -> None:
    view = answered(
        *(Claim(text=text, evidence=("E1",)) for text in claims),
        state=state,
        answer=answer,
        evidence=(evidence("E1", title=answer, owner=answer),),
        caveats=tuple(remarks),
        suggestions=tuple(remarks),
        failure=answer,
    )
    card = render_run(view)
    check_blocks(list(card.blocks))
    assert 0 < len(card.text) <= 40_000


def test_a_question_that_is_asked_back_offers_its_choices_and_nobody_else() -> None:
    card = render_run(
        run(state="abstained", answer="Which leave?", reason="ambiguous", choices=("Annual", "<!here> Sick"))
    )
    shown = "\n".join(texts(card))
    assert "Which leave?" in shown
    assert "• Annual\n• &lt;!here&gt; Sick" in shown
    assert "ask the team" not in shown
    assert "• Annual" in card.text


@pytest.mark.parametrize("outcome", ["answered", "abstained"])
def test_what_a_follow_up_was_taken_for_is_said_first(outcome: str) -> None:
    view = run(state=outcome, outcome=outcome, answer="12 EUR.", understood_as="Revenue in <Q2>?")
    card = render_run(view)
    assert card.text.startswith("Understood as: Revenue in &lt;Q2&gt;?")
    assert card.blocks[0]["elements"][0]["text"] == "Understood as: Revenue in &lt;Q2&gt;?"
    assert "Understood as" not in render_run(run(state=outcome, outcome=outcome, answer="12 EUR.")).text


def test_a_reply_to_thanks_sends_nobody_elsewhere() -> None:
    card = render_run(run(state="abstained", answer="You're welcome.", reason="nothing_asked", model=None))
    shown = "\n".join(texts(card))
    assert "You're welcome." in shown
    assert "ask the team" not in shown
