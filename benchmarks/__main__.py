"""`python -m benchmarks [NAME ...] [--json]`: measures, and holds what has a bar against it.

Each section runs in a process of its own and all of them within BUDGET_S; one that fails or takes too long
is reported as such and the others go on. Exit status: 0 everything was measured, whether or not it clears
its bar; 1 something could not be.
"""

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.measurement import BenchReport, SectionReport
from benchmarks.processes import CREWDESK, LARKSPUR, end, environment, python, run_to_end
from benchmarks.section import SECTIONS, Section
from benchmarks.table import print_report

BUDGET_S = 900.0


def main(arguments: Sequence[str]) -> int:
    options = _parse(arguments)
    names = options.names or list(SECTIONS)
    started, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="crewdesk-bench-") as folder:
        sections = _measure([SECTIONS[name] for name in names], Path(folder), started + BUDGET_S)
    report = BenchReport(
        python=platform.python_version(),
        cores=os.cpu_count() or 1,
        load=load,
        seconds=time.monotonic() - started,
        sections=tuple(sections),
    )
    if options.json:
        print(report.model_dump_json(indent=2))
    else:
        print_report(Console(width=None if sys.stdout.isatty() else 140), report)
    return 1 if any(section.failure for section in sections) else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures what Crewdesk promises."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of: {', '.join(SECTIONS)} (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in SECTIONS]
    if unknown:
        parser.error(f"there is no section '{unknown[0]}'; choose from {', '.join(SECTIONS)}")
    return options


def _measure(sections: list[Section], folder: Path, deadline: float) -> list[SectionReport]:
    progress = Console(stderr=True, highlight=False)
    if any(section.needs_library for section in sections):
        progress.print("Ingesting the sample workspace ...", style="dim")
        run_to_end([str(CREWDESK), "ingest"], folder, WORKSPACE=str(LARKSPUR), VAR=str(folder / "var"))
    reports = []
    for section in sections:
        progress.print(f"Measuring {section.name} ...", style="dim")
        reports.append(_run(section, folder, deadline - time.monotonic()))
    return reports


def _run(section: Section, folder: Path, timeout_s: float) -> SectionReport:
    ground = folder / section.name
    ground.mkdir()
    if section.needs_library:
        # A copy, since each section adds to it.
        shutil.copytree(folder / "var", ground / "var")
    log = folder / f"{section.name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            python("benchmarks.section", section.name, str(ground)),
            cwd=ground,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            process.wait(max(0.0, timeout_s))
            failure = f"it ended with {process.returncode}: {_last_words(log)}"
        except subprocess.TimeoutExpired:
            failure = f"the {BUDGET_S:.0f} s for everything were over"
        finally:
            # As Ctrl-C does: the section ends what it has started itself.
            end(process, signal.SIGINT)
    written = section.report_file(ground)
    if written.exists():
        return SectionReport.model_validate_json(written.read_text())
    return SectionReport(name=section.name, title=section.name, failure=failure)


def _last_words(log: Path) -> str:
    lines = log.read_text().strip().splitlines()
    return lines[-1] if lines else "it said nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
