"""A chest that never was: phantoms for demonstrations, tests and pictures. No patient data, no film of anybody.

Drawn as attenuation: what lies behind one another adds up, as on a film. Shapes are in shares of the picture.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 560)
WALL, LUNG, HEART, ABDOMEN, SPINE, RIB = 0.48, -0.38, 0.30, 0.24, 0.06, 0.09  # what each adds to the grey
VESSEL, STREAK = 0.06, 0.13
NOISE = 0.008
RIBS = 9


def draw(seed: int, opacity: bool, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(h, w) uint8 frontal chest phantom, the same for a seed; `opacity` adds patches of consolidation to its lungs.

    With and without opacity a seed gives the same chest: only the patches differ.
    """
    rng = np.random.default_rng(seed)
    pen = _Pen(size)
    body, lungs, heart, abdomen = _body(pen, rng), _lungs(pen, rng), _heart(pen, rng), _abdomen(pen, rng)
    air = lungs * (1 - abdomen)
    film = WALL * body + LUNG * air + HEART * heart + ABDOMEN * abdomen * body
    film += SPINE * _spine(pen) + RIB * _ribs(pen, rng) * body + VESSEL * _vessels(pen, rng) * air
    film += rng.normal(0, NOISE, size)
    if opacity:
        film += _opacities(pen, np.random.default_rng((seed, 1)), air * (1 - heart))
    return np.clip(np.rint(255 * film), 0, 255).astype(np.uint8)


class _Pen:
    """Masks of one size: each method gives (h, w) float in 0..1, its edge softened by a share of the width."""

    def __init__(self, size: tuple[int, int]):
        self.high, self.wide = size

    def polygon(self, points, blur: float) -> np.ndarray:
        return self._mask(lambda art: art.polygon(self._scaled(points), fill=255), blur)

    def ellipses(self, shapes, blur: float) -> np.ndarray:
        """shapes: (x, y, half width, half height)."""
        boxes = [self._scaled([(x - a, y - b), (x + a, y + b)]) for x, y, a, b in shapes]
        return self._mask(lambda art: [art.ellipse(box, fill=255) for box in boxes], blur)

    def curves(self, curves, blur: float) -> np.ndarray:
        """curves: (three control points of a Bezier curve, width, strength 0..1)."""

        def strokes(art):
            for points, width, strength in curves:
                art.line(self._scaled(_bezier(points)), round(255 * strength), round(width * self.wide), "curve")

        return self._mask(strokes, blur)

    def _mask(self, paint, blur: float) -> np.ndarray:
        picture = Image.new("L", (self.wide, self.high))
        paint(ImageDraw.Draw(picture))
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur * self.wide)), dtype=np.float64) / 255

    def _scaled(self, points):
        return [(float(x * self.wide), float(y * self.high)) for x, y in points]


def _bezier(points) -> np.ndarray:
    a, b, c = np.asarray(points, dtype=np.float64)
    t = np.linspace(0, 1, 24)[:, None]
    return (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c


def _both_sides(points):
    """Points of one half (x counted from the midline) as a closed outline."""
    return [(0.5 - x, y) for x, y in points] + [(0.5 + x, y) for x, y in reversed(points)]


def _body(pen: _Pen, rng) -> np.ndarray:
    """Neck, shoulders and trunk; thinner, so darker, towards the skin."""
    w = rng.uniform(-0.015, 0.015)
    outline = [(0.09, -0.1), (0.10, 0.04), (0.30, 0.10), (0.47, 0.16), (0.43 + w, 0.45), (0.42 + w, 1.1)]
    solid = pen.polygon(_both_sides(outline), 0.008)
    return 0.55 * solid + 0.45 * pen.polygon(_both_sides([(x * 0.86, y) for x, y in outline]), 0.06) * solid


def _lungs(pen: _Pen, rng) -> np.ndarray:
    """Two fields, narrow at the apex."""
    j = rng.uniform(-0.01, 0.01, 3)
    half = [(0.10, 0.15 + j[0]), (0.19, 0.16), (0.27, 0.30), (0.325 + j[1], 0.52), (0.345 + j[1], 0.80), (0.06, 0.80)]
    half += [(0.07, 0.45), (0.055, 0.25 + j[2])]
    sides = [[(0.5 + sign * x, y) for x, y in half] for sign in (-1, 1)]
    return np.maximum(*(pen.polygon(side, 0.016) for side in sides))


def _heart(pen: _Pen, rng) -> np.ndarray:
    """Heart, to the picture's right, with the great vessels above."""
    wide = rng.uniform(0.115, 0.14)
    return pen.ellipses([(0.545, 0.60, wide, 0.145), (0.50, 0.56, 0.105, 0.13), (0.505, 0.33, 0.06, 0.22)], 0.014)


def _abdomen(pen: _Pen, rng) -> np.ndarray:
    """What lies under the two domes of the diaphragm."""
    right, left = 0.94 + rng.uniform(-0.015, 0.015), 0.96 + rng.uniform(-0.015, 0.015)
    return pen.ellipses([(0.31, right, 0.25, 0.25), (0.70, left, 0.25, 0.25), (0.5, 1.0, 0.4, 0.2)], 0.008)


def _spine(pen: _Pen) -> np.ndarray:
    column = pen.polygon([(0.465, -0.1), (0.535, -0.1), (0.54, 1.1), (0.46, 1.1)], 0.006)
    discs = pen.curves([([(0.46, y), (0.5, y + 0.004), (0.54, y)], 0.012, 1) for y in np.arange(0.04, 1, 0.07)], 0.004)
    return column * (1 - 0.35 * discs)


def _ribs(pen: _Pen, rng) -> np.ndarray:
    """Behind: from the spine outwards and down; in front: fainter, back to the middle. And the clavicles."""
    curves = []
    for i in range(RIBS):
        y, reach = 0.15 + 0.072 * i + rng.uniform(-0.004, 0.004), 0.20 + 0.155 * np.sqrt(i / (RIBS - 1))
        for sign in (-1, 1):
            side = (0.5 + sign * reach, y + 0.13)
            curves.append(([(0.5 + sign * 0.04, y), (0.5 + sign * 0.85 * reach, y - 0.05), side], 0.022, 0.9))
            front = (0.5 + sign * 0.45 * reach, y + 0.24)
            curves.append(([side, (0.5 + sign * reach, y + 0.22), front], 0.02, 0.5))
    for sign in (-1, 1):
        ends = (0.5 + sign * 0.05, 0.17), (0.5 + sign * 0.2, 0.11), (0.5 + sign * 0.36, 0.10)
        curves.append((ends, 0.028, 1.0))
    return pen.curves(curves, 0.003)


def _vessels(pen: _Pen, rng) -> np.ndarray:
    """Fine branches out of both hila."""
    curves = []
    for sign in (-1, 1):
        hilum = np.array([0.5 + sign * 0.08, 0.46])
        for _ in range(26):
            angle, reach = rng.uniform(-1.3, 1.3), rng.uniform(0.06, 0.22)
            end = hilum + reach * np.array([sign * np.cos(angle), 1.1 * np.sin(angle)])
            middle = (end + hilum) / 2 + rng.uniform(-0.02, 0.02, 2)
            curves.append(([hilum, middle, end], rng.uniform(0.003, 0.008), rng.uniform(0.4, 1)))
    return pen.curves(curves, 0.003)


def _opacities(pen: _Pen, rng, air: np.ndarray) -> np.ndarray:
    """What consolidation adds: ill-defined, mottled patches in the middle and lower fields, and coarse hilar streaks.

    Mottled, because an even grey veil is not what consolidation looks like to a network, nor to a reader.
    """
    cover = np.zeros(air.shape)
    for _ in range(int(rng.integers(5, 8))):
        x = 0.5 + rng.choice([-1, 1]) * rng.uniform(0.10, 0.25)
        patch = pen.ellipses([(x, rng.uniform(0.36, 0.66), rng.uniform(0.07, 0.12), rng.uniform(0.08, 0.14))], 0.03)
        cover = np.maximum(cover, patch * rng.uniform(0.7, 1.0))
    mottled = 0.5 + 0.55 * _clouds(pen, rng, 28) + 0.55 * _clouds(pen, rng, 60)
    streaks = STREAK * _vessels(pen, rng) * (0.3 + cover)
    return (np.clip(-LUNG * cover * mottled, -0.03, -LUNG) + streaks) * air


def _clouds(pen: _Pen, rng, cells: int) -> np.ndarray:
    """(h, w) in about -1..1: smooth noise of `cells` lumps across the picture."""
    lumps = rng.uniform(-1, 1, (round(cells * pen.high / pen.wide), cells)).astype(np.float32)
    return np.asarray(Image.fromarray(lumps).resize((pen.wide, pen.high), Image.Resampling.BICUBIC))
