"""The single process: what starting its worker does, and does only once."""

import threading
from pathlib import Path

from cli.embedded import open_installation
from ledger.settings import EmbeddedSettings


def test_a_worker_that_is_started_twice_is_started_once(workspace: Path, var: Path) -> None:
    """The second time it would end the leases its own threads hold, and have their steps done twice."""
    with open_installation(EmbeddedSettings(workspace=workspace, var=var), "test") as installation:
        for _ in range(2):
            installation.start_worker()
        assert [thread.name for thread in threading.enumerate()].count("relay") == 1
