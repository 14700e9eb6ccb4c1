"""From a post in Slack to one answer in its thread, over real HTTP and WebSocket."""

import pytest
from structlog.testing import capture_logs

from ledger.deliveries import has_due_delivery
from ledger.people import Person, sync_people
from ledger.reading import get_run, get_run_for_delivery, list_runs
from ledger.spans import list_spans
from ledger.steps import fail_step
from tests.integration.slack.desk import ASKER, QUESTION, WARRANTY, Desk, broken_table, wait_until
from tests.stand_ins.faults import LoseResponse
from tests.stand_ins.slack import Envelope, FakeSlack


@pytest.mark.usefixtures("door")
def test_a_mention_gets_one_cited_answer_in_its_thread(desk: Desk) -> None:
    asked = desk.slack.mention(desk.asker, desk.channel, "how long is the till's warranty &amp; why?")
    desk.slack.wait_for_ack(asked)
    [listed] = list_runs(desk.db)
    run = get_run_for_delivery(desk.db, listed.run_id)
    assert (run.question, run.principal, run.source) == (
        "how long is the till's warranty & why?",
        ASKER,
        "slack",
    )
    [claim] = desk.answer_all()
    answer = desk.slack.wait_for_message(desk.channel)
    assert asked.message is not None
    assert answer.thread_ts == asked.message.ts
    assert f"{WARRANTY} [1]" in answer.text
    assert "[1] Tills › Warranty · Store IT · updated 2026-10-28" in answer.text
    assert [block["type"] for block in answer.blocks] == ["section", "context", "context"]
    assert answer.metadata is not None
    assert answer.metadata["event_payload"]["run_id"] == claim.run_id
    [post] = [call for call in desk.slack.calls if call.method == "chat.postMessage"]
    assert [str(post.arguments[name]) for name in ("unfurl_links", "unfurl_media")] in (
        ["0", "0"],
        ["False", "False"],
    )
    wait_until(lambda: [span for span in list_spans(desk.db, run.run_id) if span.kind == "delivery"])
    [delivery] = [span for span in list_spans(desk.db, run.run_id) if span.kind == "delivery"]
    assert delivery.output == {"channel": desk.channel.id, "ts": answer.ts}
    assert not has_due_delivery(desk.db, "slack")


@pytest.mark.usefixtures("door")
def test_a_post_told_of_many_times_is_one_run_with_one_answer(desk: Desk) -> None:
    asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
    told = [
        asked,
        desk.slack.redeliver(asked),
        desk.slack.redeliver(asked),
        desk.slack.also_as_message(asked),
    ]
    for envelope in told:
        desk.slack.wait_for_ack(envelope)
    assert len(list_runs(desk.db)) == 1
    desk.answer_all()
    desk.slack.wait_for_message(desk.channel)
    desk.slack.wait_for_ack(desk.slack.redeliver(asked))
    assert len(list_runs(desk.db)) == 1
    assert len(desk.from_bot(desk.channel)) == 1


@pytest.mark.usefixtures("door")
def test_a_reply_in_a_thread_is_answered_in_that_thread(desk: Desk) -> None:
    root = desk.slack.mention(desk.asker, desk.channel, QUESTION)
    assert root.message is not None
    asked = desk.slack.mention(desk.asker, desk.channel, "and the scanner's?", thread_ts=root.message.ts)
    for envelope in (root, asked):
        desk.slack.wait_for_ack(envelope)
    threads = {run.thread for run in (get_run(desk.db, each.run_id) for each in list_runs(desk.db))}
    assert threads == {f"{desk.channel.id}:{root.message.ts}"}
    desk.answer_all()
    wait_until(lambda: len(desk.from_bot(desk.channel)) == 2)
    assert {message.thread_ts for message in desk.from_bot(desk.channel)} == {root.message.ts}


@pytest.mark.usefixtures("door")
def test_our_own_message_is_no_question(desk: Desk) -> None:
    asked = desk.slack.direct_message(desk.asker, QUESTION)
    desk.slack.wait_for_ack(asked)
    desk.answer_all()
    desk.slack.wait_for_message(desk.slack.direct_channel(desk.asker))
    echo = desk.slack.deliveries.wait_for(2)[1].envelope
    assert echo.message is not None
    assert echo.message.from_bot
    desk.slack.wait_for_ack(echo)
    assert len(list_runs(desk.db)) == 1


@pytest.mark.usefixtures("door")
def test_an_answer_is_cleared_for_whoever_reads_it(desk: Desk) -> None:
    def clearance_of(asked: Envelope) -> frozenset[str] | None:
        desk.slack.wait_for_ack(asked)
        [claim] = desk.claim_all()
        assert claim.principal.groups == {"everyone", "finance"}
        return claim.audience_groups

    assert clearance_of(desk.slack.direct_message(desk.asker, QUESTION)) is None
    assert clearance_of(desk.slack.mention(desk.asker, desk.channel, QUESTION)) == frozenset({"everyone"})
    cleared = clearance_of(desk.slack.mention(desk.asker, desk.finance, QUESTION))
    assert cleared == frozenset({"everyone", "finance"})


@pytest.mark.usefixtures("door")
def test_an_answer_whose_arrival_slack_did_not_tell_is_there_once(desk: Desk) -> None:
    desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, QUESTION))
    desk.slack.fail("chat.postMessage", LoseResponse())
    [claim] = desk.answer_all()

    def is_settled() -> bool:
        desk.clock.advance(1)
        return any(span.kind == "delivery" for span in list_spans(desk.db, claim.run_id))

    wait_until(is_settled)
    assert len(desk.from_bot(desk.channel)) == 1


@pytest.mark.usefixtures("door")
def test_a_failed_run_says_so_in_the_thread(desk: Desk) -> None:
    desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, QUESTION))
    [claim] = desk.claim_all()
    fail_step(desk.db, claim, "The search was <down>.", try_again=False)
    assert "The search was &lt;down&gt;." in desk.slack.wait_for_message(desk.channel).text


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    ("who", "text", "said"),
    [
        ("stranger", QUESTION, "U00000003"),
        ("asker", f"<@{FakeSlack.bot_user_id}>", "Write your question"),
        ("asker", "why? " * 2_000, "shorten it"),
        ("mute", QUESTION, "does not have the right to ask"),
    ],
)
def test_what_cannot_be_answered_is_refused_kindly_and_once(
    desk: Desk, who: str, text: str, said: str
) -> None:
    asked = desk.slack.mention(getattr(desk, who), desk.channel, text)
    desk.slack.wait_for_ack(asked)
    desk.slack.wait_for_ack(desk.slack.redeliver(asked))
    refusal = desk.slack.wait_for_message(desk.channel)
    assert asked.message is not None
    assert refusal.thread_ts == asked.message.ts
    assert said in refusal.text
    assert not has_due_delivery(desk.db, "slack")
    assert len(desk.from_bot(desk.channel)) == 1
    assert not list_runs(desk.db)


@pytest.mark.usefixtures("door")
def test_a_post_that_was_refused_stays_refused(desk: Desk) -> None:
    asked = desk.slack.mention(desk.stranger, desk.channel, QUESTION)
    desk.slack.wait_for_ack(asked)
    newcomer = Person(email="stranger@shop.example", name="No stranger now", slack=desk.stranger.id)
    people = desk.workspace.people
    sync_people(desk.db, people.model_copy(update={"people": (*people.people, newcomer)}))
    desk.slack.wait_for_ack(desk.slack.redeliver(asked))
    assert not list_runs(desk.db)
    desk.slack.wait_for_ack(desk.slack.mention(desk.stranger, desk.channel, QUESTION))
    assert len(list_runs(desk.db)) == 1


@pytest.mark.usefixtures("door")
def test_a_post_the_database_could_not_keep_is_not_acknowledged(desk: Desk) -> None:
    with capture_logs() as logs, broken_table(desk.db, "inbox"):
        asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
        wait_until(lambda: [entry for entry in logs if entry["event"] == "post_not_kept"])
    assert not list_runs(desk.db)
    again = desk.slack.redeliver(asked)
    desk.slack.wait_for_ack(again)
    assert desk.slack.unacknowledged() == (asked,)
    desk.answer_all()
    assert WARRANTY in desk.slack.wait_for_message(desk.channel).text
    assert len(list_runs(desk.db)) == 1
