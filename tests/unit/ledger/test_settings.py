"""Settings come from CREWDESK_* or .env, and a bad one is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from ledger.errors import SettingsInvalid
from ledger.settings import (
    ApiSettings,
    BotSettings,
    EmbeddedSettings,
    ProcessSettings,
    SchedulerSettings,
    WorkerSettings,
    load_settings,
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("CREWDESK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_bare_machine_needs_no_variable(tmp_path: Path) -> None:
    settings = load_settings(EmbeddedSettings)
    assert settings.ledger_url == f"sqlite:///{tmp_path / 'var' / 'crewdesk.db'}"
    assert (settings.models, settings.api_port) == ((), 8080)
    assert settings.broker_url.startswith("memory:")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("API_PORT", "eighty"),
        ("API_PORT", "70000"),
        ("WORKER_POOL", "gevent"),
        ("WORKER_CONCURRENCY", "0"),
        ("WORKER_CONCURRENCY", "many"),
        ("WEB_SEARCH_URL", "search.example"),
        ("WEB_SEARCH_URL", "ftp://search.example"),
        ("WEB_SEARCH_URL", "https://user:word@search.example"),
        ("WEB_SEARCH_URL", "https://search.example/?q="),
        ("WEB_SEARCH_URL", "https://search.example:port"),
        ("MODELS", "not json"),
        ("MODELS", '[{"name": "main"'),
        ("MODELS", '[{"name": "main"}]'),
        ("MODELS", '[{"name": "main", "model": "m", "modle": "typo"}]'),
        ("MODELS", '{"name": "main"}'),
        ("MODELS", "3"),
        ("MODELS", '[{"name": "a", "model": "m"}, {"name": "a", "model": "n"}]'),
        ("MODELS", '[{"name": "extractive-floor", "model": "m"}]'),
        ("MODELS", '[{"name": "a", "model": "m", "input_price": 1}]'),
        ("MODELS", '[{"name": "a", "model": "m", "cleared_for": "secret"}]'),
        ("MODELS", '[{"name": "a", "model": "m", "canary_percent": 101}]'),
    ],
)
@pytest.mark.parametrize("source", ["environment", ".env"])
def test_a_bad_variable_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, source: str
) -> None:
    if source == "environment":
        monkeypatch.setenv(f"CREWDESK_{name}", value)
    else:
        Path(".env").write_text(f"CREWDESK_{name}='{value}'\n")
    with pytest.raises(SettingsInvalid, match=f"CREWDESK_{name}") as told:
        load_settings(EmbeddedSettings)
    assert "\n" not in str(told.value)


def test_the_place_inside_a_variable_is_named_and_its_secret_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWDESK_MODELS", '[{"name": "main", "api_key": "sk-hidden", "model": 3}]')
    with pytest.raises(SettingsInvalid, match=r"CREWDESK_MODELS \(0\.model\)") as told:
        load_settings(WorkerSettings)
    assert "sk-hidden" not in str(told.value)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("MODELS", "DATABASE_URL", "API_PORT", "LANGFUSE_SECRET_KEY", "SLACK_BOT_TOKEN", "QDRANT_URL")
    for name in names:
        monkeypatch.setenv(f"CREWDESK_{name}", "")
    assert load_settings(EmbeddedSettings) == EmbeddedSettings()
    assert load_settings(EmbeddedSettings).slack_bot_token is None
    assert load_settings(EmbeddedSettings).api_port == 8080


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CREWDESK_API_PORT=1\nCREWDESK_LOG_LEVEL=ERROR\nUNRELATED=x\nCREWDESK_TYPO=y\n")
    monkeypatch.setenv("CREWDESK_API_PORT", "2")
    settings = load_settings(ApiSettings)
    assert (settings.api_port, settings.log_level) == (2, "ERROR")


def test_a_file_that_cannot_be_read_is_named() -> None:
    Path(".env").write_bytes(b"CREWDESK_API_PORT=\xff\xfe\n")
    with pytest.raises(SettingsInvalid, match=r"\.env"):
        load_settings(ApiSettings)


def test_a_role_is_blind_to_what_is_not_its_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWDESK_SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("CREWDESK_API_PORT", "nonsense")
    assert not hasattr(load_settings(WorkerSettings), "slack_bot_token")
    assert "slack_bot_token" not in SchedulerSettings.model_fields
    token = load_settings(BotSettings).slack_bot_token
    assert token is not None
    assert token.get_secret_value() == "xoxb-1"
    assert "xoxb-1" not in repr(load_settings(BotSettings))


def test_models_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    two = '[{"name": "a", "model": "openai/x", "api_key": "k"}, {"name": "b", "model": "openai/y"}]'
    monkeypatch.setenv("CREWDESK_MODELS", two)
    assert [model.name for model in load_settings(WorkerSettings).models] == ["a", "b"]


def test_settings_cannot_be_changed() -> None:
    settings = load_settings(ProcessSettings)
    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"


def test_every_setting_tells_what_it_is_for() -> None:
    assert [name for name, field in EmbeddedSettings.model_fields.items() if not field.description] == []
