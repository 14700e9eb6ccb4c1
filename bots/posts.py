"""Which events are a person speaking to us, and where the answer belongs.

Everything that identifies a post comes from Slack's envelope and never from its text. Only an event that says
it comes from a direct conversation counts as private; in doubt the answer is for a whole channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.mention_text import question_in
from ledger.deliveries import DeliveryTarget

# A person's post may carry files, be shown in the channel too, or be written with /me; any other subtype is
# news about posts (changed, deleted, joined, written by a bot) and no question.
_SPOKEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})
_SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Post:
    """`question` is decoded text without the mention of ourselves; it may be empty."""

    team: str
    channel: str
    ts: str
    thread_ts: str
    user: str
    question: str
    is_direct: bool

    @property
    def external_id(self) -> str:
        """The same for every event that tells of this post, so that a mention seen twice is one request."""
        return f"{self.team}:{self.channel}:{self.ts}"

    @property
    def thread(self) -> str:
        return f"{self.channel}:{self.thread_ts}"

    @property
    def reply_to(self) -> DeliveryTarget:
        return DeliveryTarget(channel="slack", place={"channel": self.channel, "thread_ts": self.thread_ts})


def post_in(body: Mapping[str, Any], bot_user_id: str) -> Post | None:
    """None for whatever is not a person asking us: other events, bots (ourselves among them), edits."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not _is_addressed(event) or not _is_spoken(event, bot_user_id):
        return None
    team, channel = _word(body, "team_id"), _word(event, "channel")
    ts, user = _word(event, "ts"), _word(event, "user")
    if not (team and channel and ts and user):
        return None
    return Post(
        team=team,
        channel=channel,
        ts=ts,
        thread_ts=_word(event, "thread_ts") or ts,
        user=user,
        question=question_in(_word(event, "text"), bot_user_id),
        is_direct=_is_direct(event),
    )


def _is_addressed(event: Mapping[str, Any]) -> bool:
    return event.get("type") == "app_mention" or _is_direct(event)


def _is_direct(event: Mapping[str, Any]) -> bool:
    return event.get("type") == "message" and event.get("channel_type") == "im"


def _is_spoken(event: Mapping[str, Any], bot_user_id: str) -> bool:
    if event.get("subtype") not in _SPOKEN or event.get("hidden") or event.get("bot_id"):
        return False
    return event.get("user") not in (bot_user_id, _SLACKBOT)


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
