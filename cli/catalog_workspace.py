"""The catalog of the workspace beside the record of its loads, for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.warehouse.catalog import Catalog
    from knowledge.warehouse.warehouse import Warehouse


@contextmanager
def open_catalog(*, prepare: bool = False) -> "Iterator[Warehouse]":
    """With `prepare`, a database that is not there yet is made. Raises WorkspaceInvalid, and SchemaOutdated
    where nothing was ever prepared."""
    from cli.start import database_file, open_ledger, read_settings
    from knowledge.warehouse.warehouse import open_warehouse
    from ledger.crash_points import arm_crash_point
    from ledger.settings import EmbeddedSettings, ProcessSettings
    from ledger.workspace import open_workspace

    settings = read_settings(ProcessSettings)
    arm_crash_point(settings.crash_at)
    workspace = open_workspace(settings.workspace)
    file = database_file(settings)
    if prepare and file is not None and not file.exists():
        from cli.embedded import open_installation

        with open_installation(read_settings(EmbeddedSettings), "catalog load"):
            pass
    with open_ledger(settings) as db:
        yield open_warehouse(db, workspace, settings.var)


def read_catalog() -> "Catalog":
    """Without any database: what is declared, whether loaded or not. Raises WorkspaceInvalid."""
    from cli.start import read_settings
    from knowledge.warehouse.catalog import load_catalog
    from ledger.settings import ProcessSettings
    from ledger.workspace import open_workspace

    return load_catalog(open_workspace(read_settings(ProcessSettings).workspace))
