"""The audit chain holds on both databases, and no change of it goes unnoticed."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.audit import GENESIS, append_audit, verify_audit
from ledger.db import Database
from ledger.errors import AuditBroken
from tests.unit.ledger.world import ask, at_once, furnish

ROWS = 4
TEXT_COLUMNS = ("at", "actor", "action", "subject", "detail", "previous_hash", "hash")
LIKE_THE_LAST = "at, actor, action, subject, detail, hash, hash FROM audit WHERE seq = 4"


def _append(db: Database, count: int = ROWS) -> None:
    for number in range(count):
        with db.write() as session:
            append_audit(session, "cli", "run.ended", f"r{number}", {"n": number, "ü": "ß"})


def test_an_empty_chain_is_whole(db: Database) -> None:
    head = verify_audit(db)
    assert (head.rows, head.hash) == (0, GENESIS)


def test_a_chain_is_whole_and_its_head_moves(db: Database) -> None:
    heads = []
    for _ in range(3):
        _append(db, 1)
        heads.append(verify_audit(db))
    assert [head.rows for head in heads] == [1, 2, 3]
    assert len({head.hash for head in heads}) == 3


def test_several_rows_of_one_deed_are_one_chain(db: Database) -> None:
    with db.write() as session:
        for number in range(5):
            append_audit(session, "cli", "run.ended", str(number), {})
    assert verify_audit(db).rows == 5


def test_a_deed_that_is_taken_back_leaves_no_row(db: Database) -> None:
    def fail_halfway() -> None:
        with db.write() as session:
            append_audit(session, "cli", "run.ended", "x", {})
            raise LookupError

    with pytest.raises(LookupError):
        fail_halfway()
    assert verify_audit(db).rows == 0


def test_writers_at_once_make_one_chain(db: Database) -> None:
    assert at_once(*[lambda: _append(db, 10)] * 5) == [None] * 5
    assert verify_audit(db).rows == 50


def test_verifying_beside_writers_always_finds_a_whole_chain(db: Database) -> None:
    done = threading.Event()

    def write() -> None:
        try:
            _append(db, 40)
        finally:
            done.set()

    def verify() -> None:
        while not done.is_set():
            verify_audit(db)

    assert at_once(write, verify) == [None, None]


def test_odd_text_is_sealed_as_it_is_kept_and_secrets_are_not_kept(db: Database) -> None:
    with db.write() as session:
        detail = {
            "key": "sk-abcdefghijklmnopqrstuvwxyz",
            "\ud800": "\x00\udfff",
            "nan": float("nan"),
            5: {6: 7},
        }
        append_audit(session, "a\x00b", "c\ud800", "d\udfff", detail)
    assert verify_audit(db).rows == 1
    with db.read() as session:
        assert "sk-abc" not in str(session.execute(text("SELECT detail FROM audit")).all())


def test_a_whole_life_of_a_run_is_a_whole_chain(db: Database) -> None:
    ask(furnish(db))
    # Three people, four workflows and the request.
    assert verify_audit(db).rows == 8


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("UPDATE audit SET subject = 'x' WHERE seq = 2", "at row 2: its content was changed"),
        ("DELETE FROM audit WHERE seq = 1", "at row 1: it is missing"),
        ("DELETE FROM audit WHERE seq = 3", "at row 3: it is missing"),
        ("DELETE FROM audit WHERE seq = 4", "after row 3: its head points to row 4"),
        ("DELETE FROM audit WHERE seq >= 3", "after row 2: its head points to row 4"),
        ("DELETE FROM audit", "after row 0: its head points to row 4"),
        ("UPDATE audit SET seq = 9 WHERE seq = 2", "at row 2: it is missing"),
        ("UPDATE audit SET seq = 0 WHERE seq = 1", "at row 0: it does not belong there"),
        ("UPDATE audit SET seq = -seq", "at row -4: it does not belong there"),
        (
            f"INSERT INTO audit SELECT 5, {LIKE_THE_LAST}",
            "at row 5: its content was changed",
        ),
        (
            f"INSERT INTO audit SELECT 0, {LIKE_THE_LAST}",
            "at row 0: it does not belong there",
        ),
        ("UPDATE audit_head SET seq = 3", "after row 4: its head points to row 3"),
        (
            "UPDATE audit_head SET hash = previous.hash FROM audit previous WHERE previous.seq = 3",
            "after row 4",
        ),
        ("UPDATE audit_head SET id = 2", "after row 4: its head points to no row at all"),
        ("DELETE FROM audit_head", "after row 4: its head points to no row at all"),
    ],
)
def test_a_change_of_rows_names_the_row(db: Database, change: str, where: str) -> None:
    _append(db)
    with db.write() as session:
        session.execute(text(change))
    with pytest.raises(AuditBroken, match=re.escape(where)):
        verify_audit(db)


def test_rows_that_changed_places_are_named(db: Database) -> None:
    _append(db)
    with db.write() as session:
        for old, new in ((2, 9), (3, 2), (9, 3)):
            session.execute(text("UPDATE audit SET seq = :new WHERE seq = :old"), {"new": new, "old": old})
    with pytest.raises(AuditBroken, match="at row 2: it does not follow"):
        verify_audit(db)


def test_without_its_head_nothing_is_added(db: Database) -> None:
    with db.write() as session:
        session.execute(text("DELETE FROM audit_head"))
    with pytest.raises(AuditBroken, match="audit_head"):
        _append(db, 1)


@pytest.fixture
def raw(sqlite_db: Database) -> Iterator[sqlite3.Connection]:
    """The file behind a chain of four rows, open to a forger."""
    _append(sqlite_db)
    connection = sqlite3.connect(Path(str(sqlite_db.engine.url.database)))
    yield connection
    connection.close()


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_a_change_of_any_byte_of_any_column_names_its_row(
    sqlite_db: Database, raw: sqlite3.Connection, column: str
) -> None:
    for seq in range(1, ROWS + 1):
        query = f"SELECT CAST({column} AS BLOB) FROM audit WHERE seq = ?"
        content: bytes = raw.execute(query, (seq,)).fetchone()[0]
        # One other letter at every place; at the first and the last also a NUL, a byte that is no UTF-8,
        # another case, and one byte more or less.
        forged = [_with(content, place, content[place] ^ 1) for place in range(len(content))]
        for place in (0, len(content) - 1):
            forged += [_with(content, place, byte) for byte in (0, 0xFF, content[place] ^ 0x20)]
        forged += [content[:-1], content[1:], content + b"\x00", content + b" ", b" " + content, b""]
        for bytes_now in forged:
            _put(raw, column, seq, bytes_now)
            _expect_broken(sqlite_db, seq)
        _put(raw, column, seq, content)
    assert verify_audit(sqlite_db).rows == ROWS


@pytest.mark.parametrize("column", TEXT_COLUMNS)
@pytest.mark.parametrize("kind", ["BLOB", "INTEGER", "REAL"])
def test_a_change_of_a_columns_type_names_its_row(
    sqlite_db: Database, raw: sqlite3.Connection, column: str, kind: str
) -> None:
    raw.execute(f"UPDATE audit SET {column} = CAST({column} AS {kind}) WHERE seq = 2")
    raw.commit()
    _expect_broken(sqlite_db, 2)


@pytest.mark.parametrize("column", ["seq", "hash"])
def test_a_change_of_any_byte_of_the_head_is_noticed(
    sqlite_db: Database, raw: sqlite3.Connection, column: str
) -> None:
    content = str(raw.execute(f"SELECT {column} FROM audit_head").fetchone()[0]).encode()
    for place in range(len(content)):
        for byte in (content[place] ^ 1, 0xFF):
            raw.execute(f"UPDATE audit_head SET {column} = CAST(? AS TEXT)", (_with(content, place, byte),))
            raw.commit()
            with pytest.raises(AuditBroken, match="after row 4: its head points to row"):
                verify_audit(sqlite_db)


def _with(content: bytes, place: int, byte: int) -> bytes:
    return content[:place] + bytes([byte]) + content[place + 1 :]


def _put(raw: sqlite3.Connection, column: str, seq: int, content: bytes) -> None:
    raw.execute(f"UPDATE audit SET {column} = CAST(? AS TEXT) WHERE seq = ?", (content, seq))
    raw.commit()


def _expect_broken(db: Database, seq: int) -> None:
    with pytest.raises(AuditBroken, match=rf"at row {seq}: it"):
        verify_audit(db)
