"""The page `docs/failure-modes.md`, played through the workflow `report`: each mode over HTTP, up to a
manager's approval and the files."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from docs.failure_modes import FAILURE_MODES, FailureMode
from ledger.artifacts import read_kept
from ledger.db import Database
from ledger.decision_views import list_decisions
from ledger.reading import RunView
from ledger.result import FLOOR_MODEL
from ledger.schema import ArtifactRow
from tests.integration.reports.conftest import ReportDesk
from tests.integration.reports.test_report import GROWTH, NOW, output_of
from tests.stand_ins.failing_model import INVENTED, failing, patience_s
from tests.stand_ins.good_model import work_well
from tests.stand_ins.provider import Empty, Script, ScriptedProvider
from tests.stand_ins.report_shop import ASKER, ReportShop, ended
from tests.unit.crews.conftest import no_waits  # noqa: F401 - pytest finds it here
from tests.unit.crews.world import candidate

SUMMARY = "Executive summary for Q3 2025"
REVENUE = f"Revenue was {NOW:,.0f} EUR in Q3 2025, {GROWTH} more than in Q3 2024."
QUOTE = "The market will grow by 3.1 percent in 2025."
RECKONED = "By region: South +"
FORMATS = ["pdf", "docx", "xlsx", "md"]


@pytest.fixture(scope="module")
def summaries(report_shop: ReportShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportDesk]:
    """One desk for all modes: each is a run of its own."""
    shop = report_shop.copy_to(tmp_path_factory.mktemp("failing") / "shop")
    db = Database(shop.url)
    library = shop.library(db)
    yield ReportDesk(shop, db, library)
    library.close()
    db.close()


def order(desk: ReportDesk, script: Script, timeout_s: float = 10.0) -> str:
    with ScriptedProvider(script) as provider:
        run_id = desk.order(SUMMARY, ASKER, candidate(provider, timeout_s=timeout_s))
        assert not provider.refusals
    return run_id


def decide_once(desk: ReportDesk, run_id: str) -> RunView:
    """As it ends, by whatever a person has to say to it."""
    return desk.decide(run_id) if list_decisions(desk.db, run_id=run_id) else ended(desk.db, run_id)


def kept_files(desk: ReportDesk, run_id: str) -> int:
    with desk.db.read() as session:
        return session.query(ArtifactRow).filter_by(run_id=run_id).count()


def sections_of(desk: ReportDesk, run_id: str) -> list[dict[str, Any]]:
    return list(output_of(desk.db, run_id, "check")["report"]["sections"])


@pytest.mark.parametrize("mode", FAILURE_MODES, ids=lambda mode: mode.name)
@pytest.mark.usefixtures("no_waits")
def test_each_report_ends_as_the_page_says(summaries: ReportDesk, mode: FailureMode) -> None:
    desk, ending = summaries, mode.endings["report"]
    run_id = order(desk, failing(mode.name, work_well), patience_s(mode.name))
    view = decide_once(desk, run_id)
    assert (view.state, view.reason) == (ending.state, ending.reason), (view.failure, view.answer)
    assert view.model is not None
    assert view.model.name == (FLOOR_MODEL if ending.by == "the floor" else "main")
    assert [why for why in view.model.fallbacks if not why.startswith("main: failed too often")] == (
        [] if mode.told is None else [why for why in view.model.fallbacks if mode.told in why][:1]
    )
    assert bool(view.model.fallbacks) == (mode.told is not None)
    assert all(any(why in caveat for caveat in view.caveats) for why in view.model.fallbacks)
    if ending.state == "abstained":
        check_nothing_left(desk, view)
    else:
        check_report(desk, view, ending.by)


def check_report(desk: ReportDesk, view: RunView, by: str) -> None:
    """Figures, findings and quotes are there whoever wrote, and each file once."""
    assert [file.name.rpartition(".")[2] for file in view.files] == FORMATS
    assert kept_files(desk, view.run_id) == len(FORMATS)
    assert all(read_kept(desk.shop.files, file.name, file.sha256) for file in view.files)
    assert len(list_decisions(desk.db, run_id=view.run_id)) == 1
    assert (REVENUE in (view.answer or "")) == (by == "the floor")
    sections = sections_of(desk, view.run_id)
    kinds = {block["kind"] for section in sections for block in section["blocks"]}
    assert {"tiles", "chart", "table", "quote"} <= kinds
    told = json.dumps(sections, ensure_ascii=False)
    assert QUOTE in told
    assert RECKONED in told
    assert INVENTED not in told


def check_nothing_left(desk: ReportDesk, view: RunView) -> None:
    assert not view.files
    assert kept_files(desk, view.run_id) == 0
    assert list_decisions(desk.db, run_id=view.run_id) == []
    because = "what was drafted stands on no evidence of this run."
    assert len([caveat for caveat in view.caveats if caveat.endswith(because)]) == 5
    assert INVENTED not in view.model_dump_json()


def failing_for(tool: str) -> Script:
    """Only for the specialist who has this tool, and so that the candidate is still asked by others."""
    return lambda request: Empty() if tool in request.tools else work_well(request)


@pytest.mark.parametrize("tool", ["suggest_queries", "search_knowledge", "read_outline"])
@pytest.mark.usefixtures("no_waits")
def test_a_model_that_fails_one_specialist_is_told_of(summaries: ReportDesk, tool: str) -> None:
    view = decide_once(summaries, order(summaries, failing_for(tool)))
    assert view.state == "answered"
    assert view.model is not None
    assert view.model.name == (FLOOR_MODEL if tool == "read_outline" else "main")
    assert view.model.fallbacks == ("main: empty reply",)
    [caveat] = [caveat for caveat in view.caveats if "made by rule" in caveat]
    assert "(main: empty reply)" in caveat
    check_report(summaries, view, "the floor" if tool == "read_outline" else "the model")
