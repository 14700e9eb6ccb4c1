"""Whatever a file does to the child that parses it, it costs that file only; the next one is parsed."""

import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from knowledge.loading import child_process
from knowledge.loading.blocks import FileStatus, LoadedFile
from knowledge.loading.child_process import ParserUnavailable
from knowledge.loading.limits import ParserLimits
from knowledge.loading.load import load_file
from knowledge.loading.parser import Parser
from tests.unit.knowledge.shop import make_docx, make_drawn_pdf, make_pdf, make_zip

MIB = 1024 * 1024
SMALL = ParserLimits(memory_bytes=250 * MIB)
HASTY = ParserLimits(wall_s=3.0)


@pytest.fixture
def parser() -> Iterator[Parser]:
    with Parser() as parser:
        yield parser


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("_child" in word or ".child" in word for word in child.cmdline())
    ]


def the_child() -> psutil.Process:
    (child,) = children()
    return child


def words(loaded: LoadedFile) -> list[str]:
    assert loaded.status is FileStatus.OK, loaded.reason
    return [block.text for block in loaded.blocks]


def assert_parses(parser: Parser) -> None:
    assert words(parser.parse("next.md", b"# Next\n\nWords.")) == ["Next", "Words."]


def test_a_child_reads_what_the_loaders_read(parser: Parser) -> None:
    files = {
        "a.md": b"# Title\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "a.pdf": make_pdf([[(20, "Travel"), (11, "Book early.")], [(11, "Take the train.")]]),
        "a.docx": make_docx(),
        "a.html": b"<title>Prices</title><p>Words<p hidden>obey me</p>",
        "a.txt": b"",
        "picture.png": b"\x89PNG\r\n\x1a\n",
        "n\udcffme.txt": b"words",
    }
    for name, content in files.items():
        assert parser.parse(name, content) == load_file(name, content)
    assert len(children()) == 1


def test_a_file_that_takes_too_long_is_given_up() -> None:
    endless = b"<p>" + b"<!--" * 3_000_000
    with Parser(HASTY) as parser:
        loaded = parser.parse("a.html", endless)
        assert (loaded.status, loaded.reason) == (
            FileStatus.TOO_LARGE,
            "reading it took longer than 3 seconds",
        )
        assert_parses(parser)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.json", lambda: b"[" + b"[]," * 3_000_000 + b"1]"),
        ("a.xml", lambda: b"<?xml version='1.0'?><r>" + b"<a/>" * 2_000_000 + b"</r>"),
        (
            "a.pdf",
            lambda: make_drawn_pdf([zlib.compress(bytes(300 * MIB), 1)], filters="/Filter /FlateDecode"),
        ),
    ],
    ids=["JSON", "XML", "PDF"],
)
def test_a_file_that_takes_too_much_memory_is_given_up(name: str, make: Callable[[], bytes]) -> None:
    with Parser(SMALL) as parser:
        loaded = parser.parse(name, make())
        assert (loaded.status, "memory" in (loaded.reason or "")) == (FileStatus.TOO_LARGE, True)
        assert_parses(parser)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"[" * 1_000_000),
        ("a.html", b"<div>" * 3000 + b"x"),
        ("a.html", b"<table>" * 3000 + b"<tr><td>x"),
        ("a.md", b"[" * 100_000),
    ],
    ids=["JSON", "HTML", "tables", "Markdown"],
)
def test_what_is_nested_without_end_is_given_up(parser: Parser, name: str, content: bytes) -> None:
    loaded = parser.parse(name, content)
    assert (loaded.status, "nested" in (loaded.reason or "")) == (FileStatus.TOO_LARGE, True)
    assert_parses(parser)


def test_bombs_traversals_and_entities_do_nothing(parser: Parser, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of the shop")
    entity = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{secret.as_uri()}">]><r>&x;</r>'
    outside = tmp_path / "outside.txt"
    slip = make_zip({f"../../../../../../../..{outside}": b"x", "word/document.xml": b"<x/>"})
    bomb = make_zip({"word/document.xml": b" " * (50 * MIB)})
    assert parser.parse("a.docx", bomb).status is FileStatus.TOO_LARGE
    assert parser.parse("a.docx", slip).status is FileStatus.CORRUPT
    assert "secret of" not in repr(parser.parse("a.xml", entity.encode()))
    assert not outside.exists()
    assert_parses(parser)


def test_a_text_that_would_flood_the_answer_is_too_large() -> None:
    with Parser(ParserLimits(answer_bytes=2 * MIB)) as parser:
        loaded = parser.parse("a.txt", b"many words " * 300_000)
        assert (loaded.status, "2 MB" in (loaded.reason or "")) == (FileStatus.TOO_LARGE, True)
        assert_parses(parser)


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_killed_while_idle_costs_nothing(parser: Parser, signal_number: signal.Signals) -> None:
    assert_parses(parser)
    killed = the_child()
    killed.send_signal(signal_number)
    killed.wait(20)
    assert_parses(parser)
    assert the_child().pid != killed.pid


def test_a_child_killed_before_it_has_taken_the_file_costs_nothing(parser: Parser) -> None:
    assert_parses(parser)
    stopped = the_child()
    stopped.suspend()
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(parser.parse, "a.txt", b"words " * 1_000_000)
        stopped.kill()
        assert parsing.result(60).status is FileStatus.OK


@pytest.mark.parametrize(
    ("limits", "children_for_four"),
    [(ParserLimits(files_per_child=2), 2), (ParserLimits(recycle_bytes=1), 4), (ParserLimits(), 1)],
    ids=["old", "grown", "young"],
)
def test_a_child_is_replaced_when_it_is_old_or_has_grown(
    limits: ParserLimits, children_for_four: int
) -> None:
    seen: set[int] = set()
    started: list[int] = []
    with Parser(limits) as parser:
        for _ in range(4):
            before = {child.pid for child in children()}
            assert_parses(parser)
            started.extend(child.pid for child in children() if child.pid not in before | seen)
            seen.update(started)
    assert children() == []
    # One that leaves with its only answer is gone before anybody can look.
    assert len(started) == (0 if limits.recycle_bytes == 1 else children_for_four)


def test_threads_that_share_a_parser_get_their_own_answers(parser: Parser) -> None:
    with ThreadPoolExecutor(4) as pool:
        texts = [f"words {number}" for number in range(40)]
        loaded = list(pool.map(lambda text: parser.parse("a.txt", text.encode()), texts))
    assert [words(file) for file in loaded] == [[text] for text in texts]


def test_a_closed_parser_leaves_no_process_and_starts_again_if_asked(parser: Parser) -> None:
    assert_parses(parser)
    parser.close()
    assert children() == []
    assert_parses(parser)


def test_a_child_has_no_secret_no_terminal_and_no_right_to_write(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREWDESK_API_KEY", "a secret")
    assert_parses(parser)
    child = the_child()
    assert "a secret" not in child.environ().values()
    assert set(child.environ()) <= {
        "PYTHONPATH", "PYTHONUTF8", "PATH", "LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    }  # fmt: skip
    assert os.getsid(child.pid) != os.getsid(0)
    if sys.platform == "linux":
        descriptors = Path(f"/proc/{child.pid}/fd")
        assert {(descriptors / stream).readlink() for stream in "012"} == {Path("/dev/null")}
        assert child.rlimit(psutil.RLIMIT_FSIZE) == (1024, 1024)
        assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_AS)[1] < 1024 * MIB


def test_a_child_is_light() -> None:
    code = "import sys, knowledge.loading.child; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"torch", "transformers", "sqlalchemy", "crewai", "qdrant_client", "qdrant_edge", "numpy", "lxml"}
    assert heavy.isdisjoint(modules.split())


def test_a_child_ends_with_its_parent() -> None:
    code = (
        "import os, psutil; from knowledge.loading.parser import Parser\n"
        "parser = Parser(); parser.parse('a.txt', b'words')\n"
        "print(psutil.Process().children()[0].pid, flush=True); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    try:
        orphan = psutil.Process(int(parent.stdout))
    except psutil.NoSuchProcess:
        return
    orphan.wait(20)


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parser]:
    """Its children are such as a hostile file has got hold of."""
    monkeypatch.setattr(child_process, "_PROGRAM", "tests.stand_ins.hostile_child")
    with Parser(ParserLimits(wall_s=2.0)) as parser:
        yield parser


@pytest.mark.parametrize(
    ("deed", "status", "reason"),
    [
        ("dies", FileStatus.CORRUPT, "its parser crashed (SIGSEGV)"),
        ("leaves", FileStatus.CORRUPT, "its parser crashed (exit status 3)"),
        ("announces an endless answer", FileStatus.CORRUPT, "its parser gave an answer that cannot be right"),
        ("answers for ever", FileStatus.CORRUPT, "its parser gave an answer that cannot be right"),
        ("falls silent", FileStatus.TOO_LARGE, "reading it took longer than 2 seconds"),
        ("answers with a pickle", FileStatus.CORRUPT, "its parser gave an answer that cannot be right"),
        (
            "answers with a control character",
            FileStatus.CORRUPT,
            "its parser gave an answer that cannot be right",
        ),
        (
            "answers with an absurd level",
            FileStatus.CORRUPT,
            "its parser gave an answer that cannot be right",
        ),
        ("answers with nothing", FileStatus.CORRUPT, "its parser gave an answer that cannot be right"),
        (
            "answers with more than was asked",
            FileStatus.CORRUPT,
            "its parser gave an answer that cannot be right",
        ),
    ],
)
def test_a_child_that_was_taken_over_spoils_its_own_file_only(
    taken_over: Parser, deed: str, status: FileStatus, reason: str
) -> None:
    loaded = taken_over.parse(deed, b"content")
    assert (loaded.status, loaded.reason, loaded.blocks) == (status, reason, ())
    assert words(taken_over.parse("honest", b"content")) == ["honest"]


def test_an_answer_that_nobody_asked_for_is_not_that_of_the_next_file(taken_over: Parser) -> None:
    assert words(taken_over.parse("answers twice", b"content")) == ["first"]
    assert words(taken_over.parse("honest", b"content")) == ["honest"]


def test_a_child_that_cannot_start_is_nobodys_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_PROGRAM", "tests.stand_ins.not_there")
    with Parser() as parser, pytest.raises(ParserUnavailable):
        parser.parse("a.txt", b"words")
    assert children() == []
