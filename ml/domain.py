"""How far a film is from the films that a model knows: its whitened distance in a middle layer of the networks.

Fitted on training films, half of them changed as another room might have made them: on plain ones alone every second
film of another room would be a stranger. The limit is set on validation films.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from ml import half, metrics
from ml.data import DataError

COMPONENTS = 128  # at most; fewer where there are few films
FALSE_REJECT = 0.01  # share of validation films that the limit may put outside
FITTED_ON = 2000  # films at most, each plain and changed: more move no figure
FEWEST = 20  # films: fewer say nothing of a distribution
ROTATION, ZOOM, SHIFT = 6, 0.12, 0.04  # degrees, share, share of the side
GAMMA, CONTRAST, BRIGHTNESS = 0.3, 0.2, 20  # ln of the exponent, share, grey levels
BLUR, NOISE = 1.0, 3.0  # pixels, grey levels


def fit(looks: Callable[[np.ndarray], np.ndarray], films: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(kernel (f, k) float32, bias (k,) float32) of the layer "domain": whitened principal components.

    looks: films (n, side, side) uint8 -> (n, f). films: of the training side. Raises DataError for too few.
    """
    from sklearn.decomposition import PCA  # half a second

    if len(films) < FEWEST:
        raise DataError(f"{len(films)} training films are too few to know a stranger by; bring {FEWEST} or more.")
    rng = np.random.default_rng(seed)
    chosen = films[rng.permutation(len(films))[:FITTED_ON]]
    found = np.concatenate([looks(chosen), looks(np.stack([other_room(film, rng) for film in chosen]))])
    found = found.astype(np.float64)
    count = min(COMPONENTS, found.shape[1], len(found) // 4)
    components = PCA(count, whiten=True, random_state=seed).fit(found)
    spread = np.sqrt(components.explained_variance_)
    known = spread > 1e-4 * spread[0]  # a direction in which films do not differ would make any film a stranger
    kernel = half.rounded((components.components_[known] / spread[known, None]).T.astype(np.float32))
    return kernel, -(components.mean_ @ kernel.astype(np.float64)).astype(np.float32)  # fits the kernel as it is stored


def limit(distances: np.ndarray) -> float:
    """The distance that FALSE_REJECT of these films exceed."""
    return float(np.quantile(distances, 1 - FALSE_REJECT))


def false_reject(distances: np.ndarray, patients: np.ndarray, seed: int) -> dict:
    """{"value", "interval", "films"}: the share of films that a limit puts outside which was set on other patients.

    Each half of the patients is judged by the limit of the other, so that no film judges itself.
    """
    owners = np.random.default_rng(seed).permutation(np.unique(patients))
    if len(owners) < 2:
        raise DataError("The films are of one patient alone, which tells nothing of others: bring films of 50 or more.")
    first = np.isin(patients, owners[: len(owners) // 2])
    halves = [(~first, first), (first, ~first)]
    outside = sum(int((distances[judged] > limit(distances[other])).sum()) for other, judged in halves)
    interval = [round(end, 4) for end in metrics.wilson(outside, len(distances))]
    return {"value": round(outside / len(distances), 4), "interval": interval, "films": len(distances)}


def judge(distances: np.ndarray, patients: np.ndarray, components: int, seed: int) -> dict:
    """The card's `domain`, from the distances of validation films."""
    rate = false_reject(distances, patients, seed)
    return {"components": components, "limit": limit(distances), "false_reject": rate}


def other_room(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(side, side) uint8 -> the same film as another room might have made it, lightly changed; same shape and type."""
    picture = _moved(Image.fromarray(film), rng).filter(ImageFilter.GaussianBlur(rng.uniform(0, BLUR)))
    grey = 255 * (np.asarray(picture, dtype=np.float32) / 255) ** np.exp(rng.uniform(-GAMMA, GAMMA))
    grey = (grey - 128) * (1 + rng.uniform(-CONTRAST, CONTRAST)) + 128 + rng.uniform(-BRIGHTNESS, BRIGHTNESS)
    grey = grey + rng.normal(0, rng.uniform(0, NOISE), grey.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _moved(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = picture.width
    angle, zoom = np.deg2rad(rng.uniform(-ROTATION, ROTATION)), rng.uniform(1 - ZOOM, 1 + ZOOM, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom[:, None]
    offset = side / 2 - turn @ (side / 2 + rng.uniform(-SHIFT, SHIFT, 2) * side)
    matrix = (*turn[0], offset[0], *turn[1], offset[1])
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
