"""Films as another room, another hand and another machine would have made them.

The classes of the training set differ in brightness, crop, sharpness and letter markers; a network would rather learn
those. Each is therefore shaken harder than it varies.
"""

import io

import numpy as np
from PIL import Image, ImageFilter

ROTATION = 12  # degrees either way
SCALE = (0.75, 1.35)
STRETCH = 0.18  # aspect: the squash to the square hides the film's own
SHIFT = 0.1  # of the side
GAMMA = 0.7  # ln of the exponent's limit
CONTRAST, BRIGHTNESS = 0.4, 40  # share, grey levels
CORNER = (0.08, 0.3)  # side of a masked corner, of the picture's: where letters and tubes are
STRIP = (0.03, 0.15)  # width of a masked edge: the crop's
COARSE = (0.4, 0.9)  # of the side: the film as if from a smaller original
NOISE = 8  # grey levels


def augment(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(side, side) uint8 -> the same film, disturbed; same shape and type."""
    picture = _move(Image.fromarray(film), rng)
    if rng.random() < 0.25:
        picture = _coarse(picture, rng)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.0)))
    if rng.random() < 0.3:
        picture = _as_jpeg(picture, int(rng.integers(30, 95)))
    grey = _mask_strips(_mask_corners(_intensity(np.asarray(picture, dtype=np.float32), rng), rng), rng)
    if rng.random() < 0.3:
        grey = grey + rng.normal(0, rng.uniform(0, NOISE), grey.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _move(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Rotate, scale, stretch and shift about the centre in one resampling; half the time mirrored."""
    side = picture.width
    angle = np.deg2rad(rng.uniform(-ROTATION, ROTATION))
    zoom = rng.uniform(*SCALE) * rng.uniform(1 - STRETCH, 1 + STRETCH, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom[:, None]
    if rng.random() < 0.5:
        turn[:, 0] *= -1  # a mirrored chest is still a chest; letters are not letters any more
    centre = np.full(2, side / 2)
    offset = centre - turn @ (centre + rng.uniform(-SHIFT, SHIFT, 2) * side)
    matrix = (turn[0, 0], turn[0, 1], offset[0], turn[1, 0], turn[1, 1], offset[1])
    fill = int(rng.integers(0, 60))
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)


def _coarse(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As if enlarged from fewer pixels."""
    small = max(1, round(picture.width * rng.uniform(*COARSE)))
    return picture.resize((small, small), Image.Resampling.BILINEAR).resize(picture.size, Image.Resampling.BILINEAR)


def _as_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out)


def _intensity(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another exposure: gamma, contrast about mid-grey, brightness; (side, side) float32 in, beyond 0..255 out."""
    grey = 255 * (np.clip(grey, 0, 255) / 255) ** np.exp(rng.uniform(-GAMMA, GAMMA))
    contrast = 1 + rng.uniform(-CONTRAST, CONTRAST)
    return (grey - 128) * contrast + 128 + rng.uniform(-BRIGHTNESS, BRIGHTNESS)


def _mask_corners(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each corner, at three in ten, gets a flat rectangle; (side, side) float32, changed in place as below."""
    side = len(grey)
    for rows in (slice(None, None, 1), slice(None, None, -1)):
        for columns in (slice(None, None, 1), slice(None, None, -1)):
            if rng.random() < 0.3:
                high, wide = (rng.uniform(*CORNER, 2) * side).astype(int)
                grey[rows, columns][:high, :wide] = rng.uniform(0, 255)
    return grey


def _mask_strips(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One film in five loses its four edges, each as deep as chance will have it."""
    if rng.random() < 0.2:
        for edge in (grey, grey[::-1], grey.T, grey.T[::-1]):
            edge[: int(rng.uniform(*STRIP) * len(grey))] = rng.uniform(0, 255)
    return grey
