"""A model behind a provider's API, reached through CrewAI's native client.

The client is made once per process, after any fork, and shared; retries are the gateway's alone.
"""

import threading
from typing import Any

from crewai import LLM
from crewai.llms.base_llm import BaseLLM

from ledger.errors import SettingsInvalid
from ledger.settings import ModelCandidate

# Some OpenAI-compatible servers take any key or none; the client insists on one.
_NO_KEY = "not-needed"


class ProviderClients:
    """Hands out per-step copies of each candidate's client: they share its connections, not its token
    counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, BaseLLM] = {}

    def client_for(self, candidate: ModelCandidate) -> BaseLLM:
        """Raises SettingsInvalid."""
        with self._lock:
            shared = self._clients.get(candidate.name)
            if shared is None:
                shared = self._clients[candidate.name] = _create(candidate)
        client = shared.model_copy()
        client._token_usage = dict.fromkeys(shared._token_usage, 0)
        return client


def give_up_after(client: BaseLLM, seconds: float) -> None:
    """Has a step's own copy of a client wait no longer than this, where its SDK can be told."""
    sdk: Any = getattr(client, "_client", None)
    timeout_s = getattr(client, "timeout", None)
    if hasattr(sdk, "with_options") and (timeout_s is None or seconds < timeout_s):
        client._client = sdk.with_options(timeout=seconds)


def _create(candidate: ModelCandidate) -> BaseLLM:
    key = candidate.api_key.get_secret_value() if candidate.api_key else _NO_KEY
    options: dict[str, Any] = {"timeout": candidate.timeout_s, "max_retries": 0}
    if candidate.base_url:
        options["base_url"] = candidate.base_url
    try:
        client: BaseLLM = LLM(model=candidate.model, api_key=key, **options)
    except (ImportError, ValueError) as error:
        raise SettingsInvalid(
            f"CREWDESK_MODELS: the candidate '{candidate.name}' cannot be used, as CrewAI knows no way to "
            f"'{candidate.model}' here."
        ) from error
    return client
