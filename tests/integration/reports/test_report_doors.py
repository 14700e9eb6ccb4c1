"""How a report is ordered and handed out: in the terminal, over HTTP and in Slack."""

import hashlib
import json
import os
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from bots.answer_card import render_run
from cli.main import main
from ledger.api_keys import create_api_key
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.decisions import decide
from ledger.people import find_principal
from ledger.reading import list_runs
from tests.integration.reports.conftest import ReportDesk
from tests.stand_ins.report_shop import ASKER, BOSS, BRIEF, CLERK, ReportShop
from tests.stand_ins.server import LoopbackServer
from tests.stand_ins.warm_process import Ended, WarmProcess

SECRET = b"a secret of the tests"
ENGINEER = "engineer@shop.example"


def crewdesk(shop: ReportShop, *arguments: str) -> Ended:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CREWDESK_")}
    env |= {"CREWDESK_WORKSPACE": str(shop.workspace), "CREWDESK_VAR": str(shop.var)}
    return WarmProcess(main, arguments, env).end(120)


@pytest.mark.timeout(300)
def test_a_report_is_ordered_approved_and_written_in_the_terminal(
    report_shop: ReportShop, tmp_path: Path
) -> None:
    shop, out = report_shop.copy_to(tmp_path / "shop"), tmp_path / "out" / "q3"
    ordered = crewdesk(shop, "report", BRIEF, "--as", ASKER)
    assert ordered.status == 6, ordered.err
    assert "This run is waiting" in ordered.out
    assert "Waiting for a manager's approval until" in ordered.out
    db = Database(shop.url)
    [run] = list_runs(db)
    early = crewdesk(shop, "run", "files", run.run_id, "--as", ASKER, "--out", str(out))
    assert early.status == 2
    assert "is waiting, so it has no files yet" in early.err
    assert not out.exists()
    [decision] = list_decisions(db, run_id=run.run_id)
    decide(db, decision.id, find_principal(db, BOSS), "approve")
    db.close()
    # What was approved is finished by whoever asks for the files.
    written = crewdesk(shop, "run", "files", run.run_id, "--as", ASKER, "--out", str(out))
    assert written.status == 0, written.err
    view = json.loads(crewdesk(shop, "run", "show", run.run_id, "--json").out)
    assert {file["name"]: file["sha256"] for file in view["files"]} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()
    }
    assert len(view["files"]) == 4
    shown = crewdesk(shop, "run", "show", run.run_id).out
    assert all(file["name"] in shown for file in view["files"])
    foreign = crewdesk(shop, "run", "files", run.run_id, "--as", CLERK)
    assert foreign.status == 2
    assert "There is no run" in foreign.err


def test_files_go_out_as_attachments_to_whoever_may_read_the_run(desk: ReportDesk) -> None:
    view = desk.decide(desk.order())
    keys = {email: create_api_key(desk.db, SECRET, email) for email in (ASKER, CLERK, ENGINEER)}
    with LoopbackServer(create_app(desk.db, SECRET, desk.shop.files)) as server:

        def get(email: str, path: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {keys[email]}"}
            return httpx.get(f"{server.url}/v1/runs/{path}", headers=headers)

        listed = get(ASKER, f"{view.run_id}/files").json()["files"]
        assert [file["name"] for file in listed] == [file.name for file in view.files]
        for file in view.files:
            answer = get(ASKER, f"{view.run_id}/files/{file.name}")
            assert answer.status_code == 200
            assert hashlib.sha256(answer.content).hexdigest() == file.sha256
            assert answer.headers["content-type"].partition(";")[0] == file.media_type.partition(";")[0]
            assert answer.headers["content-disposition"].startswith(f'attachment; filename="{file.name}"')
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "private, no-store"
        name = view.files[0].name
        assert get(ENGINEER, f"{view.run_id}/files/{name}").status_code == 200
        assert get(CLERK, f"{view.run_id}/files/{name}").status_code == 404
        assert get(CLERK, f"{view.run_id}/files").status_code == 404
        for strange in ("other.pdf", "..%2f..%2fcrewdesk.db", "%2e%2e"):
            assert get(ASKER, f"{view.run_id}/files/{strange}").status_code == 404
        path = desk.shop.files / view.files[0].file
        path.write_bytes(path.read_bytes() + b" ")
        changed = get(ASKER, f"{view.run_id}/files/{name}")
        assert changed.status_code == 404
        assert "was changed since the run made it" in changed.json()["detail"]


def test_the_card_lists_the_files_and_says_how_to_get_them(desk: ReportDesk) -> None:
    view = desk.decide(desk.order())
    card = render_run(view)
    shown = "\n".join(block["text"]["text"] for block in card.blocks if block["type"] == "section")
    for file in view.files:
        assert f"• {file.name} · {max(1, round(file.size_bytes / 1000)):,} kB" in shown
        assert file.name in card.text
    assert f"crewdesk run files {view.run_id[-8:]} --as EMAIL --out DIR" in shown
    assert f"GET /v1/runs/{view.run_id}/files" in shown


def test_the_card_of_a_rejected_report_says_who_and_asks_for_nothing(desk: ReportDesk) -> None:
    view = desk.decide(desk.order(), "reject")
    card = render_run(view)
    assert f"{BOSS} rejected it" in card.text
    assert "*Files*" not in card.text
    assert "please ask the team" not in card.text
