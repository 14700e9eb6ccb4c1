"""Checks that hold a load against those before it: how many rows there are, and how a column's values are
spread."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from knowledge.warehouse.check_spec import Distribution, RowCount
from knowledge.warehouse.checks.drift import expected_by_chance, population_stability
from knowledge.warehouse.checks.shares import Shares, count_like
from knowledge.warehouse.checks.subject import NUMBERS, CannotCheck, Subject, counted, has_value, result
from ledger.data_products import CheckResult, CheckState, ProductLoad

LEAST_HISTORY = 5
_Finding = tuple[CheckState, str, float | None]


def check_row_count(subject: Subject, check: RowCount) -> CheckResult:
    """Bounds first: a number that is out of them needs no history."""
    [row] = subject.rows.aggregate(n=subject.rows.count()).to_pyarrow().to_pylist()
    rows = int(row["n"])
    there = f"There {'is' if rows == 1 else 'are'} {counted(rows, 'row')}"
    if check.least is not None and rows < check.least:
        return result(check, CheckState.FAIL, f"{there}; there should be at least {check.least:,}.", rows)
    if check.most is not None and rows > check.most:
        return result(check, CheckState.FAIL, f"{there}; there should be at most {check.most:,}.", rows)
    if check.z is None:
        return result(check, CheckState.PASS, f"{there}, as expected.", rows)
    earlier = [float(load.rows) for load in subject.history]
    is_bounded = check.least is not None or check.most is not None
    if len(earlier) < LEAST_HISTORY:
        state = CheckState.PASS if is_bounded else CheckState.UNKNOWN
        return result(check, state, f"{there}; {_too_few(len(earlier))}.", rows)
    # Counts vary by chance about as their square root, even where earlier loads happen to be all alike.
    state, words, z = _hold_against(rows, earlier, least_spread=sqrt(max(fmean(earlier), 1)), limit=check.z)
    return result(check, state, f"{there}, {words}", z)


def check_distribution(subject: Subject, check: Distribution) -> CheckResult:
    """By its mean, by its shares, or both; the worse of the two is what counts. Raises CannotCheck."""
    found: list[_Finding] = []
    if check.z is not None:
        found.append(_compare_mean(subject, check.column, check.z))
    if check.psi is not None:
        found.append(_compare_shares(subject, check.column, check.psi))
    states = {state for state, _, _ in found}
    worst = next(s for s in (CheckState.FAIL, CheckState.PASS, CheckState.UNKNOWN) if s in states)
    measured = next(measure for state, _, measure in found if state is worst)
    return result(check, worst, " ".join(sentence for _, sentence, _ in found), measured)


def _compare_mean(subject: Subject, name: str, limit: float) -> _Finding:
    declared = subject.product.column(name)
    if declared is None or declared.type not in NUMBERS:
        raise CannotCheck(f"{name} is no number, so it has no mean; `psi` compares any column.")
    column = subject.column(name)
    present, number = has_value(column), column.cast("float64")
    [row] = (
        subject.rows.aggregate(
            n=present.sum(),
            mean=number.mean(where=present),
            deviation=number.std(how="sample", where=present),
        )
        .to_pyarrow()
        .to_pylist()
    )
    means = [kept["mean"] for load in subject.history if "mean" in (kept := _profile_of(load.profile, name))]
    if len(means) < LEAST_HISTORY:
        return CheckState.UNKNOWN, f"For the mean of {name}, {_too_few(len(means))}.", None
    if row["mean"] is None:
        return CheckState.UNKNOWN, f"There is no value in {name}, so there was nothing to check.", None
    # A mean is no more certain than its standard error, however alike the earlier ones are.
    error = (row["deviation"] or 0.0) / sqrt(row["n"])
    state, words, z = _hold_against(row["mean"], means, least_spread=error, limit=limit)
    return state, f"The mean of {name} is {words}", z


def _compare_shares(subject: Subject, name: str, limit: float) -> _Finding:
    # The oldest that is remembered: against the last load alone, a slow drift would never be seen.
    profiles = [(load, _profile_of(load.profile, name).get("shares")) for load in subject.history]
    baseline, kept = next(((load, shares) for load, shares in profiles if shares), (None, None))
    if baseline is None or not kept:
        return CheckState.UNKNOWN, f"There is no earlier load to compare the values of {name} with.", None
    then = Shares.from_json(kept)
    now = count_like(subject, name, then)
    if not sum(then.counts) or not sum(now.counts):
        return CheckState.UNKNOWN, f"There are no rows to compare the values of {name} in.", None
    index = population_stability(then.counts, now.counts)
    if expected_by_chance(then.counts, now.counts) > limit / 2:
        sentence = f"There are too few rows to tell a change in {name} from chance."
        return CheckState.UNKNOWN, sentence, index
    if index > limit:
        sentence = (
            f"The values of {name} are spread unlike in {_called(baseline)}: their stability index is "
            f"{index:.2f}, at most {limit:g} is expected."
        )
        return CheckState.FAIL, sentence, index
    sentence = f"The values of {name} are spread as in {_called(baseline)} (stability index {index:.2f})."
    return CheckState.PASS, sentence, index


def _called(load: ProductLoad) -> str:
    return f"the load of {load.loaded_at:%Y-%m-%d}"


def _hold_against(value: float, earlier: Sequence[float], *, least_spread: float, limit: float) -> _Finding:
    """A guarded column's mean may come in here, so neither it nor those of before are told."""
    spread = max(stdev(earlier), least_spread)
    distance = abs(value - fmean(earlier))
    if spread == 0:
        same = distance == 0
        words = "the same as in every earlier load." if same else "unlike that of earlier loads, all alike."
        return (CheckState.PASS if same else CheckState.FAIL), words, 0.0 if same else None
    z = distance / spread
    words = f"{z:.1f} standard deviations from the mean of {len(earlier)} earlier loads"
    if z > limit:
        return CheckState.FAIL, f"{words}; at most {limit:g} are expected.", z
    return CheckState.PASS, f"{words}.", z


def _too_few(loads: int) -> str:
    return (
        f"it takes {LEAST_HISTORY} earlier loads to compare with, and there "
        f"{'is' if loads == 1 else 'are'} {loads or 'none'}"
    )


def _profile_of(profile: dict[str, Any], name: str) -> dict[str, Any]:
    columns: dict[str, dict[str, Any]] = profile.get("columns", {})
    return columns.get(name, {})
