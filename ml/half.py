"""Weights at half their size: arrays of two and more dimensions stored as float16, and read back as float32.

Biases and batch norm stay float32: they are small, and their rounding moves whole maps.
"""

from pathlib import Path

import h5py
import numpy as np


def rounded(array: np.ndarray) -> np.ndarray:
    """float32 -> float32: the array as it is read back."""
    return _stored(array).astype(np.float32)


def _stored(array: np.ndarray) -> np.ndarray:
    """As float16 where that is worth it, and holds it."""
    fits = array.size and np.abs(array).max() < np.finfo(np.float16).max
    return array.astype(np.float16) if array.ndim >= 2 and array.dtype == np.float32 and fits else array


def halve(path: Path) -> None:
    """Rewrite a weights file so."""
    draft = path.with_name(f"halved.{path.name}")
    with h5py.File(path) as whole, h5py.File(draft, "w") as half:

        def take(name: str, found: h5py.Group | h5py.Dataset) -> None:
            if isinstance(found, h5py.Dataset):
                half.create_dataset(name, data=_stored(found[()]))
            else:
                half.require_group(name)
            half[name].attrs.update(found.attrs)

        half.attrs.update(whole.attrs)
        whole.visititems(take)
    draft.replace(path)
