"""What Crewdesk costs over CrewAI alone: the same two-agent, three-call crew, in turns, by the same scripted
model and over the same library."""

import random
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contestant import Lap, Provider, child, lap_of, next_line
from benchmarks.measurement import Measurement, at_most

TITLE = "Framework cost of a run, against raw CrewAI"
SIDES = (
    ("benchmarks.crewdesk_run",),
    ("benchmarks.raw_crew",),
    ("benchmarks.crewdesk_run", "untraced"),
)
ROUNDS = 40
WARM_UP = 4
RESAMPLES = 2_000


def measure(ground: Path) -> list[Measurement]:
    rounds = _race(ground)
    ours, raw, untraced = ([laps[side] for laps in rounds] for side in range(3))
    low, high = _interval(ours, raw)
    low_traced, high_traced = _interval(ours, untraced)
    wall = _median(lap.seconds for lap in ours) / _median(lap.seconds for lap in raw)
    cpu = _median(lap.cpu_s for lap in ours) / _median(lap.cpu_s for lap in raw)
    return [
        Measurement(
            what="wall time, ratio of medians",
            value=wall,
            unit="x",
            bar=at_most(1.5),
            note=f"95% interval {low:.2f} to {high:.2f}; {len(rounds)} rounds in turns",
        ),
        Measurement(what="processor time, ratio of medians", value=cpu, unit="x", note="less noisy"),
        Measurement(
            what="spans on against spans off, wall time",
            value=_median(lap.seconds for lap in ours) / _median(lap.seconds for lap in untraced),
            unit="x",
            bar=at_most(1.1),
            note=f"95% interval {low_traced:.2f} to {high_traced:.2f}",
        ),
        Measurement(
            what="spans on against spans off, processor time",
            value=_median(lap.cpu_s for lap in ours) / _median(lap.cpu_s for lap in untraced),
            unit="x",
        ),
        Measurement(what="raw CrewAI", value=1000 * _median(lap.seconds for lap in raw), unit="ms"),
        Measurement(what="Crewdesk", value=1000 * _median(lap.seconds for lap in ours), unit="ms"),
        *_explain("Crewdesk", ours),
        *_explain("raw CrewAI", raw),
    ]


def _race(ground: Path) -> list[list[Lap]]:
    """Crewdesk's lap, raw CrewAI's and that of Crewdesk without spans, for each round."""
    with ExitStack() as stack:
        server = stack.enter_context(child("benchmarks.provider", ground))
        provider = Provider.model_validate_json(next_line(server, ground)).model_dump_json()
        sides: list[subprocess.Popen[str]] = []
        for module, *more in SIDES:
            # The embedded engine's files serve one process.
            var = ground / f"var-{len(sides)}"
            shutil.copytree(ground / "var", var)
            sides.append(stack.enter_context(child(module, ground, str(var), provider, *more)))
        for side in sides:
            next_line(side, ground)
        rounds = [[lap_of(side, ground) for side in sides] for _ in range(WARM_UP + ROUNDS)]
    return rounds[WARM_UP:]


def _interval(ours: Sequence[Lap], theirs: Sequence[Lap]) -> tuple[float, float]:
    return interval_of_ratio([(one.seconds, other.seconds) for one, other in zip(ours, theirs, strict=True)])


def interval_of_ratio(pairs: Sequence[tuple[float, float]], seed: int = 1) -> tuple[float, float]:
    """The middle 95% of the ratio of medians when the pairs are drawn again and again (bootstrap)."""
    draw = random.Random(seed)
    ratios = []
    for _ in range(RESAMPLES):
        drawn = draw.choices(pairs, k=len(pairs))
        ratios.append(_median(one for one, _ in drawn) / _median(other for _, other in drawn))
    ratios.sort()
    return ratios[int(0.025 * RESAMPLES)], ratios[int(0.975 * RESAMPLES)]


def _explain(side: str, laps: Sequence[Lap]) -> list[Measurement]:
    return [
        Measurement(
            what=f"{side}, of it: {share}", value=1000 * _median(lap.shares[share] for lap in laps), unit="ms"
        )
        for share in laps[0].shares
    ]


_median = statistics.median
