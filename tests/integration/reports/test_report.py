"""A report from the words that order it to its files: gathered, written, checked, approved, rendered."""

import io
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from knowledge.warehouse.warehouse import open_warehouse
from ledger.artifacts import read_kept
from ledger.data_products import CheckResult, CheckState
from ledger.db import Database
from ledger.decisions import decide
from ledger.due import pass_due
from ledger.errors import NotPermitted
from ledger.people import find_principal
from ledger.reading import RunView
from ledger.result import FLOOR_MODEL
from ledger.schema import StepRow, StepState
from ledger.workspace import open_workspace
from tests.integration.reports.conftest import ReportDesk
from tests.stand_ins.provider import ChatRequest, Reply, ScriptedProvider, Text, ToolCall
from tests.stand_ins.report_shop import (
    ASKER,
    BOSS,
    BRIEF,
    CLERK,
    TREASURER,
    UNQUOTED,
    ended,
    order_rows,
    revenue_of,
)
from tests.stand_ins.warehouse import publish
from tests.unit.crews.world import candidate

NOW = revenue_of(date(2025, 7, 1), date(2025, 9, 30))
BEFORE = revenue_of(date(2024, 7, 1), date(2024, 9, 30))
GROWTH = f"{NOW / BEFORE - 1:.1%}".replace("%", " %")


def output_of(db: Database, run_id: str, key: str) -> dict[str, Any]:
    with db.read() as session:
        row = session.query(StepRow).filter_by(run_id=run_id, key=key).one()
        assert row.output is not None, (row.state, row.failure)
        return dict(row.output)


def file_of(desk: ReportDesk, view: RunView, ending: str) -> bytes:
    [file] = [file for file in view.files if file.name.endswith(ending)]
    return read_kept(desk.shop.files, file.name, file.sha256)


def test_a_report_waits_for_another_manager_and_is_issued_as_files(desk: ReportDesk) -> None:
    run_id = desk.order()
    decision = desk.decision(run_id)
    assert (decision.state, decision.by, decision.options) == ("open", "role:manager", ("approve", "reject"))
    assert decision.expires_at is not None
    assert decision.expires_at - decision.asked_at == timedelta(days=7)
    for person in (ASKER, CLERK):
        with pytest.raises(NotPermitted):
            decide(desk.db, decision.id, find_principal(desk.db, person), "approve")
    view = desk.decide(run_id)
    assert (view.outcome, view.specialist) == ("answered", "Report writer")
    names = [file.name.rpartition(".")[2] for file in view.files]
    assert names == ["pdf", "docx", "pptx", "xlsx"]
    assert all(read_kept(desk.shop.files, file.name, file.sha256) for file in view.files)
    assert [file.size_bytes for file in view.files] == [
        len(file_of(desk, view, f".{name}")) for name in names
    ]
    assert f"approved by {BOSS}" in (view.answer or "")
    assert f"Revenue was {NOW:,.0f} EUR in Q3 2025, {GROWTH} more than in Q3 2024." in (view.answer or "")
    assert view.model is not None
    assert view.model.name == FLOOR_MODEL


def test_its_figures_are_those_of_the_data_and_each_cites_its_query(desk: ReportDesk) -> None:
    view = desk.decide(desk.order())
    report = output_of(desk.db, view.run_id, "check")["report"]
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    tiles = {tile["label"]: tile for block in blocks if block["kind"] == "tiles" for tile in block["tiles"]}
    assert Decimal(tiles["Revenue"]["value"]) == NOW
    assert tiles["Revenue"]["compared_with"] == "vs Q3 2024"
    assert tiles["Revenue"]["good"] == "up"
    tables = {block["title"]: block for block in blocks if block["kind"] == "table"}
    table = tables["Revenue by region, Q3 2025 against Q3 2024"]
    south = next(row for row in table["rows"] if row[0] == "South")
    assert Decimal(south[1]) == revenue_of(date(2025, 7, 1), date(2025, 9, 30), "South")
    sources = {source["id"]: source for source in report["sources"]}
    for block in blocks:
        for part in block.get("tiles", [block]):
            cites = part.get("cites") or [one for said in part.get("sentences", ()) for one in said["cites"]]
            assert block["kind"] == "callout" or cites, part
            assert set(cites) <= set(sources)
    assert all("SELECT" in source["sql"] for source in sources.values() if source["kind"] == "query")
    book = load_workbook(io.BytesIO(file_of(desk, view, ".xlsx")))
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert float(NOW) in [cell for cell in cells if isinstance(cell, int | float)]


def test_the_market_is_quoted_with_its_source(desk: ReportDesk) -> None:
    view = desk.decide(desk.order())
    report = output_of(desk.db, view.run_id, "check")["report"]
    quotes = [
        block for section in report["sections"] for block in section["blocks"] if block["kind"] == "quote"
    ]
    assert any("grow by 3.1 percent in 2025" in quote["text"] for quote in quotes)
    [source] = {source["title"] for source in report["sources"] if source["kind"] == "quote"}
    assert source == "Market outlook"


def test_whoever_approves_can_read_it_before_and_finds_no_sql_in_the_way(desk: ReportDesk) -> None:
    checked = output_of(desk.db, desk.order(), "check")
    assert f"{NOW:,.0f}" in checked["preview"]
    assert "The market will grow by 3.1 percent in 2025." in checked["preview"]
    assert "SELECT" not in checked["preview"]
    assert "SELECT" in json.dumps(checked["report"])


def test_what_is_not_found_is_named(desk: ReportDesk) -> None:
    view = desk.decide(desk.order())
    gap = "Nothing was found that answers “How are supply costs and freight prices developing?”"
    assert any(gap in caveat for caveat in view.caveats)


def test_only_who_may_read_figures_gets_them(desk: ReportDesk) -> None:
    with_margin, without = desk.order(principal=TREASURER), desk.order(principal=ASKER)
    found = {
        run_id: json.dumps(output_of(desk.db, run_id, "check")["report"]) for run_id in (with_margin, without)
    }
    assert "Gross margin" in found[with_margin]
    assert "margin" not in found[without].lower()


def test_who_may_not_read_the_evidence_does_not_approve_it(desk: ReportDesk) -> None:
    run_id = desk.order(principal=TREASURER)
    decision = desk.decision(run_id)
    with pytest.raises(NotPermitted, match="rests on sources you may not read"):
        decide(desk.db, decision.id, find_principal(desk.db, BOSS), "approve")
    assert desk.decision(run_id).state == "open"


def test_a_rejected_report_says_who_rejected_it_and_makes_no_file(desk: ReportDesk) -> None:
    view = desk.decide(desk.order(), "reject")
    assert (view.outcome, view.reason, view.files) == ("abstained", "rejected", ())
    assert view.answer == f"“Board pack, Q3 2025” was not issued: {BOSS} rejected it. No file was made of it."
    assert {step.key: step.state for step in view.progress.steps}["render"] == "skipped"


def test_a_report_nobody_decides_on_is_not_issued(desk: ReportDesk) -> None:
    run_id = desk.order()
    with desk.db.write() as session:
        moved = update(StepRow).where(StepRow.run_id == run_id, StepRow.state == StepState.WAITING)
        session.execute(moved.values(due_at=desk.db.clock.now()))
    assert pass_due(desk.db) == 1
    desk.work()
    view = ended(desk.db, run_id)
    assert view.reason == "rejected"
    assert "nobody approved it in time" in (view.answer or "")
    assert not view.files


def test_what_was_changed_after_the_approval_is_not_rendered(desk: ReportDesk) -> None:
    run_id = desk.order()
    decide(desk.db, desk.decision(run_id).id, find_principal(desk.db, BOSS), "approve")
    with desk.db.write() as session:
        row = session.query(StepRow).filter_by(run_id=run_id, key="check").one()
        assert row.output is not None
        report = {**row.output["report"], "title": "Another report"}
        row.output = {**row.output, "report": report}
    desk.work()
    view = ended(desk.db, run_id)
    assert view.state == "failed"
    assert view.failure == "The report is not the one that was approved, so no file of it was made."
    assert view.artifacts == ()


class Writer:
    """A model that writes reports, and fails at everything else, so that the floor does that."""

    def __init__(self, *drafts: list[dict[str, Any]]) -> None:
        self.drafts = list(drafts)
        self.requests: list[ChatRequest] = []

    def __call__(self, request: ChatRequest) -> Reply:
        if "Write the sentences of a report" not in request.prompt and "Failed:" not in request.prompt:
            return Text("I do not know.")
        self.requests.append(request)
        if "Failed:" not in request.prompt:
            if not request.tool_results("read_outline"):
                return ToolCall("read_outline", {})
            if not request.tool_results("read_evidence"):
                return ToolCall("read_evidence", {"labels": []})
        return Text(json.dumps({"claims": self.drafts.pop(0)}))


def claim(text: str, label: str, section: str = "findings") -> dict[str, Any]:
    return {"section": section, "text": text, "evidence": [label]}


def labels_by_title(desk: ReportDesk, run_id: str) -> dict[str, str]:
    return {title: label for label, title in output_of(desk.db, run_id, "outline")["titles"].items()}


@pytest.fixture
def labels(desk: ReportDesk) -> dict[str, str]:
    """Of a run before: equal runs give equal labels where nothing works side by side."""
    return labels_by_title(desk, desk.order())


RIGHT = "Revenue of the South rose more than that of the other regions."
WRONG = "Revenue rose by 7,777 EUR in Australia."


def test_a_model_writes_and_what_its_evidence_does_not_carry_is_left_out(
    desk: ReportDesk, labels: dict[str, str]
) -> None:
    label = labels["Revenue by region, Q3 2025 against Q3 2024"]
    writer = Writer([claim(RIGHT, label), claim(WRONG, label)], [claim(RIGHT, label), claim(WRONG, label)])
    with ScriptedProvider(writer) as provider:
        run_id = desk.order(BRIEF, ASKER, candidate(provider))
    checked = output_of(desk.db, run_id, "check")
    assert [one["text"] for one in checked["claims"]] == [RIGHT]
    assert checked["model"]["name"] == "main"
    assert any(caveat.startswith("One sentence was left out") for caveat in checked["caveats"])
    sections = {section["heading"]: json.dumps(section) for section in checked["report"]["sections"]}
    assert RIGHT in sections["What drove the figures"]
    assert WRONG not in json.dumps(checked["report"])


def test_a_writer_whose_sentence_failed_writes_once_more(desk: ReportDesk, labels: dict[str, str]) -> None:
    label = labels["Revenue by region, Q3 2025 against Q3 2024"]
    writer = Writer([claim(RIGHT, label), claim(WRONG, label)], [claim(RIGHT, label)])
    with ScriptedProvider(writer) as provider:
        run_id = desk.order(BRIEF, ASKER, candidate(provider))
    assert writer.drafts == []
    assert output_of(desk.db, run_id, "draft")["redrafted_for"] == 1
    checked = output_of(desk.db, run_id, "check")
    assert [one["text"] for one in checked["claims"]] == [RIGHT]
    assert not any("left out because" in caveat for caveat in checked["caveats"])


def test_the_writer_sees_facts_and_marked_quotes_and_never_a_page(
    desk: ReportDesk, labels: dict[str, str]
) -> None:
    label = labels["Revenue by region, Q3 2025 against Q3 2024"]
    writer = Writer([claim(RIGHT, label)])
    with ScriptedProvider(writer) as provider:
        desk.order(BRIEF, ASKER, candidate(provider))
    seen = "\n".join(request.prompt for request in writer.requests)
    assert UNQUOTED not in seen
    quote = "The market will grow by 3.1 percent in 2025."
    assert re.search(rf"<untrusted [a-z]+>[^<]*{re.escape(quote)}", seen)
    assert "By region: South +" in seen
    assert all(request.tools in ((), ("read_outline", "read_evidence")) for request in writer.requests)


def test_a_models_own_words_on_what_is_missing_are_held_against_the_evidence_too(desk: ReportDesk) -> None:
    told = "Revenue was 7,777 EUR in Australia, see http://tracker.example/a?of=reader for more."

    def script(request: ChatRequest) -> Reply:
        if "query_metrics" not in request.tools and "search_knowledge" not in request.tools:
            return Text("I do not know.")
        return Text(json.dumps({"claims": [], "missing": told}))

    with ScriptedProvider(script) as provider:
        run_id = desk.order("Market brief for Q3 2025", ASKER, candidate(provider))
    view = ended(desk.db, run_id)
    assert view.outcome == "abstained"
    shown = json.dumps([view.answer, view.caveats, output_of(desk.db, run_id, "outline")])
    assert "7,777" not in shown
    assert "tracker" not in shown
    assert "Revenue and orders, Q3 2025 against Q3 2024 is not in it: no figure was found." in view.caveats


def test_a_report_whose_figures_are_all_unfit_says_so(desk: ReportDesk) -> None:
    failed = CheckResult("all there", "block", CheckState.FAIL, "Half of the orders are missing.")
    warehouse = open_warehouse(desk.db, open_workspace(desk.shop.workspace), desk.shop.var)
    publish(warehouse, "sales.orders", order_rows(), checks=[failed])
    view = ended(desk.db, desk.order("KPI review for Q3 2025"))
    assert (view.outcome, view.reason) == ("abstained", "blocked")
    assert "“KPI review, Q3 2025” could not be made." in (view.answer or "")
    assert "not fit" in (view.answer or "")
    assert any("sales.orders" in caveat for caveat in view.caveats)
