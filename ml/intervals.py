"""The interval of a rate, for those who need no more of `ml.metrics` and of the libraries behind it."""

from math import sqrt

Z = 1.959964  # 95 %


def wilson(hits: float, of: float) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927); (0, 1) of nothing. An effective sample need not be a whole number."""
    if of == 0:
        return 0.0, 1.0
    rate, z2 = hits / of, Z * Z / of
    middle = (rate + z2 / 2) / (1 + z2)
    half = Z * sqrt(rate * (1 - rate) / of + z2 / (4 * of)) / (1 + z2)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
