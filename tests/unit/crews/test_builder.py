"""What is different about CrewAI's objects as we build them."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from crewai.utilities import file_store

from crews.builder import spare_empty_loops


@pytest.fixture(autouse=True)
def _given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_store, "_run_sync", file_store._run_sync)


def _refuse(*_anything: object, **_options: object) -> None:
    raise AssertionError("an event loop was opened")


def test_crewai_opens_no_event_loop_to_find_that_there_are_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    spare_empty_loops()
    monkeypatch.setattr(asyncio, "run", _refuse)
    assert not file_store.get_all_files(uuid4(), uuid4())
    file_store.clear_files(uuid4())
    file_store.clear_task_files(uuid4())


def test_where_its_store_is_installed_crewai_keeps_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    own = file_store._run_sync
    monkeypatch.setattr(file_store, "_file_store", object())
    spare_empty_loops()
    assert file_store._run_sync is own


class _Waits:
    def __await__(self) -> Iterator[None]:
        yield


async def _look() -> None:
    await _Waits()


def test_a_look_that_would_have_to_wait_is_not_cut_short() -> None:
    spare_empty_loops()
    with pytest.raises(RuntimeError, match="waits for something"):
        file_store._run_sync(_look())
