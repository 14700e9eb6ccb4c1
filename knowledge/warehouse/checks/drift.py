"""How unlike an earlier one a column's distribution is: the population stability index.

PSI is the sum over groups of (share now - share then) * ln(share now / share then); 0.1 is usually called
small and 0.25 large. Chance alone makes it about (groups - 1) * (1/n now + 1/n then), which is what keeps few
rows from being judged.
"""

from collections.abc import Sequence
from math import log

# An empty group would make the logarithm infinite.
_LEAST_SHARE = 1e-4


def population_stability(then: Sequence[int], now: Sequence[int]) -> float:
    """Of two counts of the same groups, neither of them empty altogether."""
    all_then, all_now = sum(then), sum(now)
    total = 0.0
    for count_then, count_now in zip(then, now, strict=True):
        before = max(count_then / all_then, _LEAST_SHARE)
        after = max(count_now / all_now, _LEAST_SHARE)
        total += (after - before) * log(after / before)
    return total


def expected_by_chance(then: Sequence[int], now: Sequence[int]) -> float:
    """What the index comes to between two samples of one and the same distribution, about."""
    groups = sum(1 for pair in zip(then, now, strict=True) if any(pair))
    return max(0, groups - 1) * (1 / sum(then) + 1 / sum(now))
