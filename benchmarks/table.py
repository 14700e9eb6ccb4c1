"""The report as a person reads it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.measurement import Bar, BenchReport, Measurement

_SIGNS = {"below": "<", "at_most": "≤", "at_least": "≥"}
_DIGITS = {"s": 2, "ms": 1, "MB": 0, "bytes": 0, "per s": 1, "x": 2}


def print_report(console: Console, report: BenchReport) -> None:
    table = Table("measurement", box=None, pad_edge=False)
    table.add_column("number", justify="right")
    table.add_column("bar", justify="right")
    table.add_column("holds")
    table.add_column("", style="dim")
    for section in report.sections:
        table.add_section()
        table.add_row(Text(section.title, style="bold"))
        if section.failure is not None:
            table.add_row(Text("  not measured", style="bold red"), "", "", "", Text(section.failure))
        for measurement in section.measurements:
            table.add_row(*_cells(measurement))
    console.print(table)
    console.print(
        f"\nPython {report.python}, {report.cores} cores, load {report.load:.1f} before the start, "
        f"{report.seconds:.0f} s in all.",
        style="dim",
        highlight=False,
    )
    if report.load > report.cores / 2:
        console.print(
            "The machine was busy before the start: trust the ratios, not the times.", style="yellow"
        )


def _cells(measurement: Measurement) -> tuple[str | Text, ...]:
    number = _amount(measurement.value, measurement.unit)
    if measurement.bar is None:
        return f"  {measurement.what}", number, "", "", measurement.note
    holds = Text("yes", style="green") if measurement.holds else Text("NO", style="bold red")
    return f"  {measurement.what}", number, _limit(measurement.bar, measurement.unit), holds, measurement.note


def _limit(bar: Bar, unit: str) -> str:
    return f"{_SIGNS[bar.sense]} {bar.limit:g} {unit}"


def _amount(value: float, unit: str) -> str:
    return f"{value:,.{_DIGITS[unit]}f} {unit}"
