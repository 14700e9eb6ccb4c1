"""Checks of what lies beyond this machine: broker, vector server, models, web search, tools, Slack, Langfuse.

Only what is configured is reached for, each with a few seconds at most.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from cli.checks.outcome import broken, ok, warn
from cli.shapes import Checked
from ledger.settings import EmbeddedSettings, ModelCandidate

TIMEOUT_S = 3.0
OLDEST_LANGFUSE = (4, 59)


def check_broker(settings: EmbeddedSettings) -> Checked:
    from kombu.exceptions import OperationalError

    from ledger.queue import create_celery

    if settings.broker_url.startswith("memory:"):
        return ok("broker", "in memory, inside the single process")
    app = create_celery(settings.broker_url)
    try:
        with app.connection_for_write(connect_timeout=TIMEOUT_S) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=TIMEOUT_S)
    except (OperationalError, OSError) as error:
        found = f"{settings.broker_url} cannot be reached ({error})"
        return broken("broker", found, "start it, or correct CREWDESK_BROKER_URL")
    return ok("broker", f"{settings.broker_url} answers")


def check_qdrant(settings: EmbeddedSettings) -> Checked:
    if settings.qdrant_url is None:
        return ok("vector store", "the embedded engine under var/")
    key = settings.qdrant_api_key
    headers = {"api-key": key.get_secret_value()} if key else {}
    trouble = _trouble("GET", f"{settings.qdrant_url.rstrip('/')}/collections", headers=headers)
    if trouble:
        remedy = "start it, or correct CREWDESK_QDRANT_URL and CREWDESK_QDRANT_API_KEY"
        return broken("vector store", f"the Qdrant server {settings.qdrant_url} {trouble}", remedy)
    return ok("vector store", f"the Qdrant server {settings.qdrant_url} answers")


def check_models(settings: EmbeddedSettings) -> Iterator[Checked]:
    for candidate in settings.models:
        yield _check_candidate(candidate)
    yield ok("model: floor", "the built-in extractive model answers when no other can")


def check_tools(settings: EmbeddedSettings) -> Iterator[Checked]:
    """The systems behind the workspace's own tools; nothing is asked of them but whether they are there."""
    from crews.workspace_tools.load import load_tool_file, tool_files
    from crews.workspace_tools.spec import HttpTool, secret_names
    from ledger.errors import WorkspaceInvalid

    for path in tool_files(settings.workspace):
        part = f"tool: {path.stem}"
        try:
            declared = load_tool_file(path, settings.workspace, taken=())
        except WorkspaceInvalid as error:
            yield broken(part, str(error), "correct the file; `crewdesk crews check` names every fault")
            continue
        missing = [name for name in secret_names(declared) if name not in (settings.tool_secrets or {})]
        if missing:
            remedy = f"set the secret '{missing[0]}' in CREWDESK_TOOL_SECRETS"
            yield broken(part, f"its secret '{missing[0]}' is not set", remedy)
        elif isinstance(declared, HttpTool):
            yield _check_http_tool(part, declared.request.url)
        else:
            yield _check_mcp_server(part, path, declared, settings)


def check_slack(settings: EmbeddedSettings) -> Checked:
    bot, app = settings.slack_bot_token, settings.slack_app_token
    both = "set both CREWDESK_SLACK_BOT_TOKEN (xoxb-...) and CREWDESK_SLACK_APP_TOKEN (xapp-...), or neither"
    if bot is None and app is None:
        return ok("slack", "not configured")
    if bot is None or app is None:
        return broken("slack", "only one of its two tokens is set", both)
    if not app.get_secret_value().startswith("xapp-"):
        return broken("slack", "the app-level token does not begin with xapp-", both)
    url = f"{settings.slack_api_url.rstrip('/')}/auth.test"
    headers = {"Authorization": f"Bearer {bot.get_secret_value()}"}
    try:
        answer = _json_object(httpx.post(url, headers=headers, timeout=TIMEOUT_S))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return broken("slack", f"{url} cannot be reached ({error})", "look at the network, or try again")
    if answer.get("ok") is not True:
        found = f"the bot token is refused ({answer.get('error', 'no reason given')})"
        return broken("slack", found, "install the app again and copy its new bot token")
    return ok("slack", f"signed in as {answer.get('user')} in {answer.get('team')}")


def check_web_search(settings: EmbeddedSettings) -> Checked:
    from crews.web_desk import open_web_desk
    from knowledge.web.errors import WebUnavailable

    url = settings.web_search_url
    if url is None:
        return ok("web search", "not configured; nothing is looked up in the web")
    try:
        found = open_web_desk(url, ()).search("outdoor retail")
    except WebUnavailable as error:
        remedy = (
            "start it, have it answer in JSON (search.formats of SearXNG), or correct CREWDESK_WEB_SEARCH_URL"
        )
        return broken("web search", f"{url}: {error}", remedy)
    if not found:
        return warn("web search", f"{url} answers and finds nothing", "look at the engines it is set to ask")
    return ok("web search", f"{url} answers")


def check_langfuse(settings: EmbeddedSettings) -> Checked:
    host = settings.langfuse_host
    if host is None:
        return ok("langfuse", "not configured; spans stay in the ledger")
    if settings.langfuse_public_key is None or settings.langfuse_secret_key is None:
        remedy = "set CREWDESK_LANGFUSE_PUBLIC_KEY and CREWDESK_LANGFUSE_SECRET_KEY"
        return broken("langfuse", "its host is set without both keys", remedy)
    remedy = "start it, or correct CREWDESK_LANGFUSE_HOST; spans wait in the ledger until it answers"
    try:
        answer = httpx.get(f"{host.rstrip('/')}/api/public/health", timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return broken("langfuse", f"{host} cannot be reached ({error})", remedy)
    version = str(_json_object(answer).get("version", ""))
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if not answer.is_success or numbers is None:
        return broken("langfuse", f"{host} answers {answer.status_code} and no version", remedy)
    if (int(numbers[1]), int(numbers[2])) < OLDEST_LANGFUSE:
        oldest = ".".join(str(part) for part in OLDEST_LANGFUSE)
        return broken("langfuse", f"{host} is version {version}", f"upgrade it to {oldest} or later")
    return ok("langfuse", f"{host}, version {version}")


def _check_candidate(candidate: ModelCandidate) -> Checked:
    part = f"model: {candidate.name}"
    if candidate.base_url is None:
        return warn(
            part,
            f"{candidate.model}, at its provider's own address, which is not tried here",
            "ask something to try it, or give the candidate a base_url in CREWDESK_MODELS",
        )
    key = candidate.api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    trouble = _trouble("GET", f"{candidate.base_url.rstrip('/')}/models", headers=headers)
    if trouble:
        remedy = "correct its base_url or api_key in CREWDESK_MODELS; until then the next candidate answers"
        return broken(part, f"{candidate.model} at {candidate.base_url} {trouble}", remedy)
    return ok(part, f"{candidate.model} at {candidate.base_url} answers")


def _check_http_tool(part: str, url: str) -> Checked:
    address = httpx.URL(url.partition("{")[0])
    root = str(address.copy_with(path="/", query=None))
    try:
        httpx.head(root, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        found = f"{root} cannot be reached ({error or type(error).__name__})"
        return broken(
            part, found, f"start it, or correct its address in the file {part.partition(': ')[2]}.yaml"
        )
    return ok(part, f"{root} answers")


def _check_mcp_server(part: str, path: Path, server: Any, settings: EmbeddedSettings) -> Checked:
    from crews.workspace_tools.compare import differences
    from crews.workspace_tools.mcp_session import ServerAway

    quick = server.model_copy(update={"timeout_s": min(server.timeout_s, TIMEOUT_S)})
    try:
        changed = list(differences(path, quick, settings.tool_secrets or {}))
    except ServerAway as error:
        return broken(part, str(error), "start it, or correct its address or command in the file")
    if changed:
        found = f"{len(changed)} of its tools are not as they were accepted, and are refused"
        return broken(part, found, "look at them with `crewdesk crews check`")
    return ok(part, f"the server answers, and its {len(server.tools)} tools are as they were accepted")


def _trouble(method: str, url: str, *, headers: dict[str, str]) -> str | None:
    """What is wrong with this address, as the end of a sentence."""
    try:
        answer = httpx.request(method, url, headers=headers, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"cannot be reached ({error or type(error).__name__})"
    if answer.status_code in (401, 403):
        return f"refuses the key ({answer.status_code})"
    return None if answer.is_success else f"answers {answer.status_code}"


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
