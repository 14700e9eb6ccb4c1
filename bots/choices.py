"""Takes a press of a decision's button: it decides, or whoever pressed is told why not.

A press that comes twice decides once, and what it cannot decide is answered once, in the thread of the
message it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.decision_card import choice_in
from bots.intake import NOT_KNOWN
from ledger.db import Database
from ledger.decision_views import get_decision
from ledger.decisions import DecisionClosed, decide
from ledger.deliveries import DeliveryTarget
from ledger.errors import CrewdeskError, ErrorKind
from ledger.inbox import refuse_request
from ledger.log import get_logger
from ledger.people import Principal, find_slack_principal

_log = get_logger(__name__)

_TO_TELL = (ErrorKind.USAGE, ErrorKind.DENIED, ErrorKind.MISSING, ErrorKind.CONFLICT)


@dataclass(frozen=True, slots=True)
class Press:
    """`place` is the thread of the message with the button."""

    external_id: str
    user: str
    decision_id: str
    choice: str
    place: dict[str, str]


def press_in(body: Mapping[str, Any]) -> Press:
    """Of a `block_actions` payload, whose parts all come from Slack."""
    [action] = body["actions"]
    decision_id, choice = choice_in(action)
    channel, ts = str(body["container"]["channel_id"]), str(body["container"]["message_ts"])
    return Press(
        external_id=f"{body['team']['id']}:{channel}:{ts}:{action['action_ts']}",
        user=str(body["user"]["id"]),
        decision_id=decision_id,
        choice=choice,
        place={"channel": channel, "thread_ts": ts},
    )


def take_press(db: Database, press: Press) -> None:
    """Returns once it is kept for good. Raises CrewdeskError when it could not be."""
    person = find_slack_principal(db, press.user)
    if person is None:
        _tell(db, press, NOT_KNOWN.format(slack_id=press.user))
        return
    try:
        decide(db, press.decision_id, person, press.choice)
    except DecisionClosed as error:
        if not _was_theirs(db, press, person):
            _tell(db, press, str(error))
    except CrewdeskError as error:
        if error.kind not in _TO_TELL:
            raise
        _tell(db, press, str(error))
    else:
        _log.info("press_decided", decision=press.decision_id, person=person.email)


def _was_theirs(db: Database, press: Press, person: Principal) -> bool:
    made = get_decision(db, press.decision_id)
    return (made.decided_by, made.choice) == (person.email, press.choice)


def _tell(db: Database, press: Press, sentence: str) -> None:
    target = DeliveryTarget(channel="slack", place=press.place)
    if refuse_request(db, "slack", press.external_id, sentence, target):
        _log.info("press_refused", decision=press.decision_id, reason=sentence)
