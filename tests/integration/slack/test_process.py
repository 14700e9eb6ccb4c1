"""The front door as a process of its own."""

import os
import signal
import subprocess
import sys

import psutil

from ledger.reading import list_runs
from tests.integration.slack.desk import QUESTION, Desk


def process_environment(desk: Desk, **settings: str) -> dict[str, str]:
    folder = desk.workspace.folder
    (folder / "documents").mkdir(exist_ok=True)
    (folder / "workspace.yaml").write_text("name: Shop\n")
    (folder / "people.yaml").write_text("groups: {everyone: All of us}\npeople: []\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")}
    given = {"WORKSPACE": str(folder), "DATABASE_URL": desk.db.url, **settings}
    return {**kept, **{f"CREWDESK_{name}": value for name, value in given.items()}}


def test_the_process_serves_is_light_and_ends_when_asked(desk: Desk) -> None:
    environment = process_environment(
        desk,
        SLACK_BOT_TOKEN=desk.slack.bot_token,
        SLACK_APP_TOKEN=desk.slack.app_token,
        SLACK_API_URL=desk.slack.api_url,
    )
    process = subprocess.Popen([sys.executable, "-m", "bots"], env=environment)
    try:
        desk.slack.wait_for_connection(2, timeout_s=30)
        asked = desk.slack.mention(desk.asker, desk.channel, QUESTION)
        desk.slack.wait_for_ack(asked)
        resident_mb = psutil.Process(process.pid).memory_info().rss / 1e6
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert resident_mb < 150
    assert len(list_runs(desk.db)) == 1


def test_the_process_says_what_is_not_set_up(desk: Desk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bots"],
        env=process_environment(desk),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("CREWDESK_SLACK_BOT_TOKEN is not set")
