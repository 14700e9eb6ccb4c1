"""A scripted model behind an OpenAI-compatible HTTP server: it says what the test tells it to say."""

from tests.stand_ins.provider.replies import (
    CutConnection,
    Empty,
    Garbage,
    HttpError,
    Reply,
    Text,
    Timeout,
    ToolCall,
    Trickle,
)
from tests.stand_ins.provider.request import ChatRequest
from tests.stand_ins.provider.scripts import Script, ToolThenAnswer
from tests.stand_ins.provider.service import Refusal, ScriptedProvider

__all__ = [
    "ChatRequest",
    "CutConnection",
    "Empty",
    "Garbage",
    "HttpError",
    "Refusal",
    "Reply",
    "Script",
    "ScriptedProvider",
    "Text",
    "Timeout",
    "ToolCall",
    "ToolThenAnswer",
    "Trickle",
]
