"""The case of the missing reports in the sample workspace, without a key, from the request to its owner."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.answer import print_run
from cli.embedded import Installation, open_installation
from cli.screen import open_screen
from evals.ask import DEFAULT_WORKSPACE
from examples.larkspur_data.pipelines import pipeline_rows
from knowledge.ingest import ingest
from knowledge.warehouse.catalog import load_catalog
from knowledge.warehouse.warehouse import Warehouse
from ledger.audit import verify_audit
from ledger.escalations import acknowledge_escalation, list_escalations, resolve_escalation
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.runs import RunRequest, submit_run
from ledger.settings import EmbeddedSettings
from ledger.tickets import get_ticket
from tests.model_cache import lend_models
from tests.stand_ins.warehouse import publish
from tests.unit.examples.test_larkspur_triage import SEED_CASE, TIMES

ASKER, OWNER, MANAGER = (f"{name}@larkspur.example" for name in ("finance.lead", "reporting.lead", "manager"))

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def larkspur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    var = tmp_path_factory.mktemp("larkspur") / "var"
    lend_models(var)
    settings = EmbeddedSettings(workspace=DEFAULT_WORKSPACE, var=var)
    with open_installation(settings, "test") as installation:
        ingest(installation.db, installation.workspace, installation.library, lambda _progress: None)
        _publish_runs(installation, var)
        installation.start_worker()
        yield installation


def _publish_runs(installation: Installation, var: Path) -> None:
    rows = [
        {**row, **{name: datetime.fromisoformat(str(row[name])) for name in TIMES}}
        for row in pipeline_rows(datetime.now(UTC).date())[-40:]
    ]
    catalog = load_catalog(installation.workspace)
    publish(Warehouse(installation.db, catalog, var / "warehouse"), "platform.pipeline_runs", rows)


def ask(installation: Installation, email: str, text: str) -> RunView:
    request = RunRequest(principal=email, question=text, source="cli", external_id=f"{email} {text}")
    return installation.wait_for_run(submit_run(installation.db, request).run_id, lambda _view: None)


def test_the_missing_reports_reach_their_owner_and_the_board(
    larkspur: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    view = ask(larkspur, ASKER, SEED_CASE)
    assert (view.state, view.specialist) == ("escalated", "Help-desk triager")
    answer = view.answer or ""
    for told in (
        "You have access to Quarterly Financials as a member of finance.",
        "The pipeline quarterly_financial_reports, due yesterday at 02:00, failed: Step store_contribution: "
        "the ledger export has no rows for three stores.",
        "Ticket 1 is open for the group “it”. Priority 1: impact high (“board meeting”: as declared), "
        "urgency high (“this afternoon”: needed today).",
        "It was handed over to Financial Reporting (financial-reporting@larkspur.example), due by ",
    ):
        assert told in answer
    print_run(open_screen(), view, larkspur.settings.var)
    printed = capsys.readouterr().out
    for source in ("Access to Quarterly Financials", "Runs of quarterly_financial_reports", "Escalation 1"):
        assert source in printed.partition("Sources")[2]
    owner = find_principal(larkspur.db, OWNER)
    [card] = list_escalations(larkspur.db, owner)
    assert (card.requester, card.priority, card.ticket, card.team) == (ASKER, 1, 1, "Financial Reporting")
    assert "no rows for three stores" in (card.error or "")
    acknowledge_escalation(larkspur.db, owner, card.number)
    resolve_escalation(larkspur.db, owner, card.number, "The job ran through; the reports are there.")
    ticket = get_ticket(larkspur.db, find_principal(larkspur.db, ASKER), 1)
    assert [event.kind for event in ticket.history] == ["opened", "escalated", "acknowledged", "resolved"]
    assert verify_audit(larkspur.db).rows > 0


def test_three_people_whose_vpn_is_down_are_one_incident(larkspur: Installation) -> None:
    people = ("employee", "manager", "hr.partner")
    views = [ask(larkspur, f"{name}@larkspur.example", "The VPN is down") for name in people]
    assert [view.state for view in views] == ["escalated"] * 3
    for view in views:
        assert (
            "Most VPN trouble is over in five minutes."
            in (view.answer or "").partition("The documents say")[2]
        )
    assert "3 people report VPN." in (views[-1].answer or "")


def test_who_may_not_read_them_is_told_how_to_ask_and_nothing_else(larkspur: Installation) -> None:
    view = ask(larkspur, MANAGER, SEED_CASE)
    assert view.state == "escalated"
    assert (view.answer or "").startswith("You have no access to Quarterly Financials.")
    assert 'the form "Lookout access"' in (view.answer or "")
    assert "store_contribution" not in view.model_dump_json()
    assert list_escalations(larkspur.db, find_principal(larkspur.db, MANAGER)) == []


def test_how_one_does_something_is_answered_from_documents(larkspur: Installation) -> None:
    view = ask(larkspur, MANAGER, "how do I reset my password?")
    assert (view.state, view.specialist) == ("answered", "Help-desk specialist")
    assert {item.kind for item in view.evidence} == {"passage"}
