"""Imports what the commands of `crewdesk` import on their way, for those that are forked of this process."""

import importlib
import pkgutil
import tempfile
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from ledger.settings import harden_crewai

# Each is imported in the midst of work, or imports there what it needs itself.
_OTHERS = """
    alembic.command alembic.runtime.migration boring_semantic_layer celery.app.task celery.concurrency.thread
    celery.worker.consumer datasketch duckdb ibis.backends.duckdb kombu.transport.memory onnxruntime
    presidio_analyzer py3langid.langid pyarrow.parquet pygments.lexers sklearn.linear_model
    statsmodels.tsa.holtwinters vl_convert
"""


def _import_all() -> None:
    with tempfile.TemporaryDirectory(prefix="crewdesk-crewai-") as folder:
        harden_crewai(Path(folder))
        for package in ("ledger", "knowledge", "crews", "cli"):
            for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                importlib.import_module(module.name)
        for name in _OTHERS.split():
            importlib.import_module(name)
    configure_mappers()


_import_all()
