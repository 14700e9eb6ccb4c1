"""What a whole installation stands in: a workspace, Slack, a model provider, Langfuse, and its processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli.main import main
from tests.model_cache import lend_models
from tests.stand_ins.otlp import OtlpReceiver
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.stand_ins.slack import Channel, FakeSlack, User
from tests.stand_ins.warm_process import WarmProcess

ROOT = Path(__file__).parents[3]
ASKER = "asker@shop.example"
QUESTION = "How many days do I have to hand in a receipt?"
ANSWER = "Hand in receipts within 30 days of the end of the trip."

_DOCUMENTS = {
    "expenses.md": (
        "---\ntitle: Expenses\nowner: finance-desk@shop.example\nupdated: 2026-05-04\n---\n"
        f"# Expenses\n\n## Receipts\n\n{ANSWER} Later ones are paid with the next month's salary.\n"
    ),
    "vpn.md": "# VPN\n\n## Setting up\n\nInstall the client from the software centre and sign in.\n",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside world of one installation; Langfuse is down until a test brings it up."""

    folder: Path
    slack: FakeSlack
    provider: ScriptedProvider
    langfuse: OtlpReceiver
    asker: User
    channel: Channel
    api_port: int
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def environment(self) -> dict[str, str]:
        """For a process: this one's environment without settings of its own, and ours."""
        models = [
            {
                "name": "main",
                "model": "openai/gpt-4o-mini",
                "base_url": self.provider.base_url,
                "api_key": "sk-scripted",
            }
        ]
        settings = {
            "WORKSPACE": str(self.folder / "workspace"),
            "VAR": str(self.folder / "var"),
            "MODELS": json.dumps(models),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "LOG_LEVEL": "INFO",
            "LANGFUSE_HOST": self.langfuse.base_url,
            "LANGFUSE_PUBLIC_KEY": self.langfuse.public_key,
            "LANGFUSE_SECRET_KEY": self.langfuse.secret_key,
            "API_PORT": str(self.api_port),
            **self.extra,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")}
        programs = str(Path(sys.executable).parent)
        path = f"{programs}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, **{f"CREWDESK_{name}": value for name, value in settings.items()}}

    def crewdesk(self, *arguments: str) -> str:
        """What a command printed; AssertionError with its complaint if it failed."""
        done = self.start(*arguments).end(120)
        with (self.folder / "log").open("a") as log:
            log.write(done.err)
        assert done.status == 0, done.err
        return done.out

    def start(self, *arguments: str) -> WarmProcess:
        return WarmProcess(main, arguments, self.environment, self.folder)


def well_behaved(request: ChatRequest) -> Reply:
    """A model that routes to the help desk, searches once, and quotes the first evidence it is given."""
    if "search_knowledge" not in request.tools:
        return Text('{"specialists": ["help_desk"], "reason": "It is about expenses."}')
    results = request.tool_results("search_knowledge")
    if not results:
        return ToolCall("search_knowledge", {"query": "deadline receipts", "collection": None})
    first = json.loads(results[-1])["evidence"][0]
    return Text(json.dumps({"claims": [{"text": ANSWER, "evidence": [first["id"]]}], "missing": None}))


@contextmanager
def open_surroundings(folder: Path, **extra: str) -> Iterator[Surroundings]:
    with ExitStack() as stack:
        slack = stack.enter_context(FakeSlack())
        provider = stack.enter_context(ScriptedProvider(well_behaved))
        langfuse = stack.enter_context(OtlpReceiver())
        asker = slack.add_user(ASKER)
        channel = slack.add_channel("questions", [asker])
        _write_workspace(folder / "workspace", asker)
        lend_models(folder / "var")
        yield Surroundings(folder, slack, provider, langfuse, asker, channel, _free_port(), extra)


@contextmanager
def running(surroundings: Surroundings, command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a process, with whatever it starts, until the block ends; its log is in `<folder>/log`."""
    with (surroundings.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=surroundings.environment,
            cwd=ROOT if command[0] == "honcho" else surroundings.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            finally:
                _end_group(process.pid)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _write_workspace(folder: Path, asker: User) -> None:
    documents = folder / "documents"
    documents.mkdir(parents=True)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    (folder / "people.yaml").write_text(
        "groups: {everyone: All of us}\n"
        f"people:\n  - {{email: {ASKER}, name: Asker, slack: {asker.id}, roles: [employee]}}\n"
    )
    for name, text in _DOCUMENTS.items():
        (documents / name).write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
