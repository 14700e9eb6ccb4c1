"""A fake Slack: Web API and Socket Mode on one loopback server, one workspace, and Slack's ways to fail."""

from tests.stand_ins.slack.chat import Ephemeral
from tests.stand_ins.slack.service import FakeSlack, ResponseUrlPost, api_error, rate_limited
from tests.stand_ins.slack.socket_mode import Ack, Delivery, Envelope
from tests.stand_ins.slack.store import Channel, Message, User
from tests.stand_ins.slack.surfaces import StatusSet, SuggestedPrompts, ViewShown
from tests.stand_ins.slack.web_api import ApiCall

__all__ = [
    "Ack",
    "ApiCall",
    "Channel",
    "Delivery",
    "Envelope",
    "Ephemeral",
    "FakeSlack",
    "Message",
    "ResponseUrlPost",
    "StatusSet",
    "SuggestedPrompts",
    "User",
    "ViewShown",
    "api_error",
    "rate_limited",
]
