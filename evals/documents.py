"""`python -m evals.documents DIR`: reads a folder of files known in advance, and says what became of them.

The folder holds `manifest.jsonl`, a line per file with its `file`, `format`, `kind`, `must_include` and
`must_not_include`. All are read by the real `Parser`. It exits with 0 only if

- nothing crashed, no file took more than 30 s, and no child with all it started held more than 1 GB;
- each status fits its kind:

  | kind | fits |
  |---|---|
  | ok, wrong_extension, encrypted_empty_password | ok |
  | corrupt, encrypted, empty, scanned, unsupported | the status of that name |
  | malformed | ok, or what it lacks: empty, scanned, corrupt; only ok where it has snippets to include |
  | hostile | any but scanned and encrypted: it must be survived |
  | bomb | too_large, corrupt |

  but an `ok` file of a format that Crewdesk does not read (.doc, .ppt) must be `unsupported`, and one for
  which the manifest names no text may prove to hold none (empty, scanned); an unknown kind is reported, not
  judged;
- 95 % of the snippets in `must_include` are found over the formats that are read, and none of
  `must_not_include` is.

A snippet is found if its words stand in the file's text in a row. Only letters and digits count, since the
manifests' snippets are written in the Markdown, or with the delimiters, of the tool they came from. What must
not be included is compared as it stands, but for case and runs of spaces.
"""

import re
import sys
import threading
import time
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.table import Table

from knowledge.loading.blocks import FileStatus, LoadedFile
from knowledge.loading.parser import Parser

MOST_SECONDS = 30.0
MOST_BYTES = 1024**3
LEAST_RECALL = 0.95
NOT_READ = frozenset({"doc", "ppt"})
_WITHOUT_TEXT = frozenset({FileStatus.EMPTY, FileStatus.SCANNED})
FITTING: dict[str, frozenset[FileStatus]] = {
    "ok": frozenset({FileStatus.OK}),
    "wrong_extension": frozenset({FileStatus.OK}),
    "encrypted_empty_password": frozenset({FileStatus.OK}),
    "corrupt": frozenset({FileStatus.CORRUPT}),
    "encrypted": frozenset({FileStatus.ENCRYPTED}),
    "empty": frozenset({FileStatus.EMPTY}),
    "scanned": frozenset({FileStatus.SCANNED}),
    "unsupported": frozenset({FileStatus.UNSUPPORTED}),
    "malformed": frozenset({FileStatus.OK, FileStatus.CORRUPT, *_WITHOUT_TEXT}),
    "hostile": frozenset(
        {FileStatus.OK, FileStatus.EMPTY, FileStatus.CORRUPT, FileStatus.UNSUPPORTED, FileStatus.TOO_LARGE}
    ),
    "bomb": frozenset({FileStatus.TOO_LARGE, FileStatus.CORRUPT}),
}


class Expected(BaseModel):
    """A line of the manifest; other keys in it do not matter here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    format: str
    kind: str
    must_include: tuple[str, ...] = ()
    must_not_include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`loaded` is None where the parser itself failed."""

    expected: Expected
    loaded: LoadedFile | None
    seconds: float
    found: int
    faults: tuple[str, ...]

    @property
    def is_scored(self) -> bool:
        return self.expected.format not in NOT_READ


class ChildMemory(threading.Thread):
    """Looks every few milliseconds at what this process's children hold; `peak_bytes` is the most ever
    seen."""

    _EVERY_S = 0.01

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(self._EVERY_S):
            held = sum(map(_resident_bytes, own.children(recursive=True)))
            self.peak_bytes = max(self.peak_bytes, held)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def load_manifest(folder: Path) -> tuple[Expected, ...]:
    lines = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    return tuple(Expected.model_validate_json(line) for line in lines if line.strip())


def read_all(folder: Path, manifest: tuple[Expected, ...]) -> list[Outcome]:
    with Parser() as parser:
        return [_read(parser, folder, expected) for expected in manifest]


def _read(parser: Parser, folder: Path, expected: Expected) -> Outcome:
    started = time.perf_counter()
    try:
        path = folder / expected.file
        loaded = parser.parse(path.name, path.read_bytes())
    except Exception as error:  # noqa: BLE001 - that anything is raised at all is what is looked for
        fault = f"crashed ({type(error).__name__}: {error})"
        return Outcome(expected, None, time.perf_counter() - started, 0, (fault,))
    seconds = time.perf_counter() - started
    text = "\n".join(block.text for block in loaded.blocks)
    found = sum(holds_words(text, snippet) for snippet in expected.must_include)
    return Outcome(expected, loaded, seconds, found, tuple(faults_in(expected, loaded, seconds)))


def faults_in(expected: Expected, loaded: LoadedFile, seconds: float) -> list[str]:
    faults = []
    fitting = fitting_statuses(expected)
    if fitting is None:
        faults.append(f"is of the unknown kind “{expected.kind}”")
    elif loaded.status not in fitting:
        faults.append(f"is {loaded.status} ({loaded.reason}), not {' or '.join(sorted(fitting))}")
    texts = [block.text for block in loaded.blocks] + [
        loaded.title or "",
        loaded.reason or "",
        *loaded.hidden,
    ]
    shown = _flat("\n".join(texts))
    faults.extend(f"includes “{snippet}”" for snippet in expected.must_not_include if _flat(snippet) in shown)
    if seconds > MOST_SECONDS:
        faults.append(f"took {seconds:.0f} s")
    return faults


def fitting_statuses(expected: Expected) -> frozenset[FileStatus] | None:
    """None for a kind that nobody has told us about."""
    if expected.kind == "ok" and expected.format in NOT_READ:
        return frozenset({FileStatus.UNSUPPORTED})
    if expected.kind == "ok" and not expected.must_include:
        return FITTING["ok"] | _WITHOUT_TEXT
    if expected.kind == "malformed" and expected.must_include:
        return FITTING["ok"]
    return FITTING.get(expected.kind)


def holds_words(text: str, snippet: str) -> bool:
    return f" {_words(snippet)} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()))


def _flat(text: str) -> str:
    return " ".join(text.split()).lower()


def recall(outcomes: list[Outcome]) -> tuple[int, int]:
    """Snippets found and asked for, over the formats that are read."""
    scored = [outcome for outcome in outcomes if outcome.is_scored]
    return sum(o.found for o in scored), sum(len(o.expected.must_include) for o in scored)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Usage: python -m evals.documents DIR, a folder with a manifest.jsonl", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        manifest = load_manifest(folder)
    except (OSError, ValidationError) as error:
        print(f"The manifest in {folder} cannot be read: {error}", file=sys.stderr)
        return 2
    with ChildMemory() as memory:
        outcomes = read_all(folder, manifest)
    return _report(outcomes, memory.peak_bytes)


def _report(outcomes: list[Outcome], peak_bytes: int) -> int:
    console = Console(width=140)
    console.print(_table(outcomes))
    faults = [(outcome, fault) for outcome in outcomes for fault in outcome.faults]
    for outcome, fault in faults:
        console.print(
            f"{outcome.expected.file} ({outcome.expected.kind}) {fault}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for outcome in outcomes:
        if outcome.is_scored and outcome.found < len(outcome.expected.must_include):
            missing = len(outcome.expected.must_include) - outcome.found
            console.print(
                f"{outcome.expected.file} misses {missing} snippets",
                style="dim",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    slowest = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:3]
    told = ", ".join(f"{Path(outcome.expected.file).name} {outcome.seconds:.2f} s" for outcome in slowest)
    console.print(f"slowest: {told}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"children held at most {peak_bytes / 1024**2:.0f} MB", highlight=False, markup=False, soft_wrap=True
    )
    found, asked = recall(outcomes)
    known_faults = [fault for outcome, fault in faults if fitting_statuses(outcome.expected) is not None]
    holds = not known_faults and found >= LEAST_RECALL * asked and peak_bytes <= MOST_BYTES
    console.print(
        f"{len(faults)} faults; snippet recall {found}/{asked}: {'holds' if holds else 'does not hold'}"
    )
    return 0 if holds else 1


def _table(outcomes: list[Outcome]) -> Table:
    by_format: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_format[outcome.expected.format].append(outcome)
    table = Table("format", "files", "statuses", "snippets", "seconds", title="What became of known files")
    for format, group in sorted(by_format.items()):
        _add_row(table, format, group)
    _add_row(table, "all", outcomes)
    return table


def _add_row(table: Table, name: str, group: list[Outcome]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for outcome in group:
        counts[outcome.loaded.status.value if outcome.loaded else "crashed"] += 1
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(counts.items(), key=lambda c: -c[1]))
    found, asked = recall(group)
    snippets = f"{found}/{asked} = {found / asked:.3f}" if asked else "-"
    seconds = f"{sum(outcome.seconds for outcome in group):.2f}"
    table.add_row(name, str(len(group)), statuses, snippets, seconds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
