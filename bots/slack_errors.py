"""What Slack's error codes mean for a message that is owed.

A code that is in none of these sets says nothing certain: `internal_error` and `fatal_error`, for example,
may follow a post that was made.
"""

from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
SETUP_REFUSALS = frozenset(
    {
        "access_denied",
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
SETUP_REMEDY = (
    "Install the Slack app again from bots/manifest.yaml and set CREWDESK_SLACK_BOT_TOKEN and "
    "CREWDESK_SLACK_APP_TOKEN to its tokens."
)
BLOCK_REFUSALS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
PERMANENT = BLOCK_REFUSALS | frozenset(
    {
        "as_user_not_supported",
        "cannot_reply_to_message",
        "cant_update_message",
        "channel_is_limited_access",
        "channel_not_found",
        "edit_window_closed",
        "invalid_arguments",
        "is_archived",
        "is_inactive",
        "message_not_found",
        "messages_tab_disabled",
        "metadata_too_large",
        "msg_too_long",
        "no_permission",
        "no_text",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "thread_not_found",
        "user_not_found",
    }
)
DEFAULT_RETRY_AFTER_S = 30.0


def error_of(error: SlackApiError) -> str:
    """Slack's own code, or the HTTP status where Slack gave none in its usual form."""
    status = getattr(error.response, "status_code", 200)
    if status == 429:
        return "ratelimited"
    if status >= 500:
        return f"http_{status}"
    return str(_data(error).get("error") or f"http_{status}")


def retry_after_s(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(float(given), 0.0) if given is not None else DEFAULT_RETRY_AFTER_S
    except ValueError:
        return DEFAULT_RETRY_AFTER_S


def _data(error: SlackApiError) -> Mapping[str, Any]:
    data = getattr(error.response, "data", None)
    return data if isinstance(data, Mapping) else {}
