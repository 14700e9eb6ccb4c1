"""A worker that can be told to die: with the arguments URL STEP WORKSPACE [CRASH_POINT] it claims the step,
orders parcels through the gate, and prints the answer."""

import sys
import time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from crews.run_mask import RunMask
from crews.specs import Limits
from crews.step_context import Budget, StepContext
from crews.tools.gate import call_tool
from crews.workspace_tools.load import all_tools
from knowledge.pii.presidio import open_pattern_detector
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.spans import SpanRecorder
from ledger.steps import claim_step
from tests.stand_ins.parcels import KEY


def no_library() -> Any:
    raise AssertionError("nothing is searched here")


def main() -> None:
    _work(*sys.argv[1:])


def _work(url: str, step_id: str, workspace: str, crash_at: str | None = None) -> None:
    db = Database(url)
    claim = claim_step(db, step_id, "effecting")
    assert claim is not None
    mask = RunMask(db, claim.run_id, open_pattern_detector)
    budget = Budget(Limits(), time.monotonic() + 60)
    context = StepContext(db, claim, SpanRecorder(db, claim, mask.datum), no_library, budget, mask)
    tool = all_tools(Path(workspace), {"parcels_key": SecretStr(KEY)})["order_parcels"]
    arm_crash_point(crash_at)
    print(call_tool(context, tool, {"pieces": 3}))
    db.close()
