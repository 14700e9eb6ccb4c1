"""The Bolt application: what Slack tells is kept before it gets its acknowledgement.

Bolt acknowledges an event before its listener runs, so a listener would be too late: a request the middleware
could not keep is answered with an error status, on which the Socket Mode adapter sends no acknowledgement and
Slack delivers the event again.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bots.choices import Press, press_in
from bots.decision_card import ACTION
from bots.intake import Intake
from bots.posts import post_in
from ledger.errors import CrewdeskError
from ledger.log import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackIdentity:
    """Who we are in this workspace, as `auth.test` says."""

    team_id: str
    bot_user_id: str
    bot_id: str


def build_app(
    identity: SlackIdentity, bot_token: str, intake: Intake, take_press: Callable[[Press], None]
) -> App:
    authorized = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_user_id=identity.bot_user_id,
        bot_id=identity.bot_id,
        bot_token=bot_token,
    )
    # Authorized from what we know already: Bolt's own way asks Slack while an event waits, and on a failure
    # acknowledges an event nobody has kept.
    app = App(name="crewdesk", authorize=lambda: authorized, process_before_response=True)

    def keep_post(body: Mapping[str, Any], next_: Callable[[], None]) -> BoltResponse | None:
        post = post_in(body, identity.bot_user_id)
        if post is not None:
            try:
                intake.take(post)
            except CrewdeskError as error:
                _log.warning("post_not_kept", post=post.external_id, reason=str(error))
                return BoltResponse(status=503)
        next_()
        return None

    def keep_press(ack: Ack, body: dict[str, Any]) -> BoltResponse:
        press = press_in(body)
        try:
            take_press(press)
        except CrewdeskError as error:
            # Without an acknowledgement Slack shows whoever pressed that it did not work.
            _log.warning("press_not_kept", press=press.external_id, reason=str(error))
            return BoltResponse(status=503)
        return ack()

    app.use(keep_post)
    app.action(ACTION)(keep_press)
    app.event(re.compile(".*"))(_acknowledge)
    return app


def _acknowledge() -> None:
    """All that was to do is done; Bolt acknowledges when this returns."""
