"""The front door stays reachable, or says that it is not and ends."""

import pytest
from pydantic import SecretStr

from bots.link import LinkTimes, OnStall
from bots.service import SlackFrontDoor
from ledger.errors import SettingsInvalid
from ledger.reading import list_runs
from tests.integration.slack.desk import QUESTION, Desk, open_door, wait_until
from tests.stand_ins.faults import HttpStatus


def test_answers_that_became_due_while_nobody_delivered_are_delivered(desk: Desk) -> None:
    with open_door(desk):
        desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, QUESTION))
    desk.answer_all()
    assert desk.from_bot(desk.channel) == []
    with open_door(desk):
        desk.slack.wait_for_message(desk.channel)
    assert len(desk.from_bot(desk.channel)) == 1


def test_questions_are_heard_again_after_slack_cut_the_connections(desk: Desk) -> None:
    with open_door(desk, times=LinkTimes(ping_interval_s=0.2)):
        desk.slack.cut()
        desk.slack.wait_for_connection(4)
        desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, QUESTION))


def test_a_silent_connection_ends_a_process_of_its_own(desk: Desk) -> None:
    times = LinkTimes(stall_after_s=1.5, ping_interval_s=0.5)
    with open_door(desk, on_stall=OnStall.END, times=times) as door:
        assert not door.wait_ended(2.0)
        desk.slack.stall()
        assert door.wait_ended(10)
        assert door.failure is not None
        assert "silent" in door.failure


def test_a_silent_connection_is_replaced_where_others_share_the_process(desk: Desk) -> None:
    times = LinkTimes(stall_after_s=1.5, ping_interval_s=0.5)
    with open_door(desk, on_stall=OnStall.RECONNECT, times=times) as door:
        desk.slack.stall()
        desk.slack.wait_for_connection(4)
        asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
        # Slack still takes the silent connections for open and hands them their share.
        for _ in range(4):
            desk.slack.redeliver(asked)
        wait_until(lambda: list_runs(desk.db))
        assert door.failure is None


def test_a_front_door_waits_for_a_slack_that_is_not_there_yet(desk: Desk) -> None:
    with desk.slack.server.down():
        door = SlackFrontDoor(desk.db, desk.settings, desk.workspace)
        door.start()
        assert not door.wait_connected(0.5)
    assert door.wait_connected(10)
    door.stop()


def test_a_front_door_asks_again_for_an_address_to_connect_to(desk: Desk) -> None:
    desk.slack.fail("apps.connections.open", HttpStatus(500))
    with open_door(desk):
        desk.slack.wait_for_ack(desk.slack.mention(desk.asker, desk.channel, QUESTION))


@pytest.mark.parametrize("token", ["slack_bot_token", "slack_app_token"])
def test_a_token_slack_refuses_ends_the_front_door_with_a_remedy(desk: Desk, token: str) -> None:
    given: SecretStr = getattr(desk.settings, token)
    wrong = desk.settings.model_copy(update={token: SecretStr(f"{given.get_secret_value()}-old")})
    door = SlackFrontDoor(desk.db, wrong, desk.workspace)
    door.start()
    assert door.wait_ended(10)
    door.stop()
    assert door.failure is not None
    assert "invalid_auth" in door.failure
    assert f"CREWDESK_{token.upper()}" in door.failure


@pytest.mark.parametrize(
    ("bot", "app", "named"),
    [
        ("", "xapp-1", "CREWDESK_SLACK_BOT_TOKEN is not set"),
        ("xoxb-1", "", "CREWDESK_SLACK_APP_TOKEN is not set"),
        ("xapp-1", "xoxb-1", "CREWDESK_SLACK_BOT_TOKEN holds another kind of token"),
    ],
)
def test_missing_and_swapped_tokens_are_named(desk: Desk, bot: str, app: str, named: str) -> None:
    given = desk.settings.model_copy(
        update={"slack_bot_token": SecretStr(bot), "slack_app_token": SecretStr(app) if app else None}
    )
    with pytest.raises(SettingsInvalid, match=named):
        SlackFrontDoor(desk.db, given, desk.workspace)
