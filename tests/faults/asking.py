"""A worker that dies before a person is asked: with the arguments URL STEP WORKSPACE VAR MODEL KEY
CRASH_POINT it works on the step with the model at that address."""

import sys
from pathlib import Path
from typing import Any

from crews.bootstrap import build_step_runner
from ledger.crash_points import arm_crash_point
from ledger.db import Database
from ledger.settings import WorkerSettings
from tests.unit.crews.tool_files import SECRETS


def no_library() -> Any:
    raise AssertionError("nothing is searched here")


def main() -> None:
    _work(*sys.argv[1:])


def _work(url: str, step_id: str, workspace: str, var: str, model: str, key: str, crash_at: str) -> None:
    main_model = {"name": "main", "model": "openai/gpt-4o-mini", "base_url": model, "api_key": key}
    settings = WorkerSettings.model_validate(
        {
            "workspace": Path(workspace),
            "var": Path(var),
            "models": (main_model,),
            "tool_secrets": {name: secret.get_secret_value() for name, secret in SECRETS.items()},
        }
    )
    arm_crash_point(crash_at)
    build_step_runner(settings, Database(url), no_library)[0].run(step_id)
