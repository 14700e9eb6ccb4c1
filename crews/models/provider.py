"""A model behind a provider's API, reached through CrewAI's native client.

The client is made once per process, after any fork, and shared; retries are the gateway's alone.
"""

import threading
from typing import Any

from crewai import LLM
from crewai.llms.base_llm import BaseLLM

from crews.models.breaker import CircuitBreaker
from ledger.errors import SettingsInvalid
from ledger.settings import ModelCandidate

# Some OpenAI-compatible servers take any key or none; the client insists on one.
_NO_KEY = "not-needed"

# CrewAI's native providers: the package each one needs beside CrewAI, and whether a key goes with it.
_PACKAGES = {
    "anthropic": "anthropic",
    "claude": "anthropic",
    "gemini": "google-genai",
    "google": "google-genai",
    "azure": "azure-ai-inference",
    "azure_openai": "azure-ai-inference",
    "bedrock": "boto3",
    "aws": "boto3",
}
# AWS finds its credentials itself, and these two serve whoever reaches them.
_WITHOUT_KEY = frozenset({"bedrock", "aws", "ollama", "ollama_chat", "hosted_vllm"})
_NEEDS_ADDRESS = frozenset({"azure", "azure_openai", "hosted_vllm"})
# Those whose API tells one caller of a key from another by `user`.
_TAKES_USER = frozenset(
    {"openai", "openrouter", "deepseek", "ollama", "hosted_vllm", "cerebras", "deepinfra"}
)
# OpenAI refuses a longer one.
_LONGEST_TAG = 64


class ProviderClients:
    """Hands out per-step copies of each candidate's client: they share its connections, not its token
    counts. The circuit breakers are the process's too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, BaseLLM] = {}
        self._breakers: dict[str, CircuitBreaker] = {}

    def client_for(self, candidate: ModelCandidate, tag: str = "") -> BaseLLM:
        """`tag` tells the provider which work its calls belong to. Raises SettingsInvalid."""
        with self._lock:
            shared = self._clients.get(candidate.name)
            if shared is None:
                shared = self._clients[candidate.name] = _create(candidate)
        client = shared.model_copy()
        client._token_usage = dict.fromkeys(shared._token_usage, 0)
        if tag and shared.provider in _TAKES_USER:
            client.additional_params = {**shared.additional_params, "user": tag[:_LONGEST_TAG]}
        return client

    def breaker_for(self, candidate: ModelCandidate) -> CircuitBreaker:
        with self._lock:
            return self._breakers.setdefault(candidate.name, CircuitBreaker())


def give_up_after(client: BaseLLM, seconds: float) -> None:
    """Has a step's own copy of a client wait no longer than this, where its SDK can be told."""
    sdk: Any = getattr(client, "_client", None)
    timeout_s = getattr(client, "timeout", None)
    if hasattr(sdk, "with_options") and (timeout_s is None or seconds < timeout_s):
        client._client = sdk.with_options(timeout=seconds)


def _create(candidate: ModelCandidate) -> BaseLLM:
    provider = candidate.model.partition("/")[0].lower() if "/" in candidate.model else "openai"
    _check_key(candidate, provider)
    options: dict[str, Any] = {"timeout": candidate.timeout_s, "max_retries": 0}
    if candidate.base_url:
        options["base_url"] = candidate.base_url
    if candidate.max_output_tokens:
        # OpenAI's reasoning models know only the one name, most other servers only the other.
        own = provider == "openai" and candidate.base_url is None
        options["max_completion_tokens" if own else "max_tokens"] = candidate.max_output_tokens
    if provider not in _WITHOUT_KEY or candidate.api_key:
        options["api_key"] = candidate.api_key.get_secret_value() if candidate.api_key else _NO_KEY
    try:
        client: BaseLLM = LLM(model=candidate.model, **options)
    except ImportError as error:
        package = _PACKAGES.get(provider)
        if package is None:
            raise _unknown(candidate) from error
        raise SettingsInvalid(
            f"CREWDESK_MODELS: the candidate '{candidate.name}' needs the Python package '{package}' for "
            f"'{candidate.model}': run `pip install {package}`."
        ) from error
    except ValueError as error:
        raise _unknown(candidate) from error
    return client


def _check_key(candidate: ModelCandidate, provider: str) -> None:
    """A server of one's own may need no key; a provider on the internet always does."""
    if candidate.base_url is None and provider in _NEEDS_ADDRESS:
        raise SettingsInvalid(
            f"CREWDESK_MODELS: the candidate '{candidate.name}' cannot be used, as it has no base_url: "
            f"'{candidate.model}' is reached at an address of your own."
        )
    if candidate.api_key is None and candidate.base_url is None and provider not in _WITHOUT_KEY:
        raise SettingsInvalid(
            f"CREWDESK_MODELS: the candidate '{candidate.name}' cannot be used, as it has no api_key for "
            f"'{candidate.model}', and no base_url of a server that needs none."
        )


def _unknown(candidate: ModelCandidate) -> SettingsInvalid:
    return SettingsInvalid(
        f"CREWDESK_MODELS: the candidate '{candidate.name}' cannot be used, as CrewAI knows no way to "
        f"'{candidate.model}' here."
    )
