"""Posts to Slack once per call, and says what is known about the outcome.

Slack has no key that would make a second post harmless, so a call is never repeated here: whatever is not
certain is `Unclear` and must be looked for before it is posted again.
"""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bots.answer_card import Card
from bots.slack_errors import BLOCK_REFUSALS, PERMANENT, RATE_LIMITED, SETUP_REFUSALS, error_of, retry_after_s

EVENT_TYPE = "crewdesk_delivery"
_PAGE = 200
_PERSON = ("U", "W")


@dataclass(frozen=True, slots=True)
class Posted:
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class NotPosted:
    """It certainly did not arrive and may be sent again."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not arrive and never will."""

    reason: str


Outcome = Posted | NotPosted | Unclear | Refused


@dataclass(frozen=True, slots=True)
class DeliveryMark:
    """What a message carries so that it can be found again."""

    delivery_id: str
    run_id: str | None

    def as_metadata(self) -> dict[str, Any]:
        payload = {"delivery_id": self.delivery_id, "run_id": self.run_id or ""}
        return {"event_type": EVENT_TYPE, "event_payload": payload}


def is_change(place: Mapping[str, str]) -> bool:
    """Whether a message that is there already is changed."""
    return "ts" in place


class SlackPoster:
    """`client` must not retry by itself. A place is a thread (`channel`, `thread_ts`), a person's direct
    messages or a channel (their id as `channel`), or a message to change (`channel`, `ts`)."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def post(self, place: Mapping[str, str], card: Card, mark: DeliveryMark) -> Outcome:
        outcome = self._post(place, card, mark)
        if isinstance(outcome, Refused) and outcome.reason in BLOCK_REFUSALS and card.blocks:
            # A plain answer beats none.
            return self._post(place, Card(card.text, ()), mark)
        return outcome

    def find(self, place: Mapping[str, str], mark: DeliveryMark) -> Posted | Unclear | None:
        """The message that carries this mark; None when it is not in its place, Unclear when Slack did not
        say."""
        messages: Iterable[Mapping[str, Any]]
        try:
            if "thread_ts" in place:
                channel, messages = place["channel"], self._thread(place)
            else:
                channel, messages = self._newest_in(place["channel"])
            for message in messages:
                if _carries(message, mark):
                    return Posted(channel, str(message["ts"]))
        except SlackApiError as error:
            code = error_of(error)
            return None if code == "thread_not_found" else Unclear(code)
        except (SlackClientError, HTTPException, OSError) as error:
            return Unclear(_reason(error))
        return None

    def _post(self, place: Mapping[str, str], card: Card, mark: DeliveryMark) -> Outcome:
        try:
            answer = self._change(place, card) if is_change(place) else self._say(place, card, mark)
            return Posted(str(answer["channel"]), str(answer["ts"]))
        except SlackApiError as error:
            return _outcome_of(error)
        except (SlackClientError, HTTPException, OSError) as error:
            never_left = _is_never_connected(error)
            return NotPosted(_reason(error)) if never_left else Unclear(_reason(error))

    def _say(self, place: Mapping[str, str], card: Card, mark: DeliveryMark) -> SlackResponse:
        return self._client.chat_postMessage(
            channel=place["channel"],
            thread_ts=place.get("thread_ts"),
            text=card.text,
            blocks=list(card.blocks) or None,
            metadata=mark.as_metadata(),
            unfurl_links=False,
            unfurl_media=False,
        )

    def _change(self, place: Mapping[str, str], card: Card) -> SlackResponse:
        # The blocks that are there stay unless others are given, also none.
        return self._client.chat_update(
            channel=place["channel"], ts=place["ts"], text=card.text, blocks=list(card.blocks)
        )

    def _newest_in(self, place: str) -> tuple[str, Iterable[Mapping[str, Any]]]:
        """What was said last in a channel, or between us and a person. A message is looked for within
        minutes, so one page holds it."""
        channel = place
        if place.startswith(_PERSON):
            channel = str(self._client.conversations_open(users=place)["channel"]["id"])
        page = self._client.conversations_history(channel=channel, include_all_metadata=True, limit=_PAGE)
        return channel, page.get("messages") or ()

    def _thread(self, place: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        while True:
            page = self._client.conversations_replies(
                channel=place["channel"],
                ts=place["thread_ts"],
                include_all_metadata=True,
                limit=_PAGE,
                cursor=cursor,
            )
            yield from page.get("messages") or ()
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def _carries(message: Mapping[str, Any], mark: DeliveryMark) -> bool:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return metadata.get("event_type") == EVENT_TYPE and payload.get("delivery_id") == mark.delivery_id


def _outcome_of(error: SlackApiError) -> Outcome:
    code = error_of(error)
    if code in RATE_LIMITED:
        return NotPosted(code, retry_after_s(error))
    if code in SETUP_REFUSALS:
        return NotPosted(code)
    return Refused(code) if code in PERMANENT else Unclear(code)


def _is_never_connected(error: Exception) -> bool:
    cause = error.reason if isinstance(error, URLError) else error
    return isinstance(cause, ConnectionRefusedError | socket.gaierror)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
