"""One section of the benchmarks, in a process of its own: `python -m benchmarks.section NAME FOLDER`.

It writes its report to FOLDER/NAME.json, where nothing a library prints can get into it.
"""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measurement import SectionReport


@dataclass(frozen=True, slots=True)
class Section:
    """`needs_library`: FOLDER/var must hold the sample workspace, ingested, and the exported model."""

    name: str
    needs_library: bool

    def report_file(self, folder: Path) -> Path:
        return folder / f"{self.name}.json"


# The lightest first: what a section leaves in the system's caches must not spoil the next.
SECTIONS = {
    section.name: section
    for section in (
        Section("help_time", needs_library=False),
        Section("memory", needs_library=True),
        Section("ingestion", needs_library=True),
        Section("search", needs_library=True),
        Section("search_100k", needs_library=True),
        Section("warehouse", needs_library=False),
        Section("burst", needs_library=True),
        Section("framework_cost", needs_library=True),
    )
}


def main(arguments: list[str]) -> None:
    section, folder = SECTIONS[arguments[0]], Path(arguments[1])
    module = importlib.import_module(f"benchmarks.{section.name}")
    report = SectionReport(name=section.name, title=module.TITLE, measurements=tuple(module.measure(folder)))
    section.report_file(folder).write_text(report.model_dump_json())


if __name__ == "__main__":
    main(sys.argv[1:])
