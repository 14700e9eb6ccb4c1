"""The sample's figures as of two days, a quarter apart."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from examples.larkspur_data.write import ensure_data
from knowledge.warehouse.catalog import Catalog, load_catalog
from ledger.workspace import open_workspace
from tests.unit.examples.conformed import read_sample

LARKSPUR = Path(__file__).parents[3] / "examples" / "larkspur"
TODAY, LATER = date(2026, 11, 21), date(2027, 2, 19)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("larkspur") / "data"
    ensure_data(folder, TODAY)
    return folder


@pytest.fixture(scope="session")
def later_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("larkspur-later") / "data"
    ensure_data(folder, LATER)
    return folder


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog(open_workspace(LARKSPUR))


@pytest.fixture(scope="session")
def tables(catalog: Catalog, data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    db = read_sample(catalog, data)
    yield db
    db.close()


@pytest.fixture(scope="session")
def later_tables(catalog: Catalog, later_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    db = read_sample(catalog, later_data)
    yield db
    db.close()
