"""The sample workspace in a shell of its own, with its figures loaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from examples.larkspur_data.write import ensure_data
from knowledge.warehouse.catalog import load_catalog
from ledger.workspace import open_workspace
from tests.integration.test_cli import Terminal
from tests.model_cache import lend_models
from tests.unit.examples.conformed import read_sample
from tests.unit.examples.conftest import LARKSPUR


def open_larkspur(folder: Path) -> Terminal:
    """With no document ingested."""
    shutil.copytree(LARKSPUR, folder / "company", ignore=shutil.ignore_patterns("data"))
    ensure_data(folder / "company" / "data", datetime.now(UTC).date())
    lend_models(folder / "var")
    terminal = Terminal(folder)
    terminal.run("catalog", "load")
    return terminal


@contextmanager
def figures_of(terminal: Terminal) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same figures as they were conformed, for whoever reckons by hand."""
    company = terminal.folder / "company"
    with read_sample(load_catalog(open_workspace(company)), company / "data") as db:
        yield db
