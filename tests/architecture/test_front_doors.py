"""Front doors start fast and small: importing one never loads a crew's machinery."""

import subprocess
import sys

import pytest

HEAVY = (
    "crewai",
    "torch",
    "sentence_transformers",
    "transformers",
    "onnxruntime",
    "ibis",
    "duckdb",
    "sqlglot",
)
FRONT_DOORS = (
    "bots",
    "bots.__main__",
    "bots.service",
    "api",
    "api.__main__",
    "api.app",
    "cli",
    "cli.main",
    "cli.embedded",
    "cli.serve",
    "cli.doctor",
)


def _loaded_by(statement: str, suspects: tuple[str, ...]) -> list[str]:
    report = f"import sys; print(*[name for name in {suspects!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{report}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("module", FRONT_DOORS)
def test_importing_a_front_door_loads_no_crew(module: str) -> None:
    assert _loaded_by(f"import {module}", HEAVY) == []


def test_the_check_itself_sees_a_heavy_import() -> None:
    assert _loaded_by("import transformers", HEAVY) == ["transformers"]


def test_help_loads_neither_the_database_nor_the_settings() -> None:
    show_help = (
        "import contextlib, io, cli.main\nwith contextlib.redirect_stdout(io.StringIO()):\n    status = {}"
    )
    statement = show_help.format('cli.main.run(["--help"])') + "\nassert status == 0"
    suspects = (
        *HEAVY,
        "sqlalchemy",
        "pydantic_settings",
        "pydantic",
        "fastapi",
        "celery",
        "httpx",
        "qdrant_edge",
    )
    assert _loaded_by(statement, suspects) == []


def test_looking_at_runs_loads_no_crew() -> None:
    statement = 'import cli.main\nassert cli.main.run(["runs"]) in (0, 5)'
    assert _loaded_by(statement, (*HEAVY, "fastapi", "slack_sdk")) == []
