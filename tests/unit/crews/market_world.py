"""A shop with an industry report and a page of its own on the same matter, and a web beyond it."""

from collections.abc import Collection, Sequence

from crews.bootstrap import FUNCTIONS, build_step_runner
from crews.step_runner import StepRunner
from crews.web_desk import WebDesk
from knowledge.pii.presidio import open_pattern_detector
from knowledge.web.address import IpAddress, is_any
from knowledge.web.engine import SearchEngine
from knowledge.web.fetch import Fetcher, FetchLimits
from ledger.settings import ModelCandidate, WorkerSettings
from tests.stand_ins.web import StandInWeb
from tests.unit.crews.world import Desk

MARKET_QUESTION = "How fast does the market for renting tents grow?"
OURS = "documents/renting.md"
REPORT = "documents/rental-market.md"
GROWTH = "The market for renting tents grows by 14 percent a year."
WORKFLOW = """\
name: survey
description: Market research alone.
steps:
  - {key: research, kind: crew, uses: market_researcher}
  - {key: verify, kind: function, uses: verify_answer, needs: [research]}
"""
DOCUMENTS = {
    "rental-market.md": f"""\
---
title: Tent rental market
collection: market
updated: 2026-06-01
review_by: 2099-01-01
---
# Tent rental market

{GROWTH} Analysts expect the market to double by 2031.
""",
    "renting.md": """\
---
title: Renting of tents
updated: 2026-06-01
review_by: 2099-01-01
---
# How fast renting of tents grows with us

Our own renting of tents grew by 31 percent, much faster than the market for renting tents.
""",
}


def web_desk(web: StandInWeb, allowed_domains: Collection[str] = ()) -> WebDesk:
    """Every site lies on loopback, which stands in place of the public internet; nothing else does."""
    ports = frozenset({web.port})
    limits = FetchLimits(seconds=2.0, most_bytes=200_000)
    engine = SearchEngine(web.url, Fetcher(limits, accepts=is_any, ports=None), ports)
    pages = Fetcher(limits, resolve=_to_loopback, accepts=_only_loopback, ports=ports)
    return WebDesk(engine, pages, frozenset(allowed_domains), ports)


def runner_with_web(
    desk: Desk, web: StandInWeb, *models: ModelCandidate, allowed_domains: Collection[str] = ()
) -> StepRunner:
    settings = WorkerSettings(var=desk.var, models=models, web_search_url=web.url)
    _, workshop = build_step_runner(settings, desk.db, lambda: desk.library)
    outside = web_desk(web, allowed_domains)
    return StepRunner(
        desk.db,
        lambda: desk.library,
        workshop,
        FUNCTIONS,
        open_pattern_detector,
        web_desk=lambda: outside,
    )


def _to_loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def _only_loopback(address: IpAddress) -> bool:
    return address.is_loopback
