"""The app a person makes from the manifest may do what this front door does."""

from pathlib import Path

import yaml

import bots

MANIFEST = yaml.safe_load((Path(bots.__file__).parent / "manifest.yaml").read_text())


def test_the_manifest_lets_slack_reach_us_with_what_we_answer() -> None:
    assert MANIFEST["settings"]["socket_mode_enabled"] is True
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == ["app_mention", "message.im"]
    assert MANIFEST["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_the_manifest_grants_what_asking_answering_and_looking_again_need() -> None:
    granted = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    hear_and_answer = {"app_mentions:read", "im:history", "chat:write", "assistant:write"}
    look_again = {"channels:history", "groups:history", "mpim:history", "im:history"}
    assert granted >= hear_and_answer | look_again
