"""Plots as inline SVG: a handful of shapes. Colours are classes of the page's style, so that they follow the theme."""

from html import escape

WIDE, HIGH = 440, 320
LEFT, TOP, RIGHT, BOTTOM = 56, 12, 12, 44


class Plot:
    """A plot over x and y ranges (low, high); what lies outside is cut off at its frame.

    names: {x: words} under the plot in place of round numbers.
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        x_label: str,
        y_label: str,
        names: dict[float, str] | None = None,
    ):
        self.x, self.y, self.labels, self.names = x, y, (x_label, y_label), names
        self._inside: list[str] = []
        self._above: list[str] = []

    def line(self, xs, ys, kind: str) -> None:
        self._inside.append(f'<polyline class="{kind}" points="{self._points(xs, ys)}"/>')

    def band(self, xs, low, high, kind: str = "range") -> None:
        outline = self._points([*xs, *reversed(xs)], [*low, *reversed(high)])
        self._inside.append(f'<polygon class="{kind}" points="{outline}"/>')

    def whisker(self, x: float, low: float, high: float, kind: str) -> None:
        self.line([x, x], [low, high], kind)

    def dot(self, x: float, y: float, kind: str, radius: float = 4) -> None:
        left, top = self._at(x, y)
        self._above.append(f'<circle class="{kind}" cx="{left:.1f}" cy="{top:.1f}" r="{radius:.1f}"/>')

    def mark(self, x: float, y: float, sign: str, kind: str) -> None:
        """A sign such as ▲ at a point, where the point is within the frame."""
        if self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]:
            left, top = self._at(x, y)
            self._above.append(f'<text class="mark {kind}" x="{left:.1f}" y="{top + 5:.1f}">{escape(sign)}</text>')

    def bar(self, left: float, right: float, low: float, high: float, kind: str) -> None:
        self.band([left, right], [low, low], [high, high], kind)

    def svg(self, says: str, more: str = "") -> str:
        """says: what one who cannot see it is told; `more` is the description that follows the name."""
        wide, high = WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM
        inside = f'<svg x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" viewBox="{LEFT} {TOP} {wide} {high}">'
        parts = [*self._axes(), inside, *self._inside, "</svg>", *self._above]
        whole = f'<svg class="plot" role="img" aria-label="{escape(says)}" viewBox="0 0 {WIDE} {HIGH}">'
        described = f"<desc>{escape(more)}</desc>" if more else ""
        return f"{whole}{described}{''.join(parts)}</svg>"

    def _axes(self) -> list[str]:
        wide, high = WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM
        found = [f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{wide}" height="{high}"/>']
        for value, words in self._across().items():
            left, _ = self._at(value, self.y[0])
            found.append(f'<path class="rule" d="M{left:.1f} {TOP}V{TOP + high}"/>')
            found.append(f'<text class="tick middle" x="{left:.1f}" y="{TOP + high + 16}">{escape(words)}</text>')
        for value in ticks(*self.y):
            _, top = self._at(self.x[0], value)
            found.append(f'<path class="rule" d="M{LEFT} {top:.1f}H{LEFT + wide}"/>')
            found.append(f'<text class="tick end" x="{LEFT - 7}" y="{top + 4:.1f}">{value:g}</text>')
        middle = TOP + high / 2
        found.append(f'<text class="axis middle" x="{LEFT + wide / 2}" y="{HIGH - 8}">{escape(self.labels[0])}</text>')
        turned = f'transform="rotate(-90 14 {middle})"'
        found.append(f'<text class="axis middle" x="14" y="{middle}" {turned}>{escape(self.labels[1])}</text>')
        return found

    def _across(self) -> dict[float, str]:
        return self.names or {value: f"{value:g}" for value in ticks(*self.x)}

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return LEFT + across * (WIDE - LEFT - RIGHT), HIGH - BOTTOM - up * (HIGH - TOP - BOTTOM)

    def _points(self, xs, ys) -> str:
        return " ".join("{:.1f},{:.1f}".format(*self._at(x, y)) for x, y in zip(xs, ys, strict=True))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from low to high, `most` at most."""
    span = high - low
    steps = (base * 10.0**power for power in range(-6, 7) for base in (1, 2, 5))
    step = next(step for step in steps if span / step <= most)
    first = -(-low // step)  # rounded up
    count = int((high - first * step) / step + 1e-9) + 1
    return [round((first + i) * step, 9) for i in range(count)]
