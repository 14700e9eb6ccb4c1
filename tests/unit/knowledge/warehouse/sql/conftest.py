"""A shop whose rows are published once for all tests of a module; nothing here writes to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.warehouse.warehouse import Warehouse
from ledger.clock import ManualClock
from ledger.db import Database
from tests.conftest import START
from tests.unit.knowledge.warehouse.sql.shop import make_shop


@pytest.fixture(scope="session")
def shop(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("sql-shop")
    (folder / "ledger.db").write_bytes(_sqlite_template.read_bytes())
    db = Database(f"sqlite:///{folder / 'ledger.db'}", ManualClock(START))
    yield make_shop(db, folder / "shop")
    db.close()
