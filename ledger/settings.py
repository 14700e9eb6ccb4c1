"""Settings: one frozen class per process role, read once from `CREWDESK_*` or `.env`.

The only place that looks at the environment. A process gets the class of its role and so cannot depend on a
secret that is not its business.
"""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from ledger.data_class import DataClass
from ledger.errors import SettingsInvalid

S = TypeVar("S", bound="ProcessSettings")
# What the built-in floor and a replay's record are called on a run.
RESERVED_NAMES = frozenset({"extractive-floor", "record"})
Port = Annotated[int, Field(ge=0, le=65535)]


class ModelCandidate(BaseModel):
    """One model the gateway may ask, in order of preference.

    `cleared_for` is the strictest class of evidence it may be shown. `canary_percent` has it take part in
    that share of the runs only. Prices are in US dollars for a million tokens; 0 is a model of one's own, and
    without them its calls cannot be held to a budget.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    model: str
    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_s: float = Field(default=60.0, gt=0)
    cleared_for: DataClass = DataClass.INTERNAL
    canary_percent: int = Field(default=100, ge=0, le=100)
    input_price: Decimal | None = Field(default=None, ge=0)
    output_price: Decimal | None = Field(default=None, ge=0)
    context_window: int | None = Field(default=None, ge=1024)
    max_output_tokens: int | None = Field(default=None, ge=16)

    @field_validator("name")
    @classmethod
    def _not_the_floors(cls, name: str) -> str:
        if name in RESERVED_NAMES:
            raise ValueError(f"'{name}' is the name of a model of our own")
        return name

    @model_validator(mode="after")
    def _both_prices_or_none(self) -> Self:
        if (self.input_price is None) != (self.output_price is None):
            raise ValueError("give input_price and output_price, or neither")
        return self


class ProcessSettings(BaseSettings):
    """What every process needs: where its folders and its database are, and how it logs."""

    model_config = SettingsConfigDict(
        env_prefix="CREWDESK_", env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    workspace: Path = Field(
        default=Path(), description="Folder of the workspace: workspace.yaml, people.yaml, documents."
    )
    var: Path = Field(default=Path("var"), description="Folder for everything Crewdesk writes.")
    database_url: str | None = Field(
        default=None,
        description=(
            "SQLAlchemy URL, e.g. postgresql+psycopg://user:pass@host/crewdesk. Empty: SQLite under var/."
        ),
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="console for people, json for log collectors."
    )
    crash_at: str | None = Field(
        default=None, description="For fault tests only: die at this named crash point."
    )

    @property
    def ledger_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.var / 'crewdesk.db').absolute()}"


class BrokerSettings(ProcessSettings):
    """For processes that ring or hear doorbells."""

    broker_url: str = Field(
        default="memory://localhost/",
        description="Celery broker, e.g. redis://localhost:6379/0. memory: only inside the single process.",
    )


class SearchSettings(ProcessSettings):
    """For processes that search the documents."""

    qdrant_url: str | None = Field(
        default=None, description="URL of a Qdrant server. Empty: the embedded engine under var/."
    )
    qdrant_api_key: SecretStr | None = Field(default=None, description="API key of the Qdrant server.")


class CatalogSettings(ProcessSettings):
    """For what loads data products: the scheduler, and the commands."""

    connections: dict[str, SecretStr] | None = Field(
        default=None,
        description=(
            "URLs of the databases data products come from, by the name their `location` gives, as JSON: "
            '{"warehouse": "postgres://user:pass@host/sales"}.'
        ),
    )

    @property
    def connection_urls(self) -> dict[str, str]:
        return {name: url.get_secret_value() for name, url in (self.connections or {}).items()}


class WorkerSettings(BrokerSettings, SearchSettings):
    """For the processes in which crews work."""

    models: tuple[ModelCandidate, ...] = Field(
        default=(),
        description=(
            "Model candidates in order, as JSON: "
            '[{"name": "main", "model": "openai/gpt-5-mini", "base_url": "https://...", "api_key": "..."}]. '
            "The built-in extractive floor always comes last. Further keys: timeout_s, cleared_for (public, "
            "internal, confidential or pii: the strictest evidence it may be shown), canary_percent, "
            "input_price and output_price (US dollars for a million tokens), context_window, "
            "max_output_tokens."
        ),
    )
    web_search_url: str | None = Field(
        default=None,
        description=(
            "Base URL of a search engine that answers in JSON as SearXNG does, for the market researcher. "
            "Empty: nothing is looked up in the web."
        ),
    )
    tool_secrets: dict[str, SecretStr] | None = Field(
        default=None,
        description=(
            "Secrets of the workspace's own tools, by the name their headers give, as JSON: "
            '{"parcels_token": "..."}.'
        ),
    )
    worker_pool: Literal["threads", "prefork"] = Field(
        default="threads",
        description="Celery pool; threads share one embedding model, prefork isolates crashes.",
    )
    worker_concurrency: int = Field(
        default=2, ge=1, le=64, description="Steps a worker runs at the same time."
    )

    @field_validator("web_search_url")
    @classmethod
    def _plain_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "http://none")
        if (
            parts.port == 0
            or parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
        ):
            raise ValueError("give an address such as https://search.example.com")
        if "@" in parts.netloc:
            raise ValueError("an address with a name or password in it is not used")
        return url

    @field_validator("models")
    @classmethod
    def _one_name_each(cls, models: tuple[ModelCandidate, ...]) -> tuple[ModelCandidate, ...]:
        names = [candidate.name for candidate in models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two candidates are called '{twice[0]}'")
        return models


class SchedulerSettings(BrokerSettings, CatalogSettings):
    """For the relay, the sweeper, the shipper of spans and the keeper of the catalog."""

    langfuse_host: str | None = Field(
        default=None, description="Base URL of Langfuse. Empty: spans stay in the ledger."
    )
    langfuse_public_key: str | None = Field(default=None, description="Langfuse project's public key.")
    langfuse_secret_key: SecretStr | None = Field(default=None, description="Langfuse project's secret key.")


class BotSettings(ProcessSettings):
    """For the Slack front door."""

    slack_bot_token: SecretStr | None = Field(default=None, description="Bot token (xoxb-...).")
    slack_app_token: SecretStr | None = Field(
        default=None, description="App-level token for Socket Mode (xapp-...)."
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="Slack's Web API; another address in tests."
    )


class ApiSettings(ProcessSettings):
    """For the HTTP front door."""

    api_host: str = Field(default="127.0.0.1", description="Address the HTTP API listens on.")
    api_port: Port = Field(default=8080, description="Port the HTTP API listens on.")
    api_key_secret: SecretStr | None = Field(
        default=None,
        description="Secret that API keys are hashed with. Empty: one is made under var/ at first use.",
    )


class EmbeddedSettings(WorkerSettings, SchedulerSettings, BotSettings, ApiSettings):
    """For the single process that plays every role."""


def load_settings(role: type[S]) -> S:
    """Raises SettingsInvalid with a sentence that names the variable."""
    try:
        return role()
    except SettingsError as error:
        # pydantic-settings raises this for JSON alone, and tells the field in its sentence only.
        field = re.search(r'field "(\w+)"', str(error))
        name = f"CREWDESK_{field[1].upper()}" if field else "A CREWDESK_* variable"
        raise SettingsInvalid(f"{name} is not usable: it is not valid JSON.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"The file .env cannot be read ({error}).") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = f"CREWDESK_{str(first['loc'][0]).upper()}"
        where = ".".join(str(part) for part in first["loc"][1:])
        detail = f" ({where})" if where else ""
        raise SettingsInvalid(f"{name}{detail} is not usable: {first['msg']}.") from error


def harden_crewai(var: Path) -> None:
    """Must run before CrewAI is first imported: no telemetry or version check, its files under `var/`.

    Without it a kickoff on a machine with no network takes five seconds instead of 0.05.
    """
    storage = (var / "crewai").absolute()
    storage.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        CREWAI_DISABLE_TELEMETRY="true",
        CREWAI_DISABLE_TRACKING="true",
        CREWAI_TRACING_ENABLED="false",
        CREWAI_DISABLE_VERSION_CHECK="true",
        CREWAI_STORAGE_DIR=str(storage),
    )
