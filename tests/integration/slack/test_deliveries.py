"""However Slack fails, an owed answer arrives, and arrives once."""

from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from bots.answer_card import render_run
from bots.delivering import Deliverer
from bots.posting import DeliveryMark, Posted, SlackPoster
from ledger.deliveries import DeliveryTarget, claim_delivery
from ledger.reading import get_run
from ledger.runs import RunRequest, submit_run
from ledger.spans import list_spans
from tests.integration.slack.desk import ASKER, QUESTION, WARRANTY, Desk
from tests.stand_ins.faults import HttpStatus, LoseResponse, ResetBefore
from tests.stand_ins.slack import Message, api_error, rate_limited


@dataclass(frozen=True, slots=True)
class Owed:
    """One answered run whose answer has not been sent yet."""

    desk: Desk
    deliverer: Deliverer
    run_id: str

    def deliver(self, after_s: float = 0.0) -> bool:
        self.desk.clock.advance(after_s)
        return self.deliverer.deliver_next()

    @property
    def arrived(self) -> list[Message]:
        return self.desk.from_bot(self.desk.channel)

    @property
    def receipts(self) -> list[object]:
        return [span.output for span in list_spans(self.desk.db, self.run_id) if span.kind == "delivery"]

    @property
    def calls(self) -> list[str]:
        return [call.method for call in self.desk.slack.calls]


@pytest.fixture
def owed(desk: Desk) -> Owed:
    question = desk.slack.mention(desk.asker, desk.channel, QUESTION).message
    assert question is not None
    place = {"channel": desk.channel.id, "thread_ts": question.ts}
    request = RunRequest(
        principal=ASKER,
        question=QUESTION,
        source="slack",
        external_id="one",
        audience_groups=("everyone",),
        deliver_to=DeliveryTarget(channel="slack", place=place),
    )
    run_id = submit_run(desk.db, request).run_id
    desk.answer_all()
    return Owed(desk, Deliverer(desk.db, SlackPoster(desk.client)), run_id)


def test_a_post_whose_response_was_lost_is_found_and_adopted(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", LoseResponse())
    assert owed.deliver()
    assert owed.receipts == []
    assert owed.deliver(after_s=1)
    [message] = owed.arrived
    assert owed.receipts == [{"channel": message.channel, "ts": message.ts}]
    assert owed.calls == ["chat.postMessage", "conversations.replies"]
    assert not owed.deliver(after_s=3600)


def test_a_post_that_may_have_arrived_is_missed_twice_before_it_is_made_again(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", ResetBefore())
    assert owed.deliver()
    assert owed.deliver(after_s=1)
    assert not owed.deliver(after_s=9.9)
    assert owed.deliver(after_s=0.2)
    assert owed.calls == ["chat.postMessage", "conversations.replies", "conversations.replies"]
    assert owed.arrived == []
    assert not owed.deliver(after_s=9.9)
    assert owed.deliver(after_s=0.2)
    assert len(owed.arrived) == len(owed.receipts) == 1


@pytest.mark.parametrize(
    "trouble",
    [HttpStatus(500), HttpStatus(503, b"<html>"), api_error("internal_error"), api_error("never_heard_of")],
)
def test_trouble_at_slack_delays_an_answer_and_never_loses_or_doubles_it(
    owed: Owed, trouble: HttpStatus
) -> None:
    owed.desk.slack.fail("*", trouble, times=4)
    for _ in range(12):
        owed.deliver(after_s=60)
    assert len(owed.arrived) == len(owed.receipts) == 1


def test_a_rate_limit_is_waited_out_as_long_as_slack_says(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", rate_limited(17))
    assert owed.deliver()
    assert not owed.deliver(after_s=16.9)
    assert owed.deliver(after_s=0.2)
    assert len(owed.arrived) == len(owed.receipts) == 1


def test_an_answer_that_was_limited_and_then_lost_from_sight_is_not_doubled(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", rate_limited(1))
    owed.desk.slack.fail("chat.postMessage", LoseResponse())
    for _ in range(6):
        owed.deliver(after_s=30)
    assert len(owed.arrived) == len(owed.receipts) == 1


def test_an_answer_waits_while_slack_cannot_be_reached(owed: Owed) -> None:
    with owed.desk.slack.server.down():
        for _ in range(60):
            owed.deliver(after_s=600)
    assert owed.deliver(after_s=600)
    assert len(owed.arrived) == len(owed.receipts) == 1


def test_an_answer_its_sender_died_on_is_found_by_the_next(owed: Owed) -> None:
    claim = claim_delivery(owed.desk.db, "slack")
    assert claim is not None
    card = render_run(get_run(owed.desk.db, owed.run_id))
    sent = SlackPoster(owed.desk.client).post(claim.target, card, DeliveryMark(claim.id, claim.run_id))
    assert isinstance(sent, Posted)
    assert not owed.deliver(after_s=29)
    assert owed.deliver(after_s=2)
    assert owed.receipts == [{"channel": sent.channel, "ts": sent.ts}]
    assert len(owed.arrived) == 1


def test_an_answer_to_a_closed_channel_is_given_up_at_once(owed: Owed) -> None:
    owed.desk.slack.archive(owed.desk.channel)
    with capture_logs() as logs:
        assert owed.deliver()
    [entry] = [entry for entry in logs if entry["event"] == "delivery_failed"]
    assert entry["reason"] == "is_archived"
    assert not owed.deliver(after_s=3600)
    assert owed.calls == ["chat.postMessage"]


def test_a_refused_token_is_named_with_its_remedy_and_the_answer_waits(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", api_error("invalid_auth"))
    with capture_logs() as logs:
        assert owed.deliver()
    [entry] = [entry for entry in logs if entry["log_level"] == "error"]
    assert "CREWDESK_SLACK_BOT_TOKEN" in entry["remedy"]
    assert owed.deliver(after_s=60)
    assert len(owed.arrived) == 1


def test_an_answer_whose_blocks_are_refused_arrives_as_text(owed: Owed) -> None:
    owed.desk.slack.fail("chat.postMessage", api_error("invalid_blocks"))
    assert owed.deliver()
    [message] = owed.arrived
    assert f"{WARRANTY} [1]" in message.text
    assert message.blocks == ()


def test_a_message_is_found_on_a_later_page_of_a_long_thread(owed: Owed) -> None:
    place = {"channel": owed.desk.channel.id, "thread_ts": owed.desk.slack.messages(owed.desk.channel)[0].ts}
    for number in range(205):
        owed.desk.client.chat_postMessage(
            channel=place["channel"], thread_ts=place["thread_ts"], text=str(number)
        )
    owed.desk.slack.fail("chat.postMessage", LoseResponse())
    assert owed.deliver()
    assert owed.deliver(after_s=1)
    assert len(owed.arrived) == 206
    assert len(owed.receipts) == 1
