"""Pays what the ledger owes to Slack: claims a delivery, posts it, and records where it arrived.

A delivery that may have arrived before is looked for and adopted; it is posted again only when the ledger
counts it as missed.
"""

from bots.answer_card import Card, render_notice, render_run
from bots.decision_card import render_decision
from bots.escalation_card import render_escalation
from bots.posting import (
    DeliveryMark,
    NotPosted,
    Outcome,
    Posted,
    Refused,
    SlackPoster,
    Unclear,
    is_change,
)
from bots.slack_errors import SETUP_REFUSALS, SETUP_REMEDY
from ledger.crash_points import crash_point
from ledger.db import Database
from ledger.decision_messages import settle_message
from ledger.decision_views import get_decision
from ledger.deliveries import (
    ClaimedDelivery,
    claim_delivery,
    confirm_delivery,
    fail_delivery,
    has_due_delivery,
    miss_delivery,
    postpone_delivery,
    unsend_delivery,
)
from ledger.escalation_cards import CARD_OF, card_in
from ledger.log import get_logger
from ledger.reading import get_run_for_delivery

_log = get_logger(__name__)

CHANNEL = "slack"
MAX_DELAY_S = 300.0


class Deliverer:
    def __init__(self, db: Database, poster: SlackPoster) -> None:
        self._db = db
        self._poster = poster

    def deliver_next(self) -> bool:
        """True if there was a delivery to work on. Raises CrewdeskError when the ledger cannot be used."""
        if not has_due_delivery(self._db, CHANNEL):
            return False
        claim = claim_delivery(self._db, CHANNEL)
        if claim is None:
            return False
        mark = DeliveryMark(claim.id, claim.run_id)
        # A change may be made twice; it comes to the same.
        if claim.may_have_arrived and not is_change(claim.target):
            self._look_for(claim, mark)
            return True
        outcome = self._poster.post(claim.target, self._render(claim), mark)
        crash_point("delivery.after_post")
        self._settle(claim, outcome)
        return True

    def _look_for(self, claim: ClaimedDelivery, mark: DeliveryMark) -> None:
        found = self._poster.find(claim.target, mark)
        if found is None:
            _log.info("delivery_missed", delivery=claim.id, misses=claim.misses + 1)
            miss_delivery(self._db, claim)
        else:
            self._settle(claim, found)

    def _render(self, claim: ClaimedDelivery) -> Card:
        if claim.decision_id is not None:
            return render_decision(get_decision(self._db, claim.decision_id))
        if CARD_OF in claim.target:
            return render_escalation(card_in(self._db, claim.target))
        if claim.run_id is None:
            return render_notice(claim.notice or "")
        return render_run(get_run_for_delivery(self._db, claim.run_id))

    def _settle(self, claim: ClaimedDelivery, outcome: Outcome) -> None:
        match outcome:
            case Posted(channel, ts):
                confirm_delivery(self._db, claim, {"channel": channel, "ts": ts})
                if claim.decision_id is not None and not is_change(claim.target):
                    settle_message(self._db, claim.id)
                _log.info("delivery_made", delivery=claim.id, run=claim.run_id, attempt=claim.attempt)
            case NotPosted(reason, retry_after_s):
                _log_trouble(claim, reason)
                delay_s = _delay_s(claim) if retry_after_s is None else retry_after_s
                unsend_delivery(self._db, claim, delay_s=delay_s, reason=reason)
            case Unclear(reason):
                _log_trouble(claim, reason)
                postpone_delivery(self._db, claim, delay_s=_delay_s(claim), reason=reason)
            case Refused(reason):
                fail_delivery(self._db, claim, reason)


def _delay_s(claim: ClaimedDelivery) -> float:
    return min(2.0 ** (claim.attempt - 1), MAX_DELAY_S)


def _log_trouble(claim: ClaimedDelivery, reason: str) -> None:
    if reason in SETUP_REFUSALS:
        _log.error("delivery_not_allowed", delivery=claim.id, reason=reason, remedy=SETUP_REMEDY)
    else:
        _log.warning("delivery_postponed", delivery=claim.id, reason=reason, attempt=claim.attempt)
