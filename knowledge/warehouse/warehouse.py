"""What is published, and where: the catalog beside the record of loads and the folder of their rows."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from knowledge.warehouse.catalog import Catalog, load_catalog
from knowledge.warehouse.errors import NotLoaded
from knowledge.warehouse.kept_open import KeptOpen
from ledger.data_products import ProductLoad, served_loads
from ledger.db import Database
from ledger.workspace import Workspace

FOLDER = "warehouse"
# Each holds a DuckDB of its own, with its threads.
_MOST_READERS = 4


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Published rows are Parquet files in `folder`, one per load, which never change: a reader keeps the one
    it began with while the next is published. `readers` are open tables, kept for whoever next reads the
    same loads within the same rights."""

    db: Database
    catalog: Catalog
    folder: Path
    readers: KeptOpen[Any] = field(default_factory=lambda: KeptOpen(_MOST_READERS), repr=False, compare=False)

    def served(self) -> dict[str, ProductLoad]:
        """By product, what is served now, of those the catalog has."""
        return {name: load for name, load in served_loads(self.db).items() if name in self.catalog.products}

    def file_of(self, load: ProductLoad) -> Path:
        """Raises NotLoaded if it is gone."""
        path = self.folder / (load.file or "")
        if load.file is None or not path.is_file():
            raise NotLoaded(
                f"The published rows of {load.product} are missing from {self.folder}; run "
                f"`crewdesk catalog load {load.product}`."
            )
        return path


def open_warehouse(db: Database, workspace: Workspace, var: Path) -> Warehouse:
    """Reads the catalog and nothing else, and tries its rules and metrics on empty tables. Raises
    WorkspaceInvalid."""
    from knowledge.warehouse.check_models import check_models
    from knowledge.warehouse.policy import check_policies

    catalog = load_catalog(workspace)
    check_policies(catalog)
    check_models(catalog)
    return Warehouse(db, catalog, var / FOLDER)
