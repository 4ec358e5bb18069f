"""What is reckoned from series of measurements."""

import statistics

import numpy as np


def percentile(values, share: int) -> float:
    """The value below which `share` % of the values lie; of one value itself."""
    values = list(values)
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def slope(times, values) -> float:
    """How much the values rise in a unit of time: the least squares line."""
    return float(np.polyfit(times, values, 1)[0])


def thirds(pairs, ends: float) -> list[list[float]]:
    """The values of (time, value) pairs by the third of 0..ends that the time falls in."""
    found = [[], [], []]
    for at, value in pairs:
        found[min(2, max(0, int(3 * at / ends)))].append(value)
    return found
