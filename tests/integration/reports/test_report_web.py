"""A report that quotes what was found in the web: it can be approved, and nothing in it leads there."""

import io
import json
from collections.abc import Iterator

import pytest
from docx import Document

from crews.bootstrap import FUNCTIONS, build_step_runner
from crews.number_desk import NumberDesk
from crews.step_runner import StepRunner
from knowledge.pii.presidio import open_pattern_detector
from knowledge.warehouse.warehouse import open_warehouse
from ledger.artifacts import ArtifactStore
from ledger.settings import WorkerSettings
from ledger.workspace import open_workspace
from tests.integration.reports.conftest import ReportDesk
from tests.integration.reports.test_report import file_of, output_of
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.stand_ins.report_shop import BRIEF, order_report
from tests.stand_ins.web import StandInWeb, page, result
from tests.unit.crews.market_world import web_desk
from tests.unit.crews.world import candidate, work_off

SITE = "tents.example"
SAID = "Rivals expect to grow by 9 percent in 2025, says http://tracker.example/a?of=reader in its outlook."


@pytest.fixture
def web() -> Iterator[StandInWeb]:
    with StandInWeb() as web:
        web.pages["/outlook"] = page("Outlook of rivals " + "and others " * 60, f"{SAID} More follows.")
        web.results = [result(web.address(SITE, "/outlook"), "Outlook of rivals", "What rivals expect.")]
        yield web


def researcher(request: ChatRequest) -> Reply:
    """Quotes what it read in the web; whatever else is wanted of it, the floor does."""
    if "web_search" not in request.tools:
        return Text("I do not know.")
    if not request.tool_results("web_search"):
        return ToolCall("web_search", {"query": "outlook of rivals"})
    [found] = request.tool_results("web_search")
    if not request.tool_results("read_page"):
        return ToolCall("read_page", {"page": json.loads(found)["evidence"][0]["id"]})
    [read] = request.tool_results("read_page")
    label = json.loads(read)["evidence"][0]["id"]
    return Text(json.dumps({"claims": [{"text": SAID, "evidence": [label]}], "missing": None}))


def order(desk: ReportDesk, web: StandInWeb) -> str:
    with ScriptedProvider(researcher) as provider:
        settings = WorkerSettings(
            var=desk.shop.var,
            workspace=desk.shop.workspace,
            models=(candidate(provider),),
            web_search_url=web.url,
        )
        _, workshop = build_step_runner(settings, desk.db, lambda: desk.library)
        store = ArtifactStore(desk.db, desk.shop.files)
        figures = NumberDesk(
            open_warehouse(desk.db, open_workspace(desk.shop.workspace), desk.shop.var), store
        )
        outside = web_desk(web)
        runner = StepRunner(
            desk.db,
            lambda: desk.library,
            workshop,
            FUNCTIONS,
            open_pattern_detector,
            lambda: figures,
            web_desk=lambda: outside,
            artifacts=store,
        )
        run_id = order_report(desk.db, BRIEF)
        work_off(desk.db, runner.run)
        return run_id


def test_what_the_web_says_is_for_any_manager_to_approve_and_leads_nowhere(
    desk: ReportDesk, web: StandInWeb
) -> None:
    run_id = order(desk, web)
    report = output_of(desk.db, run_id, "check")["report"]
    [source] = [one for one in report["sources"] if "Outlook of rivals" in one["title"]]
    assert source["path"] == "tents[.]example/outlook"
    assert "Rivals expect to grow by 9 percent in 2025" in json.dumps(report["sections"])
    assert "tracker[.]example" in source["text"]
    assert "http://" not in json.dumps(report)
    view = desk.decide(run_id)
    assert view.outcome == "answered"
    words = Document(io.BytesIO(file_of(desk, view, ".docx"))).element.xml
    assert "tracker[.]example" in words
    assert "http://tracker" not in words
