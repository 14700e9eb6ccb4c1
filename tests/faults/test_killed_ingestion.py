"""An ingestion is killed, again and again and anywhere, while documents come, change, go and get other
readers; after each kill every document is old or new for everybody, and in the end all is as if nothing had
happened."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from knowledge.search.access import AccessScope
from ledger.audit import verify_audit
from ledger.db import Database
from ledger.documents import list_documents, read_passages
from ledger.migrate import migrate
from tests.faults.ingesting import open_library, run_ingestion

KILLS = 50
GROUPS = ("everyone", "finance", "hr")
PAGES = tuple(f"documents/{folder}page{n}.md" for n in range(7) for folder in ("", "more/"))
PARTS = 3
# A state between two writes each; the other half of the kills come at random moments.
CRASH_POINTS = (
    "ingest.after_narrowing",
    "ingest.after_label",
    "ingest.after_stage",
    "ingest.amid_place",
    "ingest.after_place",
    "ingest.after_rows",
    "ingest.amid_delete",
    "ingest.after_delete",
    "ingest.after_removal",
    "ingest.after_leftovers",
)
_PEOPLE = (
    "groups: {everyone: All, hr: People, finance: Money}\npeople:\n  - {email: a@shop.example, name: A}\n"
)


@dataclass(frozen=True)
class Page:
    """What a document says, a revision per part, and who may read it."""

    revisions: tuple[int, ...]
    groups: frozenset[str]

    def text(self, path: str, part: int) -> str:
        return f"Page {path} part {part} is at revision {self.revisions[part]}."

    def texts(self, path: str) -> frozenset[str]:
        return frozenset(self.text(path, part) for part in range(len(self.revisions)))

    def file(self, path: str) -> str:
        parts = (f"## Part {n}\n\n{self.text(path, n)}\n" for n in range(len(self.revisions)))
        return f"---\ngroups: [{', '.join(sorted(self.groups))}]\n---\n# {path}\n\n" + "\n".join(parts)


@dataclass(frozen=True)
class Seen:
    """The texts of a document and who finds them; nobody finds a document that is not there."""

    texts: frozenset[str] = frozenset()
    by: frozenset[str] = frozenset()


@dataclass
class World:
    """The files, and what was seen of the library after the last ingestion, killed or not."""

    folder: Path
    draw: random.Random
    pages: dict[str, Page] = field(default_factory=dict)
    revision: int = 0

    @property
    def var(self) -> Path:
        return self.folder / "var"

    def change(self) -> None:
        """A document for each kind of change; never so many that the batch would look suspicious."""
        kinds = ("rights", "part", "rights", "both", "gone", "all")
        for kind, path in zip(kinds, self.draw.sample(PAGES, len(kinds)), strict=True):
            self.write(path, self.changed(self.pages.get(path), kind))

    def changed(self, page: Page | None, kind: str) -> Page | None:
        self.revision += 1
        if page is None:
            return Page((self.revision,) * PARTS, self._groups(frozenset()))
        if kind == "gone":
            return None if len(self.pages) > 9 else page
        revisions = list(page.revisions)
        if kind != "rights":
            revisions[self.draw.randrange(PARTS)] = self.revision
        if kind == "all":
            revisions = [self.revision] * PARTS
        groups = self._groups(page.groups) if kind in ("rights", "both") else page.groups
        return Page(tuple(revisions), groups)

    def _groups(self, besides: frozenset[str]) -> frozenset[str]:
        while (groups := frozenset(self.draw.sample(GROUPS, self.draw.choice([1, 2])))) == besides:
            pass
        return groups

    def write(self, path: str, page: Page | None) -> None:
        file = self.folder / "shop" / path
        if page is None:
            self.pages.pop(path, None)
            file.unlink(missing_ok=True)
        else:
            self.pages[path] = page
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.file(path))

    def wanted(self) -> dict[str, Seen]:
        return {path: Seen(page.texts(path), page.groups) for path, page in self.pages.items()}

    def look(self) -> dict[str, Seen]:
        """Each reader alone; one who finds a document must find as much of it as any other."""
        found: dict[str, dict[str, set[str]]] = {}
        db, library = open_library(self.var)
        for group in GROUPS:
            for hit in library.search("page part revision", AccessScope(frozenset({group})), limit=90).hits:
                found.setdefault(hit.path, {}).setdefault(group, set()).add(hit.text)
        library.close()
        db.close()
        seen = {}
        for path, readers in found.items():
            [texts] = {frozenset(texts) for texts in readers.values()}
            seen[path] = Seen(texts, frozenset(readers))
        return seen


@pytest.fixture
def world(_sqlite_template: Path) -> Iterator[World]:
    # A killed process loses nothing the kernel has, so memory is as good as a disk here, and it does not
    # make the test wait for thousands of flushes.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="crewdesk-", dir=memory) as name:
        folder = Path(name)
        (folder / "shop" / "documents").mkdir(parents=True)
        (folder / "shop" / "workspace.yaml").write_text("name: Shop\n")
        (folder / "shop" / "people.yaml").write_text(_PEOPLE)
        (folder / "var").mkdir()
        shutil.copy(_sqlite_template, folder / "var" / "ledger.db")
        world = World(folder, random.Random(3))
        for path in PAGES[:12]:
            world.write(path, world.changed(None, "added"))
        yield world


@pytest.fixture
def ingestions() -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.ingesting"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def play(process: "subprocess.Popen[str]", world: World, **how: object) -> tuple[int, int]:
    """How many ticks the ingestion gave, and its exit status."""
    request = {"workspace": str(world.folder / "shop"), "var": str(world.var), **how}
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    played = json.loads(process.stdout.readline())
    return played["ticks"], played["status"]


def check_old_or_new(before: dict[str, Seen], after: dict[str, Seen], wanted: dict[str, Seen]) -> None:
    nothing = Seen()
    for path in before.keys() | after.keys() | wanted.keys():
        old, new = before.get(path, nothing), wanted.get(path, nothing)
        # Rights that were taken away are gone before the rest is done.
        narrowed = Seen(old.texts, old.by & new.by) if path in wanted else old
        allowed = {old, new, narrowed if narrowed.by else nothing}
        assert after.get(path, nothing) in allowed, path


@pytest.mark.timeout(400)
def test_a_killed_ingestion_leaves_each_document_old_or_new(
    world: World, ingestions: "subprocess.Popen[str]"
) -> None:
    draw = random.Random(50)
    ticks, status = play(ingestions, world, crash_at="", kill_at=0, delay_ms=0)
    after = world.look()
    assert (status, after) == (0, world.wanted())
    crashed, killed_at = [], []
    while len(crashed) + len(killed_at) < KILLS:
        at_random = len(killed_at) <= len(crashed)
        points = sorted(set(CRASH_POINTS) - set(crashed)) or CRASH_POINTS
        point = "" if at_random else draw.choice(points)
        kill_at = draw.randint(1, 64) if at_random else 0
        world.change()
        before = after
        ticks, status = play(
            ingestions, world, crash_at=point, kill_at=kill_at, delay_ms=draw.uniform(0.0, 4.0)
        )
        assert status in (0, -9, 137)
        after = world.look()
        check_old_or_new(before, after, world.wanted())
        if status == 0:
            assert after == world.wanted()
        elif status == 137:
            crashed.append(point)
        else:
            killed_at.append(ticks)
    assert set(crashed) == set(CRASH_POINTS), "some half-done state was never reached"
    assert min(killed_at) < 15
    assert max(killed_at) > 45

    assert play(ingestions, world, crash_at="", kill_at=0, delay_ms=0)[1] == 0
    assert world.look() == world.wanted()
    check_as_if_nothing_had_happened(world)


def check_as_if_nothing_had_happened(world: World) -> None:
    fresh = world.folder / "fresh"
    fresh.mkdir()
    db = Database(f"sqlite:///{fresh / 'ledger.db'}")
    migrate(db)
    db.close()
    assert run_ingestion(world.folder / "shop", fresh) == "applied"
    assert contents(world.var) == contents(fresh)


def contents(var: Path) -> tuple[object, ...]:
    """The rows but for times and sums, and the points with where they are filed."""
    db, library = open_library(var)
    verify_audit(db)
    documents = [replace(document, sums=None) for document in list_documents(db)]
    passages = read_passages(db, [document.id for document in documents])
    points = dict(library.store.marks())
    library.close()
    db.close()
    return documents, passages, points
